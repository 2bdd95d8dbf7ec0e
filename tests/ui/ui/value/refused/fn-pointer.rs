//! The address of a function means nothing in another process.
use shmstore::ShmValue;

#[derive(Clone, Copy, ShmValue)]
#[repr(C)]
struct Reading {
    field: fn(u32) -> u32,
}

fn main() {}
