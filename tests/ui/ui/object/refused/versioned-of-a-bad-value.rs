//! What is in a `Versioned` is a value.
use shmstore::ShmObject;

#[derive(ShmObject)]
#[repr(C)]
struct Telemetry {
    field: shmstore::Versioned<String>,
}

fn main() {}
