//! Objects to serve. They leave nothing behind, even if a test fails.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use shmstore::{Broadcast, Event, FixedString, Frames, Lock, Map, Queue, Shared, ShmObject, ShmValue, Versioned};

use crate::scratch::Scratch;

#[derive(Clone, Copy, Debug, PartialEq, ShmValue)]
#[repr(C)]
pub(crate) struct Position {
    pub(crate) x: f64,
    pub(crate) y: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ShmValue)]
#[repr(u8)]
pub(crate) enum Mode {
    Idle = 0,
    Driving = 1,
}

/// An object with some of everything.
#[derive(ShmObject)]
#[repr(C)]
#[shm(id = 'R')]
pub(crate) struct Rover {
    pub(crate) frames: AtomicU64,
    pub(crate) position: Versioned<Position>,
    pub(crate) mode: Versioned<Mode>,
    pub(crate) name: Versioned<FixedString<32>>,
    pub(crate) audit: Lock,
    pub(crate) news: Event,
    pub(crate) samples: [AtomicU64; 20],
    pub(crate) jobs: Queue<u32, 8>,
    pub(crate) ticks: Broadcast<u32, 8>,
    pub(crate) limits: Map<FixedString<16>, f64, 8>,
    pub(crate) images: Frames<u8, 64, 3, Position>,
}

pub(crate) fn rover(scratch: &Scratch) -> Shared<Rover> {
    rover_at(scratch, "rover")
}

pub(crate) fn rover_at(scratch: &Scratch, name: &str) -> Shared<Rover> {
    let rover = scratch.store_at(name).create::<Rover>().expect("a new object");
    rover.frames.store(u64::MAX, Relaxed);
    rover.position.store(Position { x: 1.5, y: f64::NEG_INFINITY });
    rover.mode.store(Mode::Driving);
    rover.name.store(FixedString::try_from("a \"b\" \\ c\nd").expect("it fits"));
    rover.news.notify_all();
    rover.samples[1].store(7, Relaxed);
    rover.jobs.push(1).expect("there is room");
    rover.ticks.send(2);
    rover.limits.insert("speed".try_into().expect("it fits"), 2.5).expect("there is room");
    rover
}

pub(crate) fn shmid(object: &Shared<Rover>) -> i32 {
    Shared::info(object).expect("it is there").shmid
}
