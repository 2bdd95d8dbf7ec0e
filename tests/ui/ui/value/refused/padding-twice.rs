//! Each gap has its message, and the name in it is free.
use shmstore::ShmValue;

#[derive(Clone, Copy, ShmValue)]
#[repr(C)]
struct Reading {
    _pad: u8,
    t: u16,
    u: u64,
}

fn main() {}
