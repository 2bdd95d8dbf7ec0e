//! The size of a string is not its capacity, so the message says it.
use shmstore::{FixedString, ShmValue};

#[derive(Clone, Copy, ShmValue)]
#[repr(C)]
struct Reading {
    name: FixedString<8>,
    t: f64,
}

fn main() {}
