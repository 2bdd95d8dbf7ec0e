//! The systems that are compared, each behind the same few traits.

// Queues and broadcasts, large values, maps.
pub mod channel;
pub mod frames;
pub mod maps;
// Memory that some of them live in.
pub mod mapped;
// The bare machine.
pub mod bare;
pub mod futexes;
pub mod array_queue;
pub mod process_maps;
// The peers.
#[cfg(boost)]
pub mod boost;
#[cfg(boost)]
pub mod boost_maps;
pub mod cloudtoid;
pub mod iceoryx2;
pub mod iceoryx2_frames;
pub mod lmdb;
pub mod lmdb_maps;
pub mod mmap_sync;
pub mod posix_mq;
pub mod pthread;
pub mod ringfire;
// The project's own.
pub mod shmstore;
pub mod shmstore_channels;
pub mod shmstore_frames;
pub mod shmstore_maps;
pub mod shmstore_waits;

#[cfg(test)]
mod tests;

use std::hint::{black_box, spin_loop};
use std::path::Path;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::{Acquire, Relaxed};
use std::time::Duration;

use crate::Failure;
use crate::payload::Payload;

/// The longest sleep of a side before it checks that the other side still exists.
const SECOND: Duration = Duration::from_secs(1);

/// The number of polls of a side before it checks that the other side still exists.
const POLLS: u32 = 1 << 20;

/// A system that keeps the newest value of something in shared memory.
pub trait Board {
    /// The name in tables.
    const NAME: &'static str;
    /// Its write side.
    type Writer<const WORDS: usize>: Write<WORDS> + 'static;
    /// Its read side.
    type Reader<const WORDS: usize>: Read<WORDS> + 'static;

    /// Creates the memory of a value, with a first value in it: all words 1.
    fn create<const WORDS: usize>(directory: &Path) -> Result<Self::Writer<WORDS>, Failure>;

    /// Opens it.
    fn open<const WORDS: usize>(directory: &Path) -> Result<Self::Reader<WORDS>, Failure>;
}

/// A write side.
pub trait Write<const WORDS: usize> {
    /// Stores a value.
    fn write(&mut self, value: &Payload<WORDS>);

    /// Stores `values` in turn, `rounds` in all.
    #[inline]
    fn write_rounds(&mut self, values: &[Payload<WORDS>; 4], rounds: u64) {
        for round in 0..rounds {
            self.write(black_box(&values[round as usize % 4]));
        }
    }
}

/// A read side.
pub trait Read<const WORDS: usize> {
    /// Copies the newest value.
    fn read(&mut self, into: &mut Payload<WORDS>);

    /// Copies the newest value, or returns `false` if the system gives up because the writer leaves no time.
    fn try_read(&mut self, into: &mut Payload<WORDS>) -> bool {
        self.read(into);
        true
    }

    /// Reads `rounds` times, to `into` or to the system's own return value. A starved reader may end early.
    #[inline]
    fn read_rounds(&mut self, into: &mut Payload<WORDS>, rounds: u64) -> Reads {
        let mut torn = 0;
        for _ in 0..rounds {
            self.read(black_box(into));
            torn += u64::from(black_box(&*into).ends_differ());
        }
        Reads { done: rounds, torn, ..Reads::default() }
    }
}

/// The outcome of some reads.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Reads {
    /// The number of reads.
    pub done: u64,
    /// The number of values that mix two stores, as far as their ends show it.
    pub torn: u64,
    /// The number of reads that gave up because the writer left no time.
    pub starved: u64,
    /// The number of values that the system lost.
    pub lost: u64,
}

/// A system with two sides.
pub trait Sides: Sized {
    /// The name in tables.
    const NAME: &'static str;

    /// Creates the memory, and the first side.
    fn create(directory: &Path) -> Result<Self, Failure>;

    /// Opens the memory, and creates the other side.
    fn open(directory: &Path) -> Result<Self, Failure>;
}

/// A lock between processes, with a count of 0 that it guards.
pub trait Exclude: Sides {
    /// Locks and unlocks.
    fn lock_rounds(&mut self, rounds: u64);

    /// Locks, adds 1 to the count by a load and a store, and unlocks.
    fn count_rounds(&mut self, rounds: u64);

    /// Returns the count.
    fn count(&self) -> u64;
}

/// An [`Exclude`] whose loops are in Rust.
pub trait Lockable: Sides {
    /// Does the work under the lock.
    fn locked(&self, work: impl FnOnce());

    /// The count that it guards.
    fn guarded(&self) -> &AtomicU64;
}

impl<L: Lockable> Exclude for L {
    fn lock_rounds(&mut self, rounds: u64) {
        (0..rounds).for_each(|_| self.locked(|| ()));
    }

    fn count_rounds(&mut self, rounds: u64) {
        let count = self.guarded();
        (0..rounds).for_each(|_| self.locked(|| count.store(count.load(Relaxed) + 1, Relaxed)));
    }

    fn count(&self) -> u64 {
        self.guarded().load(Acquire)
    }
}

/// A system that changes a value of eight words as a whole.
pub trait Transact: Sides {
    /// Adds 1 to the first word, without interference: copies the value, changes the copy, and stores it.
    fn change_rounds(&mut self, rounds: u64);

    /// Returns the first word.
    fn word(&mut self) -> u64;
}

/// A system by which two processes can call and answer each other. The first side answers, the other one calls.
pub trait Talk: Sides {
    /// Calls, and waits for the answer.
    fn call(&mut self);

    /// Waits for a call for a limited time. Returns `true` if there was one.
    fn receive(&mut self) -> bool;

    /// Answers it.
    fn answer(&mut self);
}

/// A channel for numbers in each direction, without waiting.
pub trait Poll: Sides {
    /// Sends a number.
    fn tell(&mut self, number: u64);

    /// Returns `true` if this number has arrived. A queue drops every other number.
    fn hears(&mut self, number: u64) -> bool;
}

/// A side that polls.
pub struct Polling<P> {
    side: P,
    round: u64,
}

impl<P: Poll> Sides for Polling<P> {
    const NAME: &'static str = P::NAME;

    fn create(directory: &Path) -> Result<Self, Failure> {
        Ok(Self { side: P::create(directory)?, round: 0 })
    }

    fn open(directory: &Path) -> Result<Self, Failure> {
        Ok(Self { side: P::open(directory)?, round: 0 })
    }
}

impl<P: Poll> Talk for Polling<P> {
    #[inline]
    fn call(&mut self) {
        self.round += 1;
        self.side.tell(self.round);
        while !self.side.hears(self.round) {
            spin_loop();
        }
    }

    #[inline]
    fn receive(&mut self) -> bool {
        let next = self.round + 1;
        for _ in 0..POLLS {
            if self.side.hears(next) {
                self.round = next;
                return true;
            }
            spin_loop();
        }
        false
    }

    #[inline]
    fn answer(&mut self) {
        self.side.tell(self.round);
    }
}

/// A system that creates, attaches and removes whole objects, each of eight words.
pub trait Whole {
    /// The name in tables.
    const NAME: &'static str;

    /// Creates an object. The returned closure attaches it, reads it and lets it go.
    fn attaching(directory: &Path) -> Result<impl FnMut() + 'static, Failure>;

    /// The returned closure creates an object, writes to it for the first time, lets it go and removes it.
    fn creating(directory: &Path) -> Result<impl FnMut() + 'static, Failure>;
}
