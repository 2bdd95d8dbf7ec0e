//! The objects that test processes share.

use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;

use shmstore::{
    AtomicValue, Broadcast, CacheAligned, Event, FixedString, FixedVec, Frames, Lock, Map, Queue, ShmObject, ShmValue,
    Versioned,
};

/// Three numbers that belong together: a torn one shows.
#[derive(Clone, Copy, Debug, PartialEq, ShmValue)]
#[repr(C)]
#[shm(id = 'P')]
pub struct Position {
    pub x: f64,
    pub y: f64,
    pub z: f64,
}

#[derive(Debug, ShmObject)]
#[repr(C)]
#[shm(id = 'T')]
pub struct Telemetry {
    pub frames: AtomicU64,
    /// How many times an init closure has run on this object.
    pub initialized: AtomicU64,
    pub position: Versioned<Position>,
    pub label: Versioned<FixedString<28>>,
}

/// Two bytes in a hundred are one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ShmValue)]
#[repr(u8)]
pub enum Mode {
    Idle = 0,
    Run = 1,
    /// One after a gap.
    Stop = 7,
}

/// A value of which few bits are valid.
#[derive(Clone, Copy, Debug, PartialEq, ShmValue)]
#[repr(C)]
pub struct Choosy {
    /// No surrogate, nothing beyond Unicode.
    pub letter: char,
    pub modes: [Mode; 3],
    pub flag: bool,
}

#[derive(Debug, ShmObject)]
#[repr(C)]
#[shm(id = 'H')]
pub struct EveryPart {
    pub count: AtomicU64,
    pub mode: AtomicValue<Mode>,
    pub flag: AtomicValue<bool>,
    pub letter: AtomicValue<char>,
    pub level: AtomicValue<f32>,
    pub position: Versioned<Position>,
    pub choosy: Versioned<Choosy>,
    pub label: Versioned<FixedString<28>>,
    /// A list of checked values, with a length.
    pub list: Versioned<FixedVec<Choosy, 9>>,
    /// Large enough for a copy to take its time.
    pub block: Versioned<Block<16_384>>,
    pub lock: Lock,
    pub event: Event,
    pub queue: Queue<Choosy, 5>,
    pub crates: Queue<Block<4096>, 2>,
    pub feed: Broadcast<Choosy, 4>,
    pub blocks: Broadcast<Block<4096>, 2>,
    pub map: Map<u32, Choosy, 5>,
    pub book: Map<FixedString<12>, Block<4096>, 2>,
    pub choices: Frames<Choosy, 5, 3, Choosy>,
    /// Large enough for a reader to take its time.
    pub images: Frames<u8, 16_384, 3>,
    /// Several of a kind, on lines of their own.
    pub shards: [CacheAligned<Versioned<u64>>; 4],
}

/// `Telemetry` as a program of another version knows it: one field more, one of another type.
pub mod drifted {
    use std::sync::atomic::AtomicU64;

    use shmstore::{FixedString, ShmObject, ShmValue, Versioned};

    /// `x` is narrower.
    #[derive(Clone, Copy, Debug, PartialEq, ShmValue)]
    #[repr(C)]
    pub struct Position {
        pub x: f32,
        /// Rounding error of `x`.
        pub dx: f32,
        pub y: f64,
        pub z: f64,
    }

    /// One field more.
    #[derive(Debug, ShmObject)]
    #[repr(C)]
    #[shm(id = 'T')]
    pub struct Telemetry {
        pub frames: AtomicU64,
        pub initialized: AtomicU64,
        pub position: Versioned<Position>,
        pub label: Versioned<FixedString<28>>,
        pub battery: AtomicU64,
    }
}

/// A value of any size whose bytes all say the same: a torn one shows.
#[derive(Clone, Copy, Debug, PartialEq, ShmValue)]
#[repr(transparent)]
#[shm(id = 'B')]
pub struct Block<const N: usize>(pub [u8; N]);

impl<const N: usize> Block<N> {
    /// The block number `round`: each byte depends on the round and differs from its neighbours'.
    pub fn of(round: u64) -> Self {
        Self(std::array::from_fn(|at| (round as u8).wrapping_add(at as u8)))
    }

    pub fn is_whole(&self) -> bool {
        *self == Self::of(u64::from(self.0[0]))
    }
}

/// How many processes [`Parts`] counts for, each by itself.
pub const COUNTERS: usize = 32;

/// The parts that processes wait for.
#[derive(Debug, ShmObject)]
#[repr(C)]
#[shm(id = 'W')]
pub struct Parts {
    /// Guards `sum` and `counted`.
    pub lock: Lock,
    /// What each process has counted; together `sum`.
    pub counted: [AtomicU64; COUNTERS],
    /// Changed by a load and a store: right only if they are under the lock.
    pub sum: AtomicU64,
    pub value: Versioned<[u64; 32]>,
    /// What each process has counted, and the sum.
    pub tally: Versioned<[u64; COUNTERS + 1]>,
    pub ping: Versioned<u64>,
    pub pong: Versioned<u64>,
    /// Said by one, at length: a store of it takes a while to reach the other.
    pub long_ping: Versioned<[u64; 512]>,
    pub long_pong: Versioned<[u64; 512]>,
    pub called: Event,
    pub answered: Event,
}

impl Parts {
    /// Makes the sum right again, for one who has the lock of a process that was killed.
    pub fn repair(&self) {
        self.sum.store(self.counted.iter().map(|counted| counted.load(Relaxed)).sum(), Relaxed);
    }
}

/// An item of [`Streams`]: its number in each word, so a torn one shows.
pub type Message = [u64; 32];

/// The message of a number.
pub fn message(number: u64) -> Message {
    [number; 32]
}

/// The number of a message, which is whole.
#[track_caller]
pub fn number_of(message: &Message) -> u64 {
    assert!(message.iter().all(|word| *word == message[0]), "torn: {message:?}");
    message[0]
}

/// The capacity of the queue of [`Streams`].
pub const QUEUE: usize = 2;
/// The capacity of the broadcast.
pub const STREAM: usize = 4;

/// What processes hand each other.
#[derive(Debug, ShmObject)]
#[repr(C)]
#[shm(id = 'Q')]
pub struct Streams {
    pub queue: Queue<Message, QUEUE>,
    pub feed: Broadcast<Message, STREAM>,
}

/// What two processes pass turns by: each has the part of its number.
#[derive(Debug, ShmObject)]
#[repr(C)]
#[shm(id = 'U')]
pub struct Turns {
    pub queues: [Queue<u64, 1>; 2],
    pub feeds: [Broadcast<u64, 2>; 2],
}

/// The capacity of the map of [`Sessions`].
pub const SESSIONS: usize = 3;

/// Keys that processes insert and remove, and the values of these.
#[derive(Debug, ShmObject)]
#[repr(C)]
#[shm(id = 'N')]
pub struct Sessions {
    pub users: Map<u64, Message, SESSIONS>,
}

/// What two processes pass turns by: the keys of each are in the map of its number.
#[derive(Debug, ShmObject)]
#[repr(C)]
#[shm(id = 'V')]
pub struct Rounds {
    pub maps: [Map<u64, u64, 2>; 2],
}

/// The number of elements that a frame of [`Camera`] has room for.
pub const IMAGE: usize = 4096;
/// The number of slots.
pub const IMAGES: usize = 4;

/// Frames that processes fill and pin. All elements of a frame are its value, and its metadata are the value and the
/// number of elements.
#[derive(Debug, ShmObject)]
#[repr(C)]
#[shm(id = 'C')]
pub struct Camera {
    pub images: Frames<u64, IMAGE, IMAGES, [u64; 2]>,
}

/// What two processes pass turns by: each publishes the frames of its number.
#[derive(Debug, ShmObject)]
#[repr(C)]
#[shm(id = 'F')]
pub struct Films {
    pub films: [Frames<u64, 8, 3>; 2],
}

/// Parts that no process changes.
#[derive(ShmObject)]
#[repr(C)]
#[shm(id = 'I')]
pub struct Idle {
    pub parts: [Versioned<u64>; 128],
}

/// More parts than a thread can sleep on.
#[derive(ShmObject)]
#[repr(C)]
#[shm(id = 'O')]
pub struct Many {
    pub parts: [Versioned<u64>; 10_000],
}

/// 64 MiB: larger than any process would want to touch without need.
#[derive(ShmObject)]
#[repr(C)]
#[shm(id = 'L')]
pub struct Large {
    pub numbers: [AtomicU64; 8 << 20],
}
