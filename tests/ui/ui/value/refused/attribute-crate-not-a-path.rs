//! The crate is given by a path.
use shmstore::ShmValue;

#[derive(Clone, Copy, ShmValue)]
#[repr(C)]
#[shm(crate = "not a path")]
struct Reading {
    celsius: f64,
}

fn main() {}
