//! A part of objects is no value; rustc adds that it cannot be copied.
use shmstore::ShmValue;

#[derive(ShmValue)]
#[repr(C)]
struct Reading {
    field: shmstore::Versioned<u32>,
}

impl Clone for Reading {
    fn clone(&self) -> Self {
        unreachable!()
    }
}

impl Copy for Reading {}

fn main() {}
