//! A std lock works in one process only.
use shmstore::ShmObject;

#[derive(ShmObject)]
#[repr(C)]
struct Telemetry {
    field: std::sync::Mutex<u32>,
}

fn main() {}
