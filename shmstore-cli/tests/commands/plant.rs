//! An object with every kind of part, for the commands that write.

use std::sync::atomic::AtomicU64;

use shmstore::{
    AtomicValue, Broadcast, Event, FixedString, FixedVec, Frames, Lock, Map, Queue, Shared, ShmKey, ShmObject,
    ShmValue, Versioned,
};

use super::support::*;

#[derive(Clone, Copy, Debug, PartialEq, Eq, ShmValue)]
#[repr(C)]
pub(crate) struct Job {
    pub(crate) id: u32,
    pub(crate) speed: i16,
    pub(crate) kind: Mode,
    pub(crate) urgent: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ShmValue, ShmKey)]
#[repr(C)]
pub(crate) struct Account {
    pub(crate) number: u32,
    pub(crate) symbol: FixedString<8>,
}

#[derive(ShmObject)]
#[repr(C)]
#[shm(id = 'P')]
pub(crate) struct Plant {
    pub(crate) frames: AtomicU64,
    pub(crate) mode: AtomicValue<Mode>,
    pub(crate) position: Versioned<Position>,
    pub(crate) name: Versioned<FixedString<16>>,
    pub(crate) limits: Versioned<FixedVec<i32, 4>>,
    pub(crate) news: Event,
    pub(crate) audit: Lock,
    pub(crate) jobs: Queue<Job, 4>,
    pub(crate) ticks: Broadcast<f64, 8>,
    pub(crate) quotes: Map<FixedString<8>, Position, 3>,
    pub(crate) accounts: Map<Account, i64, 3>,
    pub(crate) images: Frames<u8, 16, 3>,
}

/// A plant at `rover`, and its path.
pub(crate) fn plant() -> (Scratch, String, Shared<Plant>) {
    let scratch = Scratch::new();
    let (plant, path) = (scratch.store().create().unwrap(), scratch.text("rover"));
    (scratch, path, plant)
}
