//! A type parameter has no one layout.
use shmstore::ShmObject;

#[derive(ShmObject)]
#[repr(C)]
struct Pair<T> {
    first: T,
    second: T,
}

fn main() {}
