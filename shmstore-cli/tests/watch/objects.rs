//! Objects to watch. They leave nothing behind, even if a test fails.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use shmstore::{Event, FixedString, Map, Shared, ShmObject, ShmValue, Store, Versioned};

use crate::scratch;

#[derive(Clone, Copy, Debug, PartialEq, ShmValue)]
#[repr(C)]
pub(crate) struct Position {
    pub(crate) x: f64,
    pub(crate) y: f64,
}

#[derive(ShmObject)]
#[repr(C)]
#[shm(id = 'R')]
pub(crate) struct Rover {
    pub(crate) frames: AtomicU64,
    pub(crate) position: Versioned<Position>,
    pub(crate) driver: Versioned<FixedString<28>>,
    pub(crate) stops: Event,
    pub(crate) wheels: [AtomicU64; 20],
}

#[derive(ShmObject)]
#[repr(C)]
#[shm(id = 'B')]
pub(crate) struct Battery {
    pub(crate) charge: AtomicU64,
}

/// An object with many pages that are not written at first.
#[derive(ShmObject)]
#[repr(C)]
#[shm(id = 'L')]
pub(crate) struct Log {
    pub(crate) text: Versioned<FixedString<{ 8 << 20 }>>,
    pub(crate) pages: [Versioned<[u64; 512]>; 1000],
}

#[derive(ShmObject)]
#[repr(C)]
#[shm(id = 'K')]
pub(crate) struct Board {
    pub(crate) places: Map<FixedString<8>, Position, 16>,
}

/// An object with 4681 fields.
#[derive(ShmObject)]
#[repr(C)]
#[shm(id = 'F')]
pub(crate) struct Fleet {
    pub(crate) wheels: [[[[AtomicU64; 8]; 8]; 8]; 8],
}

pub(crate) mod older {
    use super::*;

    #[derive(ShmObject)]
    #[repr(C)]
    #[shm(id = 'G', room = 512)]
    pub(crate) struct Gauge {
        pub(crate) level: AtomicU64,
    }
}

pub(crate) mod newer {
    use super::*;

    #[derive(ShmObject)]
    #[repr(C)]
    #[shm(id = 'G', room = 512)]
    pub(crate) struct Gauge {
        pub(crate) level: AtomicU64,
        pub(crate) peak: AtomicU64,
    }
}

pub(crate) struct Scratch {
    pub(crate) store: Store,
    path: String,
    _scratch: scratch::Scratch,
}

impl Scratch {
    pub(crate) fn new() -> Self {
        let scratch = scratch::Scratch::new();
        Self { store: scratch.own_store(), path: scratch.path().to_str().expect("UTF-8").to_owned(), _scratch: scratch }
    }

    pub(crate) fn with_rover() -> (Self, Shared<Rover>) {
        let scratch = Self::new();
        let rover = scratch.rover();
        (scratch, rover)
    }

    pub(crate) fn rover(&self) -> Shared<Rover> {
        let rover = self.store.create::<Rover>().expect("a new object");
        rover.frames.store(41, Relaxed);
        rover
    }

    pub(crate) fn path(&self) -> &str {
        &self.path
    }
}
