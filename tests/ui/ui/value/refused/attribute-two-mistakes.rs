//! All mistakes are told at once.
use shmstore::ShmValue;

#[derive(Clone, Copy, ShmValue)]
#[repr(C)]
#[shm(id = "T", nam = "x")]
struct Reading {
    celsius: f64,
}

fn main() {}
