//! A type-id-char is a character.
use shmstore::ShmValue;

#[derive(Clone, Copy, ShmValue)]
#[repr(C)]
#[shm(id = "T")]
struct Reading {
    celsius: f64,
}

fn main() {}
