//! Objects to record.

use std::sync::atomic::AtomicU64;

use shmstore::schema::OwnedSchema;
use shmstore::{
    AtomicValue, Broadcast, Event, FixedString, Frames, Lock, Map, Queue, ShmLayout, ShmObject, ShmValue, Timestamp,
    Versioned,
};

#[derive(Clone, Copy, Debug, PartialEq, ShmValue)]
#[repr(C)]
pub(crate) struct Position {
    pub(crate) taken: Timestamp,
    pub(crate) x: f64,
    pub(crate) y: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ShmValue)]
#[repr(u8)]
pub(crate) enum Mode {
    Idle = 0,
    Driving = 1,
}

#[derive(ShmObject)]
#[repr(C)]
#[shm(id = 'R')]
pub(crate) struct Rover {
    pub(crate) frames: AtomicU64,
    pub(crate) mode: AtomicValue<Mode>,
    pub(crate) position: Versioned<Position>,
    pub(crate) driver: Versioned<FixedString<12>>,
    pub(crate) audit: Lock,
    pub(crate) news: Event,
    pub(crate) ticks: Broadcast<u64, 65536>,
    pub(crate) jobs: Queue<u32, 8>,
    pub(crate) quotes: Map<u32, f64, 8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ShmValue)]
#[repr(C)]
pub(crate) struct Info {
    pub(crate) height: u32,
    pub(crate) width: u32,
    pub(crate) step: u32,
    pub(crate) encoding: FixedString<8>,
}

#[derive(ShmObject)]
#[repr(C)]
#[shm(id = 'C')]
pub(crate) struct Camera {
    pub(crate) images: Frames<u8, 64, 4, Info>,
}

#[derive(ShmObject)]
#[repr(C)]
#[shm(id = 'G', room = 4096)]
pub(crate) struct Gauge {
    pub(crate) level: AtomicU64,
    pub(crate) peak: Versioned<u64>,
}

/// A gauge that has grown.
#[derive(ShmObject)]
#[repr(C)]
#[shm(id = 'G', room = 4096, name = "Gauge")]
pub(crate) struct WiderGauge {
    pub(crate) level: AtomicU64,
    pub(crate) peak: Versioned<u64>,
    pub(crate) alarms: AtomicU64,
    pub(crate) lowest: Versioned<u64>,
}

/// A gauge with a part of another type.
#[derive(ShmObject)]
#[repr(C)]
#[shm(id = 'G', room = 4096, name = "Gauge")]
pub(crate) struct OtherGauge {
    pub(crate) level: AtomicU64,
    pub(crate) peak: Versioned<f32>,
}

pub(crate) fn schema<T: ShmLayout>() -> OwnedSchema {
    OwnedSchema::from(T::SCHEMA)
}
