//! Padding would be read uninitialised: one message a gap.
use shmstore::ShmValue;

#[derive(Clone, Copy, ShmValue)]
#[repr(C)]
struct Reading {
    t: f64,
    kind: u8,
}

fn main() {}
