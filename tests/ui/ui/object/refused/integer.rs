//! Others write while we hold a reference.
use shmstore::ShmObject;

#[derive(ShmObject)]
#[repr(C)]
struct Telemetry {
    field: u32,
}

fn main() {}
