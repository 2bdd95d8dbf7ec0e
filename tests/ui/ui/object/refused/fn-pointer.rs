//! The address of a function means nothing in another process.
use shmstore::ShmObject;

#[derive(ShmObject)]
#[repr(C)]
struct Telemetry {
    field: fn(),
}

fn main() {}
