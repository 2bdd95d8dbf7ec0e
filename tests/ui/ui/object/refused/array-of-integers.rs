//! An array is as good as its elements.
use shmstore::ShmObject;

#[derive(ShmObject)]
#[repr(C)]
struct Telemetry {
    field: [u64; 4],
}

fn main() {}
