//! A type parameter in a key has the bound of keys.
use shmstore::{ShmKey, ShmValue};

#[derive(Clone, Copy, ShmValue, ShmKey)]
#[repr(C)]
struct Pair<T: ShmValue> {
    first: T,
    others: [T; 2],
}

#[derive(Clone, Copy, ShmValue, ShmKey)]
#[repr(C)]
struct Grid<T> {
    cell: T,
}

#[derive(Clone, Copy, ShmValue, ShmKey)]
#[repr(C)]
struct Good<T: ShmKey> {
    key: T,
}

fn is_key<K: ShmKey>() {}

fn main() {
    is_key::<Good<u64>>();
    is_key::<Good<f64>>();
}
