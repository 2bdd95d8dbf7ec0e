//! Padding would be read uninitialized: one message a gap.
use shmstore::ShmValue;

#[derive(Clone, Copy, ShmValue)]
#[repr(C)]
struct Reading {
    t: f64,
    kind: u8,
}

fn main() {}
