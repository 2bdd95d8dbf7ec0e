//! All mistakes of one struct are told at once, each once.
use shmstore::ShmValue;

#[derive(Clone, Copy, ShmValue)]
#[shm(id = "T")]
struct Reading {
    at: usize,
    pair: (u32, u32),
    name: &'static str,
}

fn is_value<V: ShmValue>() {}

fn main() {
    is_value::<Reading>();
}
