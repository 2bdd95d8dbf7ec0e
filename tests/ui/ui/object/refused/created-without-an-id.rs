//! A root needs a type-id-char: it is the third part of the key.
use std::sync::atomic::AtomicU64;

use shmstore::{ShmObject, Store};

#[derive(ShmObject)]
#[repr(C)]
struct Counters {
    hits: AtomicU64,
}

fn main() {
    let store = Store::open("/").unwrap();
    let _ = store.attach_or_create::<Counters>();
}
