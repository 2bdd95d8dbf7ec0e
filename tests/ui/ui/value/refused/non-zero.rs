//! Shared memory starts as zeros.
use shmstore::ShmValue;

#[derive(Clone, Copy, ShmValue)]
#[repr(C)]
struct Reading {
    field: std::num::NonZeroU32,
}

fn main() {}
