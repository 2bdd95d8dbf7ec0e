//! What is in a part gets the advice that it would get as a field of a value.
use shmstore::{AtomicValue, CacheAligned, FixedVec, ShmObject, Versioned};

#[derive(ShmObject)]
#[repr(C)]
struct Telemetry<const N: usize> {
    width: Versioned<usize>,
    tuple: Versioned<(u32, u32)>,
    option: Versioned<std::option::Option<u32>>,
    wide: AtomicValue<u128>,
    text: Versioned<FixedVec<String, N>>,
    list: Versioned<[Vec<u8>; 4]>,
    parts: [AtomicValue<isize>; 4],
    plain: CacheAligned<u64>,
    other: Versioned<Pose>,
}

struct Pose;

fn main() {}
