//! An atomic is shared in place, a value is copied; rustc adds that it cannot be copied.
use shmstore::ShmValue;

#[derive(ShmValue)]
#[repr(C)]
struct Reading {
    field: std::sync::atomic::AtomicBool,
}

impl Clone for Reading {
    fn clone(&self) -> Self {
        unreachable!()
    }
}

impl Copy for Reading {}

fn main() {}
