//! So are several of them; rustc adds that it cannot be copied.
use shmstore::ShmValue;

#[derive(ShmValue)]
#[repr(C)]
struct Reading {
    field: [shmstore::Lock; 4],
}

impl Clone for Reading {
    fn clone(&self) -> Self {
        unreachable!()
    }
}

impl Copy for Reading {}

fn main() {}
