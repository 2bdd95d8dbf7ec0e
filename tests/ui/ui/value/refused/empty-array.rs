//! An array has at least one element.
use shmstore::ShmValue;

#[derive(Clone, Copy, ShmValue)]
#[repr(C)]
struct Reading {
    field: [u32; 0],
}

fn main() {}
