//! There is nothing in a `()`.
use shmstore::ShmValue;

#[derive(Clone, Copy, ShmValue)]
#[repr(C)]
struct Reading {
    field: (),
}

fn main() {}
