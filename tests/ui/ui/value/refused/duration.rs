//! The compiler decides how a `Duration` is stored.
use shmstore::ShmValue;

#[derive(Clone, Copy, ShmValue)]
#[repr(C)]
struct Reading {
    field: std::time::Duration,
}

fn main() {}
