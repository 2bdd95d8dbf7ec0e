//! A key is a value, too. The first error says so, although the compiler checks the map first.
use shmstore::{Map, ShmKey, ShmObject};

#[derive(Clone, Copy, ShmKey)]
#[repr(C)]
struct Symbol {
    number: u64,
}

#[derive(ShmObject)]
#[repr(C)]
struct Market {
    quotes: Map<Symbol, u64, 8>,
}

fn main() {}
