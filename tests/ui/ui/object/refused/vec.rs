//! Items lie in the process's own memory.
use shmstore::ShmObject;

#[derive(ShmObject)]
#[repr(C)]
struct Telemetry {
    field: Vec<u32>,
}

fn main() {}
