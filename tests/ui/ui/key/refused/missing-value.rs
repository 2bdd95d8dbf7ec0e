//! A key is a value, too.
use shmstore::ShmKey;

#[derive(Clone, Copy, ShmKey)]
#[repr(C)]
struct Symbol {
    number: u64,
}

#[derive(ShmKey)]
#[repr(u8)]
enum Side {
    Bid,
    Ask,
}

#[derive(Clone, Copy, ShmKey)]
#[repr(C)]
struct Pair<K: ShmKey> {
    first: K,
    second: K,
}

/// What the derive of values would refuse.
#[derive(Clone, Copy, ShmKey)]
struct Range {
    from: (u8, u8),
}

fn main() {}
