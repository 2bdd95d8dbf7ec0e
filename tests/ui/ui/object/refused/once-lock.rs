//! What is made once is made by the one who creates the object.
use shmstore::ShmObject;

#[derive(ShmObject)]
#[repr(C)]
struct Telemetry {
    field: std::sync::OnceLock<u32>,
}

fn main() {}
