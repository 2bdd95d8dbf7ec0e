//! An array is as good as its elements.
use shmstore::ShmValue;

#[derive(Clone, Copy, ShmValue)]
#[repr(C)]
struct Reading {
    field: [[usize; 2]; 3],
}

fn main() {}
