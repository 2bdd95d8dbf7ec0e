//! No padding is advised while a field is refused, because the cure changes its size.
use shmstore::{ShmValue, Versioned};

#[derive(Clone, Copy, ShmValue)]
#[repr(u8)]
enum Fault {
    None,
    Code(u8),
}

#[derive(Clone, Copy, ShmValue)]
#[repr(C)]
struct Reading {
    t: f64,
    faults: [Fault; 2],
}

#[derive(shmstore::ShmObject)]
#[repr(C)]
struct Robot {
    reading: Versioned<Reading>,
}

fn main() {}
