//! The object of workers in several languages, and its invariants. Each worker does one operation after the other until
//! it is killed, and says what it finds wrong, in a line that begins with `!`.
//!
//! | part | invariant |
//! |---|---|
//! | `accounts` | their sum is 0 |
//! | `jobs`, `feed`, `marks`, `images` | the check of each item, value, and element is the complement of its number |
//! | `low`, `high` | they are equal while the lock is free and consistent |
//! | `done` | each worker adds 1 at its place after each round |

mod typed;
mod untyped;

use std::sync::atomic::AtomicU64;

use shmstore::{Broadcast, Event, Frames, Lock, Map, Queue, ShmObject, ShmValue, Versioned};

pub use typed::work as work_typed;
pub use untyped::work as work_untyped;

/// A number, and its complement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ShmValue)]
#[repr(C)]
pub struct Stamped {
    pub number: u64,
    pub check: u64,
}

impl Stamped {
    #[must_use]
    pub fn of(number: u64) -> Self {
        Self { number, check: !number }
    }

    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.check == !self.number
    }
}

#[derive(ShmObject)]
#[repr(C)]
#[shm(id = 'X')]
pub struct Mixed {
    pub done: [AtomicU64; PLACES],
    pub accounts: Versioned<[i64; 8]>,
    pub low: AtomicU64,
    pub high: AtomicU64,
    pub lock: Lock,
    pub turn: Event,
    pub jobs: Queue<Stamped, 16>,
    pub feed: Broadcast<Stamped, 64>,
    pub marks: Map<u32, Stamped, 16>,
    pub images: Frames<u64, 64, 8, Stamped>,
}

/// The most kinds of workers.
pub const PLACES: usize = 8;

/// The operations of a worker.
pub const OPERATIONS: usize = 9;
