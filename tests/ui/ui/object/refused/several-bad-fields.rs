//! Each bad field has its message.
use shmstore::ShmObject;

#[derive(ShmObject)]
#[repr(C)]
struct Telemetry {
    frames: u64,
    name: String,
    last: Option<u32>,
}

fn main() {}
