//! The room of an object.
use std::sync::atomic::{AtomicU8, AtomicU64};

use shmstore::ShmObject;

/// The struct fits into its room.
#[derive(ShmObject)]
#[repr(C)]
#[shm(id = 'A', room = 1024)]
struct TooSmall {
    hits: AtomicU64,
    list: [AtomicU8; 1024],
}

const SMALL: usize = 4;

/// So it does into a room that is an expression.
#[derive(ShmObject)]
#[repr(C)]
#[shm(id = 'B', room = SMALL + 3)]
struct TooSmallConstant {
    hits: AtomicU64,
}

#[derive(ShmObject)]
#[repr(C)]
#[shm(id = 'C', room = 0)]
struct NoRoom {
    hits: AtomicU64,
}

#[derive(ShmObject)]
#[repr(C)]
#[shm(id = 'D', room = 0x100_0000_0001)]
struct TooLarge {
    hits: AtomicU64,
}

#[derive(ShmObject)]
#[repr(C)]
#[shm(id = 'E', room = 4096u32)]
struct OtherInteger {
    hits: AtomicU64,
}

#[derive(ShmObject)]
#[repr(C)]
#[shm(id = 'F', room = "4 KiB")]
struct Text {
    hits: AtomicU64,
}

#[derive(ShmObject)]
#[repr(C)]
#[shm(id = 'G', room = 4096, room = 8192)]
struct Twice {
    hits: AtomicU64,
}

#[derive(ShmObject)]
#[repr(C)]
#[shm(room = 4096)]
struct WithoutId {
    hits: AtomicU64,
}

#[derive(ShmObject)]
#[repr(C)]
struct Refused {
    pair: (AtomicU8, AtomicU64),
}

/// The size of a struct with an error in it is not final.
#[derive(ShmObject)]
#[repr(C)]
#[shm(id = 'H', room = 8)]
struct OfRefused {
    inner: Refused,
}

fn main() {}
