//! An address means nothing in another process.
use shmstore::ShmValue;

#[derive(Clone, Copy, ShmValue)]
#[repr(C)]
struct Reading {
    field: *const u8,
}

fn main() {}
