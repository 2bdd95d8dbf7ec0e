//! The object of the tests, with a part of each kind.

use shmstore::schema::OwnedSchema;
use shmstore::{
    AtomicValue, Broadcast, Event, FixedString, Frames, Lock, Map, Queue, ShmLayout, ShmObject, ShmValue, Versioned,
};
use std::sync::atomic::{AtomicI32, AtomicU64};

use crate::installed::Scratch;

#[derive(Clone, Copy, Debug, PartialEq, ShmValue)]
#[repr(u8)]
pub(crate) enum Mode {
    Idle = 0,
    Fast = 7,
}

#[derive(Clone, Copy, Debug, PartialEq, ShmValue)]
#[repr(C)]
pub(crate) struct Position {
    pub(crate) x: f64,
    pub(crate) y: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, ShmValue)]
#[repr(C)]
pub(crate) struct State {
    pub(crate) mode: Mode,
    pub(crate) is_on: bool,
    pub(crate) pad: [u8; 6],
    pub(crate) at: Position,
}

#[derive(Clone, Copy, Debug, PartialEq, ShmValue)]
#[repr(C)]
pub(crate) struct Info {
    pub(crate) width: u32,
    pub(crate) height: u32,
}

#[derive(ShmObject)]
#[repr(C)]
#[shm(id = 'A')]
pub(crate) struct All {
    pub(crate) count: AtomicU64,
    pub(crate) depth: AtomicI32,
    pub(crate) mode: AtomicValue<Mode>,
    pub(crate) state: Versioned<State>,
    pub(crate) label: Versioned<FixedString<12>>,
    pub(crate) guarded: Lock,
    pub(crate) rung: Event,
    pub(crate) jobs: Queue<Position, 4>,
    pub(crate) ticks: Broadcast<Position, 4>,
    pub(crate) quotes: Map<FixedString<12>, Position, 8>,
    pub(crate) images: Frames<u16, 64, 3, Info>,
    pub(crate) sides: Map<bool, u32, 2>,
}

/// Writes the header of the object, as `shmstore schema --c` does.
pub(crate) fn write_header(scratch: &Scratch) {
    let header = shmstore_cli::export::c_header(&OwnedSchema::from(All::SCHEMA), 'A', None).expect("a header");
    scratch.write("all.h", &header);
}

/// Copies a program of the tests to a directory with the header, and what all of them begin with.
pub(crate) fn with_header(scratch: &Scratch, name: &str, source: &str) {
    write_header(scratch);
    scratch.write("checks.h", include_str!("checks.h"));
    scratch.write(name, source);
}
