//! A lock is an object and no value; rustc adds that it cannot be copied.
use shmstore::ShmValue;

#[derive(ShmValue)]
#[repr(C)]
struct Reading {
    field: shmstore::Lock,
}

impl Clone for Reading {
    fn clone(&self) -> Self {
        unreachable!()
    }
}

impl Copy for Reading {}

fn main() {}
