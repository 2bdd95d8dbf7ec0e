//! The alignment of `i128` differs between compilers.
use shmstore::ShmValue;

#[derive(Clone, Copy, ShmValue)]
#[repr(C)]
struct Reading {
    field: i128,
}

fn main() {}
