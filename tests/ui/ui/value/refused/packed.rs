//! Packed fields are not aligned.
use shmstore::ShmValue;

#[derive(Clone, Copy, ShmValue)]
#[repr(C, packed)]
struct Reading {
    flag: u8,
    celsius: f64,
}

fn main() {}
