//! What is in a part gets the advice that it would get as a field of a value.
use shmstore::{CacheAligned, FixedVec, ShmObject, Versioned};

#[derive(ShmObject)]
#[repr(C)]
struct Telemetry<const N: usize> {
    text: Versioned<FixedVec<String, N>>,
    plain: CacheAligned<u64>,
}

fn main() {}
