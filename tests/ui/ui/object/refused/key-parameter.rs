//! A parameter that is a key of a map has the bound of keys.
use shmstore::{Map, ShmObject, ShmValue};

#[derive(ShmObject)]
#[repr(C)]
struct Sessions<K, V> {
    of: Map<K, V, 64>,
}

#[derive(ShmObject)]
#[repr(C)]
struct Values<K: ShmValue> {
    of: Map<K, u64, 64>,
}

fn main() {}
