//! Loads and stores one `Versioned` value flat out, and tells what it saw.
//!
//! `hammer <path> <role> <size> <milliseconds>`: says `ok ready`, waits for a line, works for that long, and answers.

use std::io;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use shmstore::{Store, Versioned};
use shmstore_tests::objects::{Block, Telemetry};

fn main() {
    let mut arguments = std::env::args().skip(1);
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
        "write" => Box::new(move || write(&part, time)),
        "read" => Box::new(move || read(&part, time)),
        _ => panic!("no role `{role}`"),
    }
}

/// Stores block 1 as version 1, block 2 as version 2, and so on. Answers with the last version.
fn write<const N: usize>(part: &Versioned<Block<N>>, time: Duration) -> String {
    let blocks: Vec<Block<N>> = (0..=255).map(Block::of).collect();
    let started = Instant::now();
    let mut version = part.version();
    while started.elapsed() < time {
        version += 1;
        part.store_from(&blocks[(version % 256) as usize]);
    }
    version.to_string()
}

/// Loads, and looks whether each block is whole, is the one of its version, and is no older than the one before.
/// Answers with the numbers of loads, of different versions, and of loads that were torn, wrong or older.
fn read<const N: usize>(part: &Versioned<Block<N>>, time: Duration) -> String {
    let blocks: Vec<Block<N>> = (0..=255).map(Block::of).collect();
    let started = Instant::now();
    let (mut loads, mut versions, mut torn, mut wrong, mut older) = (0_u64, 0_u64, 0_u64, 0_u64, 0_u64);
    let mut newest = 0;
    let mut block = Box::new(Block([0; N]));
    while started.elapsed() < time {
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
