//! A list is a value.
use shmstore::ShmObject;

#[derive(ShmObject)]
#[repr(C)]
struct Telemetry {
    field: shmstore::FixedVec<u32, 16>,
}

fn main() {}
