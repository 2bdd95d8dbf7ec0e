//! The systems that are compared, each behind the same few traits.

// What some of them are made of.
pub mod mapped;
// The bare machine.
pub mod memcpy;
pub mod atomics;
pub mod futex;
pub mod exchange;
pub mod system_calls;
// The peers.
#[cfg(boost)]
pub mod boost;
pub mod iceoryx2;
pub mod lmdb;
pub mod mmap_sync;
pub mod pthread;
pub mod ringfire;
// Ours.
pub mod shmstore;

#[cfg(test)]
mod tests;

use std::hint::black_box;
use std::path::Path;
use std::time::Duration;

use crate::Failure;
use crate::payload::Payload;

/// How long a side sleeps for the other, before it looks whether there is still anybody.
const SECOND: Duration = Duration::from_secs(1);

/// How many times a side looks for the other's word, before it looks whether there is still anybody.
const PATIENCE: u32 = 1 << 20;

/// A system that keeps the newest value of something in shared memory.
pub trait Board {
    /// As tables show it.
    const NAME: &'static str;
    /// Its write side.
    type Writer<const WORDS: usize>: Write<WORDS> + 'static;
    /// Its read side.
    type Reader<const WORDS: usize>: Read<WORDS> + 'static;

    /// Makes the place for a value, with a first value in it: all words 1.
    fn create<const WORDS: usize>(directory: &Path) -> Result<Self::Writer<WORDS>, Failure>;

    /// Finds it.
    fn open<const WORDS: usize>(directory: &Path) -> Result<Self::Reader<WORDS>, Failure>;
}

/// Who writes.
pub trait Write<const WORDS: usize> {
    /// Makes a value the newest.
    fn write(&mut self, value: &Payload<WORDS>);

    /// Writes `values` in turn, `rounds` in all.
    #[inline]
    fn write_rounds(&mut self, values: &[Payload<WORDS>; 4], rounds: u64) {
        for round in 0..rounds {
            self.write(black_box(&values[round as usize % 4]));
        }
    }
}

/// Who reads.
pub trait Read<const WORDS: usize> {
    /// Copies the newest value.
    fn read(&mut self, into: &mut Payload<WORDS>);

    /// The same, but for who gives up when the writer leaves no time. Returns whether there is a value.
    fn try_read(&mut self, into: &mut Payload<WORDS>) -> bool {
        self.read(into);
        true
    }

    /// Reads `rounds` times, to `into` or to where its values are returned. It may end early, if it is starved.
    #[inline]
    fn read_rounds(&mut self, into: &mut Payload<WORDS>, rounds: u64) -> Reads {
        let mut torn = 0;
        for _ in 0..rounds {
            self.read(black_box(into));
            torn += u64::from(black_box(&*into).ends_differ());
        }
        Reads { done: rounds, torn, starved: 0 }
    }
}

/// What came of some reads.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Reads {
    /// How many there were.
    pub done: u64,
    /// How many of the values are a mixture of two, as far as their ends tell.
    pub torn: u64,
    /// How many gave up, because the writer left them no time.
    pub starved: u64,
}

/// A system that keeps others out.
pub trait Exclude: Sized {
    /// As tables show it.
    const NAME: &'static str;

    /// Makes a lock, and a count of 0 that it guards.
    fn create(directory: &Path) -> Result<Self, Failure>;

    /// Finds it.
    fn open(directory: &Path) -> Result<Self, Failure>;

    /// Locks and unlocks.
    fn lock_rounds(&mut self, rounds: u64);

    /// Locks, counts one up by a load and a store, and unlocks.
    fn count_rounds(&mut self, rounds: u64);

    /// The count.
    fn count(&self) -> u64;
}

/// A system that changes a value of eight words as a whole.
pub trait Transact: Sized {
    /// As tables show it.
    const NAME: &'static str;

    /// Makes the value.
    fn create(directory: &Path) -> Result<Self, Failure>;

    /// Adds 1 to the first word: copies the value, changes the copy, and makes it the newest, with others kept out.
    fn change_rounds(&mut self, rounds: u64);

    /// The first word.
    fn word(&mut self) -> u64;
}

/// A system by which two processes can call and answer each other. The one that answers is there first.
pub trait Talk: Sized {
    /// As tables show it.
    const NAME: &'static str;

    /// Makes the side that answers.
    fn create(directory: &Path) -> Result<Self, Failure>;

    /// Finds it, and makes the side that calls.
    fn open(directory: &Path) -> Result<Self, Failure>;

    /// Calls, and waits for the answer.
    fn call(&mut self);

    /// Waits for a call; not for ever. Returns whether there was one.
    fn receive(&mut self) -> bool;

    /// Answers it.
    fn answer(&mut self);
}

/// A system of which whole objects can be made, found and removed: each of eight words.
pub trait Whole {
    /// As tables show it.
    const NAME: &'static str;

    /// Makes an object. What is returned attaches it, reads it and lets it go, so many times.
    fn attaching(directory: &Path) -> Result<impl FnMut(u64) + 'static, Failure>;

    /// What is returned makes an object, writes it for the first time and removes it, so many times.
    fn creating(directory: &Path) -> Result<impl FnMut(u64) + 'static, Failure>;
}
