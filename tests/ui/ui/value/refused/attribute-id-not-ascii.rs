//! A type-id-char is printable ASCII.
use shmstore::ShmValue;

#[derive(Clone, Copy, ShmValue)]
#[repr(C)]
#[shm(id = 'é')]
struct Reading {
    celsius: f64,
}

fn main() {}
