//! An array is as good as its elements.
use shmstore::ShmValue;

#[derive(Clone, Copy, ShmValue)]
#[repr(C)]
struct Reading {
    field: [(u8, u8); 3],
}

fn main() {}
