//! An address means nothing in another process.
use shmstore::ShmObject;

#[derive(ShmObject)]
#[repr(C)]
struct Telemetry {
    field: *mut u8,
}

fn main() {}
