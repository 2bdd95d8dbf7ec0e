//! A type-id-char is a character.
use shmstore::ShmValue;

#[derive(Clone, Copy, ShmValue)]
#[repr(C)]
#[shm(id)]
struct Reading {
    celsius: f64,
}

fn main() {}
