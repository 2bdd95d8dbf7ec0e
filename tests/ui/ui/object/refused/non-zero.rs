//! Shared memory starts as zeros.
use shmstore::ShmObject;

#[derive(ShmObject)]
#[repr(C)]
struct Telemetry {
    field: std::num::NonZeroU32,
}

fn main() {}
