//! A type parameter has no one layout.
use shmstore::ShmValue;

#[derive(Clone, Copy, ShmValue)]
#[repr(C)]
struct Pair<T> {
    first: T,
    second: T,
}

fn main() {}
