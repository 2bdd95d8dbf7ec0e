//! The message of the trait itself, without a derive.
use shmstore::ShmKey;

fn is_key<K: ShmKey>() {}

#[derive(Clone, Copy, shmstore::ShmValue)]
#[repr(C)]
struct Plain {
    number: u64,
}

fn main() {
    is_key::<f64>();
    is_key::<Plain>();
}
