//! A part of your own, for values of any type: `cargo run --example own_part`.

#![forbid(unsafe_code)]

use shmstore::{AnyBits, ShmObject, ShmValue, Store, Timestamp, Versioned};
use std::thread::sleep;
use std::time::Duration;

/// A value and the time when it was stored. Both are in one value, so that no reader gets the time of another value.
#[derive(Clone, Copy, Debug, ShmValue)]
#[repr(C)]
struct Dated<T: ShmValue> {
    time: Timestamp,
    value: T,
}

/// A value that has to be fresh. A reader notices if the process that stores it has stopped.
#[derive(Debug, ShmObject)]
#[repr(C)]
struct Fresh<T: ShmValue> {
    newest: Versioned<Dated<T>>,
}

impl<T: AnyBits> Fresh<T> {
    fn store(&self, value: T) {
        self.newest.store(Dated { time: Timestamp::now(), value });
    }

    /// Returns the value, or `None` if it is older than `age`.
    fn load(&self, age: Duration) -> Option<T> {
        let Dated { time, value } = self.newest.load();
        time.elapsed().is_ok_and(|elapsed| elapsed <= age).then_some(value)
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
    position: Fresh<Position>,
    celsius: Fresh<f64>,
}

fn main() -> Result<(), shmstore::Error> {
    let store = Store::open_or_create("./track")?;
    let track = store.replace::<Track>()?;
    track.position.store(Position { x: 1.5, y: 0.5 });
    sleep(Duration::from_millis(20));
    track.celsius.store(21.5);

    // In a real program, the reader is most often another process.
    let seen = store.attach::<Track>()?;
    let [minute, moment] = [Duration::from_secs(60), Duration::from_millis(10)];
    println!("within a minute: {:?}, {:?}", seen.position.load(minute), seen.celsius.load(minute));
    println!("within a moment: {:?}", seen.position.load(moment));
    store.remove::<Track>()?;
    Ok(())
}
