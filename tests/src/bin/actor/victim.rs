//! Uses the object under a store as one that keeps to the protocol: path, seed, and what it does. See
//! `shmstore_tests::victim`.
//!
//! Answers `ok ready`, and goes on until it is told something, and until each call has come to what it is for, within
//! reason; then answers `ok` and what came of each call. `forever` makes the calls that have no limit, each in a thread
//! of its own, and so may never end: it is killed.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};
use std::{io, panic, process, thread};

use shmstore::{Shared, Store};
use shmstore_tests::objects::{Block, Choosy, EveryPart, Mode, Position};
use shmstore_tests::random::Random;
use shmstore_tests::raw::guard_segments;
use shmstore_tests::victim::{Victim, exchange};

const CHOSEN: Choosy = Choosy { letter: 'x', modes: [Mode::Stop; 3], flag: true };

/// For a call that is rarely lucky.
const GRACE: Duration = Duration::from_secs(60);

/// Calls that may take as long as a peer likes.
const FOREVER: &[fn(&EveryPart)] = &[
    |parts| {
        let _ = (parts.position.load(), parts.block.load_versioned().0);
    },
    |parts| {
        parts.position.store(Position { x: 1.0, y: 2.0, z: 3.0 });
    },
    |parts| {
        parts.block.store(Block([3; 16_384]));
    },
    |parts| parts.position.update(|position| position.x += 1.0),
    |parts| {
        let _ = parts.label.begin().commit();
    },
    |parts| drop(parts.choosy.begin_checked().map(|transfer| transfer.rollback())),
    |parts| {
        let _ = parts.choosy.writer().store(CHOSEN);
    },
    |parts| drop(parts.lock.lock()),
    |parts| drop(parts.lock.lock_or_repair(|| ())),
    |parts| drop(parts.lock.lock_to_repair()),
    |parts| {
        let _ = (parts.event.notify_all(), parts.event.notify_one());
    },
    |parts| drop(parts.choosy.load_checked()),
    |parts| drop((parts.queue.push(CHOSEN), parts.queue.pop())),
    |parts| drop((parts.queue.push_many(&[CHOSEN; 9]), parts.queue.take().map(|job| job.done()))),
    |parts| drop((parts.crates.push(Block([3; 4096])), parts.queue.take())),
    |parts| drop((parts.queue.clear(), parts.crates.clear())),
    |parts| drop(parts.queue.producer().try_push(CHOSEN)),
    |parts| drop(parts.queue.consumer().try_pop()),
    |parts| {
        let _ = (parts.feed.send(CHOSEN), parts.feed.send_many(&[CHOSEN; 9]));
    },
    |parts| {
        let _ = parts.blocks.sender().send(Block([3; 4096]));
    },
    |parts| drop(parts.feed.subscribe_oldest().recv()),
    |parts| drop((parts.map.insert(7, CHOSEN), parts.map.get(&7))),
    |parts| drop((parts.map.insert(8, CHOSEN), parts.map.remove(&8))),
    |parts| drop(parts.map.update(&7, |value| value.flag = !value.flag)),
    |parts| drop(parts.map.entry(&7).map(|entry| (entry.load(), entry.store(CHOSEN), entry.begin().map(drop)))),
    |parts| {
        let _ = parts.map.iter().filter_map(Result::ok).count();
    },
    |parts| {
        let _ = (parts.map.contains_key(&8), parts.map.insert_from(&9, &CHOSEN), format!("{:?}", parts.map));
        parts.map.retain(|key, _| *key != 9);
    },
    |parts| drop(parts.book.insert("a".try_into().expect("a short name"), Block([3; 4096]))),
    |parts| parts.book.clear(),
    |parts| exchange(&parts.choices, &parts.images),
    |parts| drop(parts.choices.wait_newer_while(0, || false)),
    |parts| drop(parts.images.follow().next_while(|| false)),
    |parts| {
        // A pin and a loan that are kept for a while.
        let pin = parts.images.pin_newest();
        let loan = parts.images.try_loan();
        thread::yield_now();
        drop((pin, loan));
    },
];

pub(crate) fn play() {
    let mut args = super::args();
    let path = args.next().expect("a path");
    let seed = args.next().and_then(|arg| arg.parse().ok()).expect("a seed");
    let store = Store::options().wait(Duration::from_millis(2)).max_processes(8).open(path).expect("a store");
    match args.next().as_deref() {
        Some("forever") => go_on_forever(&store),
        role => {
            let mut victim = Victim::new(store, Random::new(seed), role == Some("remove"));
            let stop = Arc::new(AtomicBool::new(false));
            let told = stop.clone();
            thread::spawn(move || {
                drop(io::stdin().read_line(&mut String::new()));
                told.store(true, Relaxed);
            });
            println!("ok ready");
            while !stop.load(Relaxed) {
                victim.act();
            }
            let deadline = Instant::now() + GRACE;
            while victim.not_yet().is_some() && Instant::now() < deadline {
                victim.act();
            }
            victim.check_danger();
            println!("ok {}", victim.report());
        }
    }
}

fn go_on_forever(store: &Store) {
    let inform = panic::take_hook();
    panic::set_hook(Box::new(move |panic| {
        inform(panic);
        process::exit(101);
    }));
    let parts: Shared<EveryPart> = store.attach().expect("nobody does harm yet");
    guard_segments();
    for call in FOREVER {
        let parts = parts.clone();
        thread::spawn(move || {
            loop {
                call(&parts);
                thread::yield_now();
            }
        });
    }
    println!("ok ready");
    loop {
        thread::park();
    }
}
