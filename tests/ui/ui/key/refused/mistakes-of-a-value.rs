//! The mistakes of a value are told once, though two derives see them.
use shmstore::{ShmKey, ShmValue};

#[derive(Clone, Copy, ShmValue, ShmKey)]
#[shm(id = "T")]
struct Reading {
    at: [u8; length!()],
    pair: (u32, u32),
}

#[derive(Clone, Copy, ShmValue, ShmKey)]
#[repr(u8)]
enum Side {
    Bid(u8),
}

fn is_key<K: ShmKey>() {}

fn main() {
    is_key::<Reading>();
    is_key::<Side>();
}
