//! Where the value is used, there is no second message.
use shmstore::ShmValue;

#[derive(Clone, Copy, ShmValue)]
#[repr(C)]
struct Reading {
    at: usize,
}

fn is_value<V: ShmValue>() {}

fn main() {
    is_value::<Reading>();
}
