//! Hiding drop glue makes no object.
use shmstore::ShmObject;

#[derive(ShmObject)]
#[repr(C)]
struct Telemetry {
    field: std::mem::ManuallyDrop<String>,
}

fn main() {}
