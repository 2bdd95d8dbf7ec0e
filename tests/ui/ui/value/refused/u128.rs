//! The alignment of `u128` differs between compilers.
use shmstore::ShmValue;

#[derive(Clone, Copy, ShmValue)]
#[repr(C)]
struct Reading {
    field: u128,
}

fn main() {}
