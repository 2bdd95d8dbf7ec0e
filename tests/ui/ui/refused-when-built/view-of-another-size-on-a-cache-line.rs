//! A view has the layout of its object also where the whole has it.
use shmstore::schema::Schema;
use shmstore::{CacheAligned, Shared, ShmLayout, ShmObject};
use std::sync::atomic::AtomicU64;

#[repr(C)]
struct Counter(AtomicU64);

unsafe impl ShmLayout for Counter {
    const SCHEMA: &'static Schema = AtomicU64::SCHEMA;
}

unsafe impl ShmObject for Counter {
    type View = [<AtomicU64 as ShmObject>::View; 2];
}

#[derive(ShmObject)]
#[repr(C)]
struct Counters {
    counters: [CacheAligned<Counter>; 2],
}

fn main() {
    Shared::<Counters>::new_private().unwrap();
}
