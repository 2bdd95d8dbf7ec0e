//! The width of `usize` is the process's own.
use shmstore::ShmValue;

#[derive(Clone, Copy, ShmValue)]
#[repr(C)]
struct Reading {
    field: usize,
}

fn main() {}
