//! Text lies in the process's own memory.
use shmstore::ShmObject;

#[derive(ShmObject)]
#[repr(C)]
struct Telemetry {
    field: String,
}

fn main() {}
