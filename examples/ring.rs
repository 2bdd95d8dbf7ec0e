//! A part of your own, for values of any type: `cargo run --example ring`.

#![forbid(unsafe_code)]

use shmstore::{AnyBits, ShmObject, ShmValue, Store, Versioned};

/// The newest `N` values that one process pushes.
///
/// A slot's version counts the stores to it, so the versions of all slots add up to the number of values. There is no
/// other counter, which could be wrong after the process was killed between two stores.
#[derive(Debug, ShmObject)]
#[repr(C)]
struct Ring<T: ShmValue, const N: usize> {
    slots: [Versioned<T>; N],
}

impl<T: AnyBits, const N: usize> Ring<T, N> {
    /// Returns how many values were pushed.
    fn pushed(&self) -> u64 {
        self.slots.iter().map(Versioned::version).sum()
    }

    /// Puts a value in the place of the oldest one. Only one process at a time may push.
    fn push(&self, value: T) {
        self.slots[self.pushed() as usize % N].store(value);
    }

    /// Returns the value with this number, counted from 0, or `None` if it is not there yet or was replaced.
    fn get(&self, number: u64) -> Option<T> {
        let (version, value) = self.slots[number as usize % N].load_versioned();
        (version == number / N as u64 + 1).then_some(value)
    }

    /// Returns the newest values with their numbers, oldest first.
    fn newest(&self) -> impl Iterator<Item = (u64, T)> {
        let pushed = self.pushed();
        (pushed.saturating_sub(N as u64)..pushed).filter_map(|number| Some((number, self.get(number)?)))
    }
}

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
