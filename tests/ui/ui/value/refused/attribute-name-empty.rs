//! A name is not empty.
use shmstore::ShmValue;

#[derive(Clone, Copy, ShmValue)]
#[repr(C)]
#[shm(name = "")]
struct Reading {
    celsius: f64,
}

fn main() {}
