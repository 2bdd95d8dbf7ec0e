//! Loads and stores one `Versioned` value flat out, and tells what it saw.
//!
//! `hammer <path> <role> <size> <milliseconds>`: says `ok ready`, waits for a line, works, and answers. A writer works
//! until the next line; a reader for so long, and on until it has seen enough of the writer's work (unless it only has
//! a `glance`).

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::thread;
use std::time::{Duration, Instant};

use shmstore::{Store, Versioned};
use shmstore_tests::objects::{Block, Telemetry};

/// How many versions a reader has to see: fewer only happen to be read while the writer was not running.
const ENOUGH: u64 = 200;

/// How many times longer a reader goes on for that, on a machine that has other things to do.
const PATIENCE: u32 = 20;

pub(crate) fn play() {
    let mut arguments = super::args();
    let mut next = || arguments.next().expect("a path, a role, a size and a time");
    let path = PathBuf::from(next());
    let role = next();
    let size = next();
    let time = Duration::from_millis(next().parse().expect("milliseconds"));
    let store = Store::open(path).expect("a store");
    let work: Box<dyn FnOnce() -> String> = match (role.as_str(), size.as_str()) {
        ("update", times) => update(&store, times.parse().expect("a count")),
        (_, "8") => work::<8>(&store, &role, time),
        (_, "61") => work::<61>(&store, &role, time),
        (_, "64") => work::<64>(&store, &role, time),
        (_, "4096") => work::<4096>(&store, &role, time),
        (_, "65536") => work::<65536>(&store, &role, time),
        _ => panic!("no blocks of {size} bytes"),
    };
    println!("ok ready");
    io::stdin().read_line(&mut String::new()).expect("a line");
    println!("ok {}", work());
}

fn work<const N: usize>(store: &Store, role: &str, time: Duration) -> Box<dyn FnOnce() -> String> {
    let part = store.attach_or_create::<Versioned<Block<N>>>().expect("a block");
    match role {
        "write" => Box::new(move || write(&part)),
        "read" => Box::new(move || read(&part, time, ENOUGH)),
        "glance" => Box::new(move || read(&part, time, 0)),
        _ => panic!("no role `{role}`"),
    }
}

/// Stores block 1 as version 1, block 2 as version 2, and so on. Answers with the last version.
fn write<const N: usize>(part: &Versioned<Block<N>>) -> String {
    let blocks: Vec<Block<N>> = (0..=255).map(Block::of).collect();
    let told_to_stop = Arc::new(AtomicBool::new(false));
    let told = told_to_stop.clone();
    thread::spawn(move || {
        io::stdin().read_line(&mut String::new()).expect("a line");
        told.store(true, Relaxed);
    });
    let mut version = part.version();
    while !told_to_stop.load(Relaxed) {
        version += 1;
        part.store_from(&blocks[(version % 256) as usize]);
    }
    version.to_string()
}

/// Loads, and looks whether each block is whole, is the one of its version, and is no older than the one before.
/// Answers with the numbers of loads, of different versions, and of loads that were torn, wrong or older.
fn read<const N: usize>(part: &Versioned<Block<N>>, time: Duration, enough: u64) -> String {
    let blocks: Vec<Block<N>> = (0..=255).map(Block::of).collect();
    let started = Instant::now();
    let (mut loads, mut versions, mut torn, mut wrong, mut older) = (0_u64, 0_u64, 0_u64, 0_u64, 0_u64);
    let mut newest = 0;
    let mut block = Box::new(Block([0; N]));
    let goes_on = |versions| {
        let elapsed = started.elapsed();
        elapsed < time || (versions < enough && elapsed < time * PATIENCE)
    };
    while goes_on(versions) {
        let version = part.load_into(&mut block);
        loads += 1;
        if version == 0 {
            continue;
        }
        torn += u64::from(*block != blocks[usize::from(block.0[0])]);
        wrong += u64::from(u64::from(block.0[0]) != version % 256);
        older += u64::from(version < newest);
        versions += u64::from(version != newest);
        newest = version;
    }
    format!("{loads} {versions} {torn} {wrong} {older}")
}

fn update(store: &Store, times: u64) -> Box<dyn FnOnce() -> String> {
    let object = store.attach_or_create::<Telemetry>().expect("an object");
    Box::new(move || {
        for _ in 0..times {
            object.position.update(|position| {
                position.x += 1.0;
                position.y -= 1.0;
            });
        }
        times.to_string()
    })
}
