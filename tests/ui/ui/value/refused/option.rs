//! The compiler decides how an `Option` is stored.
use shmstore::ShmValue;

#[derive(Clone, Copy, ShmValue)]
#[repr(C)]
struct Reading {
    field: Option<u32>,
}

fn main() {}
