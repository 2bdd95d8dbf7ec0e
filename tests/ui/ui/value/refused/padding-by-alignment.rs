//! An alignment may leave padding at the end.
use shmstore::ShmValue;

#[derive(Clone, Copy, ShmValue)]
#[repr(C, align(16))]
struct Reading {
    t: f64,
}

fn main() {}
