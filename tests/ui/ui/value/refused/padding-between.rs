//! Padding would be read uninitialized: one message a gap.
use shmstore::ShmValue;

#[derive(Clone, Copy, ShmValue)]
#[repr(C)]
struct Reading {
    kind: u8,
    t: f64,
}

fn main() {}
