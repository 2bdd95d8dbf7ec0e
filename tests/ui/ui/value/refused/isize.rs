//! The width of `isize` is the process's own.
use shmstore::ShmValue;

#[derive(Clone, Copy, ShmValue)]
#[repr(C)]
struct Reading {
    field: isize,
}

fn main() {}
