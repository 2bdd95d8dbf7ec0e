//! Attributes belong on the struct.
use shmstore::ShmValue;

#[derive(Clone, Copy, ShmValue)]
#[repr(C)]
struct Reading {
    #[shm(name = "c")]
    celsius: f64,
}

fn main() {}
