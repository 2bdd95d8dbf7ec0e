//! Objects start at a page.
use shmstore::ShmValue;

#[derive(Clone, Copy, ShmValue)]
#[repr(C)]
#[repr(align(8192))]
struct Reading {
    samples: [u64; 1024],
}

fn main() {}
