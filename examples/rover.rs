//! The first object: `cargo run --example rover`, twice.

#![forbid(unsafe_code)]

use shmstore::{ShmObject, ShmValue, Store, Versioned};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

#[derive(Clone, Copy, Debug, ShmValue)] // a value: copied in and out, always whole
#[repr(C)]
struct Position {
    x: f64,
    y: f64,
}

#[derive(ShmObject)] // an object: lives in shared memory, used by all at once
#[repr(C)]
#[shm(id = 'T')]
struct Telemetry {
    frames: AtomicU64,
    position: Versioned<Position>,
}

fn main() -> Result<(), shmstore::Error> {
    let store = Store::open_or_create("./rover")?; // a directory: where processes meet
    let rover = store.attach_or_create::<Telemetry>()?; // the same live struct in every process
    let frame = rover.frames.fetch_add(1, Relaxed) + 1;
    rover.position.update(|position| position.x += 0.5); // no process ever sees half of it
    println!("frame {frame}: {:?}", rover.position.load());
    Ok(())
}
