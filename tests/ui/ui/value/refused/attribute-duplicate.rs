//! Each attribute is given once.
use shmstore::ShmValue;

#[derive(Clone, Copy, ShmValue)]
#[repr(C)]
#[shm(id = 'T')]
#[shm(id = 'U')]
struct Reading {
    celsius: f64,
}

fn main() {}
