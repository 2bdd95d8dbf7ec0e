//! There are three attributes.
use shmstore::ShmValue;

#[derive(Clone, Copy, ShmValue)]
#[repr(C)]
#[shm(idd = 'T')]
struct Reading {
    celsius: f64,
}

fn main() {}
