//! Random damage to a journal and to the object beside it.

use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::thread;
use std::time::{Duration, Instant};

use shmstore::inspect::{Limits, Object, SavedObject, Segment};
use shmstore_tests::moves::{World, v1, v2};
use shmstore_tests::random::Random;
use shmstore_tests::raw::{Raw, field, find};

use super::{Interrupted, NO_HANG};

const NONCES: [usize; 2] = [280, 288];

/// A number as it hurts.
fn number(random: &mut Random, there: u64) -> u64 {
    let ends = [0, 1, 2, 3, 8, 9, 10, 11, u64::MAX, 1 << 63, i64::MAX as u64, 1 << 32, (1 << 32) - 1];
    match random.within(0..4) {
        0 | 1 => ends[random.within(0..ends.len())],
        2 => there.wrapping_add(random.number() % 9).wrapping_sub(4),
        _ => random.number() >> (random.number() % 64),
    }
}

fn strike(random: &mut Random, write: &mut dyn FnMut(usize, &[u8]), there: &[u8]) {
    let word = |at: usize| u64::from_le_bytes(there[at..at + 8].try_into().unwrap());
    match random.within(0..8) {
        0..=3 => {
            let field = field::ALL[random.within(0..field::ALL.len())];
            let value = number(random, word(field.offset));
            write(field.offset, &value.to_le_bytes()[..field.len.min(8)]);
        }
        4 => {
            let at = NONCES[random.within(0..2)];
            let value = if random.one_in(2) { word(24) } else { number(random, word(at)) };
            write(at, &value.to_le_bytes());
        }
        5 => write(12, &[random.within(0..4) as u8, 0, 0, 0]),
        6 => write(16, &[random.within(0..16) as u8, 0, 0, 0]),
        _ => {
            let record = (word(248) >> 32) as usize;
            let end = there.len() - 8;
            let at = if random.one_in(2) && record + 200 < end {
                record + random.within(0..200)
            } else {
                random.within(0..end)
            };
            let value = number(random, word(at));
            write(at, &value.to_le_bytes()[..1 + random.within(0..8)]);
        }
    }
}

/// Does all that a process may do with it.
fn use_it(world: &World, random: &mut Random, what: &str) {
    let started = Instant::now();
    for key in [world.key(), world.journal_key()] {
        let Some(segment) = find(key).and_then(|shmid| Segment::of_shmid(shmid).ok()) else { continue };
        let _ = format!("{segment:?}");
        if let Ok(mut object) = Object::attach(&segment) {
            let _ = object.refresh().map_err(|error| error.to_string());
            let _ = (object.read(&Limits::default()).to_string(), object.participants());
            if let Ok(saved) = SavedObject::of(&object, &Limits::default()) {
                let _ = SavedObject::parse(&saved.to_bytes()).map(|saved| saved.room());
            }
        }
    }
    let told = |error: &dyn std::fmt::Display| drop(error.to_string());
    let mut calls: Vec<u8> = (0..10).collect();
    for at in (1..calls.len()).rev() {
        calls.swap(at, random.within(0..at + 1));
    }
    for call in calls {
        let store = &world.store;
        match call {
            0 => drop(store.attach::<v1::Ledger>().map_err(|error| told(&error))),
            1 => drop(store.attach::<v2::Ledger>().map_err(|error| told(&error))),
            2 => drop(store.attach_read_only::<v1::Ledger>().map_err(|error| told(&error))),
            3 => drop(store.attach_read_only::<v2::Ledger>().map_err(|error| told(&error))),
            4 => drop(store.migrate::<v2::Ledger>().map_err(|error| told(&error))),
            5 => drop(store.migrate::<v1::Ledger>().map_err(|error| told(&error))),
            6 => drop(store.attach_or_create::<v2::Ledger>().map_err(|error| told(&error))),
            7 => drop(store.list().map(|list| format!("{list:?}"))),
            8 => drop(
                store.follow::<v2::Ledger>().map(|mut object| object.current().map(drop).map_err(|error| told(&error))),
            ),
            _ if random.one_in(4) => drop(store.remove::<v2::Ledger>().map_err(|error| told(&error))),
            _ => drop(store.replace::<v2::Ledger>().map_err(|error| told(&error))),
        }
        assert!(started.elapsed() < 2 * NO_HANG, "{what}, call {call}: {:?}", started.elapsed());
    }
}

fn interrupted() -> Interrupted {
    let mut interrupted = Interrupted::new();
    let options = shmstore::Store::options().wait(Duration::from_millis(30));
    interrupted.world.store = options.open(interrupted.world.scratch.path()).unwrap();
    interrupted
}

#[test]
fn random_damage_to_a_journal_does_no_harm() {
    let interrupted = interrupted();
    let mut random = Random::seeded();
    let started = Instant::now();
    let mut round = 0;
    let limit = std::env::var("HOSTILE_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(5);
    while started.elapsed() < Duration::from_secs(limit) {
        round += 1;
        let (mut object, mut journal) = (interrupted.object.clone(), interrupted.journal.clone());
        for _ in 0..random.within(0..3) {
            let there = object.clone();
            strike(&mut random, &mut |at, bytes| object[at..at + bytes.len()].copy_from_slice(bytes), &there);
        }
        for _ in 0..random.within(1..4) {
            let there = journal.clone();
            strike(&mut random, &mut |at, bytes| journal[at..at + bytes.len()].copy_from_slice(bytes), &there);
        }
        let object = (!random.one_in(3)).then_some(&object[..]);
        interrupted.plant(object, &journal);
        use_it(&interrupted.world, &mut random, &format!("round {round}"));
    }
    eprintln!("{round} rounds");
}

#[test]
fn peer_that_writes_over_a_journal_all_the_time_does_no_harm() {
    let interrupted = interrupted();
    let mut random = Random::seeded();
    let stop = AtomicBool::new(false);
    let started = Instant::now();
    let limit = std::env::var("HOSTILE_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(5);
    let (key, journal_key) = (interrupted.world.key(), interrupted.world.journal_key());
    let pristine = [interrupted.object.clone(), interrupted.journal.clone()];
    let seed = random.number();
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut random = Random::new(seed);
            while !stop.load(Relaxed) {
                let both = [key, journal_key].map(|key| find(key).and_then(Raw::try_attach));
                for _ in 0..200 {
                    for (raw, pristine) in both.iter().zip(&pristine) {
                        let Some(raw) = raw else { continue };
                        if random.one_in(3) && raw.len() == pristine.len() {
                            raw.write(0, &pristine[..1024]);
                        } else {
                            let there = raw.bytes();
                            strike(&mut random, &mut |at, bytes| raw.write(at, bytes), &there);
                        }
                    }
                }
            }
        });
        let mut round = 0;
        let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            while started.elapsed() < Duration::from_secs(limit) {
                round += 1;
                let object = (!random.one_in(3)).then_some(&pristine[0][..]);
                interrupted.plant(object, &pristine[1]);
                use_it(&interrupted.world, &mut random, &format!("round {round}"));
            }
        }));
        stop.store(true, Relaxed);
        eprintln!("{round} rounds");
        if let Err(panic) = result {
            std::panic::resume_unwind(panic);
        }
    });
}
