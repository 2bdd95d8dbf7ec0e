//! An array has at least one element, however its length is written.
use shmstore::ShmValue;

const NONE: usize = 0;

#[derive(Clone, Copy, ShmValue)]
#[repr(C)]
struct Reading {
    samples: [u32; NONE],
    last: u32,
}

fn main() {}
