//! The compiler decides how a tuple is laid out.
use shmstore::ShmValue;

#[derive(Clone, Copy, ShmValue)]
#[repr(C)]
struct Reading {
    field: (u32, u32),
}

fn main() {}
