//! A map of a million entries, which is nearly full of keys that stay. `--large-map 1` asks for it.

use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use shmstore::error::BeginError;
use shmstore::map::{EntryError, InsertError};
use shmstore::{Map, Shared, ShmId, ShmObject, Store};

use super::job::Job;
use super::maps::{Keyed, Table, Way};
use super::op::Op;
use super::register::Register;
use super::stamp::Stamp;
use super::streams::Limit;
use crate::map_words::Counts;
use crate::random::Random;
use crate::raw::{Raw, field, find};
use crate::scratch::key_of;

const CAPACITY: usize = 1_000_000;
/// The keys that stay: 1 to this.
const STAYING: u64 = 990_000;
/// The keys after these that come and go. There is no room for all of them.
const OTHERS: u64 = 30_000;
/// Keys that many workers choose at the same time.
const FAVOURITES: usize = 50;

#[derive(ShmObject)]
#[repr(C)]
#[shm(id = 'M')]
pub(super) struct Million {
    map: Map<u64, Keyed<6>, CAPACITY>,
}

/// Makes the map, with the keys that stay.
pub(super) fn make(store: &Store) {
    let million = store.create::<Million>().expect("memory for a million entries");
    for key in 1..=STAYING {
        million.map.insert_from(&key, &Keyed::of(key, Stamp::new(0, key))).expect("room for the keys that stay");
    }
}

pub(super) fn attach(job: &Job<'_>, store: &Store) -> Option<Shared<Million>> {
    job.enter(Op::Attach);
    job.expect("attach the large map", store.attach::<Million>())
}

fn staying(random: &mut Random) -> u64 {
    let most = if random.one_in(2) { FAVOURITES } else { STAYING as usize };
    1 + random.within(0..most) as u64
}

/// One operation.
pub(super) fn one(job: &mut Job<'_>, million: &Million) {
    let (map, register): (&dyn Table, _) = (&million.map, &job.board().large_map);
    let kind = job.random.within(0..16);
    match kind {
        0..4 => {
            job.enter(Op::MapGet);
            look(job, million, register);
        }
        4..8 => store(job, map, register),
        _ => {
            let most = if job.random.one_in(2) { FAVOURITES } else { OTHERS as usize };
            let key = STAYING + 1 + job.random.within(0..most) as u64;
            if kind < 13 { insert(job, map, register, key) } else { remove(job, map, register, key) }
        }
    }
}

/// Looks up one of the keys that stay.
fn look(job: &mut Job<'_>, million: &Million, register: &Register) {
    let key = staying(&mut job.random);
    match Table::get(&million.map, key) {
        Some((_, value)) => drop(job.expect("get of the large map", value)),
        None => job.violation(&format!("key {key} of the large map, which stays, is missed")),
    }
    register.read.fetch_add(1, SeqCst);
}

fn store(job: &mut Job<'_>, map: &dyn Table, register: &Register) {
    let key = staying(&mut job.random);
    let stamp = job.next_stamp();
    let is_there = match job.random.within(0..4) {
        0 => {
            job.enter(Op::MapUpdate);
            let old = map.update(key, stamp, &mut || job.dawdle());
            old.map(|old| job.expect("update of the large map", old)).is_some()
        }
        1 => {
            job.enter(Op::MapInsert);
            let old = map.insert(key, stamp, Limit::Forever);
            matches!(old, Ok(Some(Ok(_))))
        }
        way => {
            job.enter(Op::MapStore);
            let way = if way == 2 { Way::Writer } else { Way::Transaction };
            let mut stamps = [stamp].into_iter();
            let limit = Duration::from_millis(2);
            let written = map.write(key, way, limit, &mut || stamps.next(), &mut |_, _| {});
            matches!(written, Ok(Some(())) | Err(EntryError::Busy(_)))
        }
    };
    if !is_there {
        job.violation(&format!("key {key} of the large map, which stays, cannot be stored to"));
    }
    register.stored.fetch_add(1, SeqCst);
}

fn insert(job: &mut Job<'_>, map: &dyn Table, register: &Register, key: u64) {
    let stamp = job.next_stamp();
    job.enter(Op::MapInsert);
    match map.insert(key, stamp, Limit::Forever) {
        Ok(None) => drop(register.inserted.fetch_add(1, SeqCst)),
        Ok(Some(old)) => drop(job.expect("insert into the large map", old)),
        Err(InsertError::Full { .. }) => drop(register.was_full.fetch_add(1, SeqCst)),
        Err(error) => job.violation(&format!("insert into the large map: {error}")),
    }
}

fn remove(job: &mut Job<'_>, map: &dyn Table, register: &Register, key: u64) {
    job.enter(Op::MapRemove);
    match map.remove(key, Limit::Forever) {
        Ok(None) | Err(BeginError::Busy(_)) => {}
        Ok(Some(old)) => {
            job.expect("remove from the large map", old);
            register.removed.fetch_add(1, SeqCst);
        }
        Err(error) => job.violation(&format!("remove from the large map: {error}")),
    }
}

/// After a kill: some of the keys that stay.
pub(super) fn check(job: &mut Job<'_>, million: &Million) {
    (0..100).for_each(|_| look(job, million, &job.board().large_map));
}

/// All workers are dead: every key that stays is found, the number of keys is exact, and each entry is there for a key.
pub(super) fn close(job: &Job<'_>, million: &Million) {
    let (map, register): (&dyn Table, _) = (&million.map, &job.board().large_map);
    let mut found = 0;
    for key in 1..=STAYING {
        match Table::get(&million.map, key) {
            Some((_, Ok(_))) => found += 1,
            Some((_, Err(error))) => job.violation(&format!("the large map at rest: {error}")),
            None => job.violation(&format!("key {key} of the large map is lost")),
        }
    }
    register.iterated.store(found, SeqCst);
    let len = map.len();
    let mut met = vec![false; (STAYING + OTHERS) as usize + 1];
    let mut count = 0;
    map.each(&mut |key, value| {
        count += 1;
        job.expect("an iteration of the large map", value);
        match met.get_mut(key as usize) {
            Some(met) if !*met && key > 0 => *met = true,
            _ => job.violation(&format!("key {key} of the large map comes twice, or nobody inserts it")),
        }
    });
    if len != count {
        job.violation(&format!("the large map has {len} keys at rest, and an iteration finds {count}"));
    }
    // Fills it: there is an entry for each key.
    let mut rest = len;
    for key in STAYING + OTHERS + 1.. {
        match map.insert(key, Stamp::new(0, 1), Limit::Never) {
            Ok(_) => rest += 1,
            Err(InsertError::Full { .. }) => break,
            Err(error) => return job.violation(&format!("the large map at rest: {error}")),
        }
    }
    if rest != CAPACITY || map.len() != CAPACITY {
        job.violation(&format!("the large map is full with {rest} keys, which it counts as {}", map.len()));
    }
    check_structure(job, million, register);
}

fn check_structure(job: &Job<'_>, million: &Million, register: &Register) {
    let raw = find(key_of(job.common.path, Million::ID)).and_then(Raw::try_attach);
    let Some(raw) = job.expect("the segment of the large map", raw.ok_or("there is none")) else { return };
    let at = std::ptr::from_ref(&million.map).addr() - std::ptr::from_ref(million).addr();
    let found = million.map.words(&raw, raw.get(field::PAYLOAD_OFFSET) as usize + at).check_if_quiet();
    let found = found.unwrap_or_else(|| Err("its lock is taken, or its intent is there".to_owned()));
    let Some(Counts { live, longest, .. }) = job.expect("the large map at rest", found) else { return };
    register.structures.fetch_add(1, SeqCst);
    register.longest.store(longest as u64, SeqCst);
    if live != CAPACITY {
        job.violation(&format!("{live} entries of the full large map are live"));
    }
}
