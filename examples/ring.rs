//! A program that uses the part of a library, `shmstore_examples::ring`, for two types of its own.

#![forbid(unsafe_code)]

use shmstore::{ShmObject, ShmValue, Store};
use shmstore_examples::ring::Ring;

#[derive(Clone, Copy, Debug, ShmValue)]
#[repr(C)]
struct Position {
    x: f32,
    y: f32,
}

#[derive(ShmObject)]
#[repr(C)]
#[shm(id = 'T')]
struct Track {
    positions: Ring<Position, 4>,
    temperatures: Ring<f64, 2>,
}

fn main() -> Result<(), shmstore::Error> {
    let store = Store::open_or_create("./track")?;
    let track = store.replace::<Track>()?;
    for step in 0..6_u8 {
        track.positions.push(Position { x: step.into(), y: 0.5 });
        track.temperatures.push(20.0 + f64::from(step) / 10.0);
    }

    // Most often in another process.
    let seen = store.attach::<Track>()?;
    for (number, position) in seen.positions.newest() {
        println!("position {number}: {position:?}");
    }
    println!("temperatures: {:?}", seen.temperatures.newest().collect::<Vec<_>>());
    store.remove::<Track>()?;
    Ok(())
}
