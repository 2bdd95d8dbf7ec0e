//! A cell works in one thread only.
use shmstore::ShmObject;

#[derive(ShmObject)]
#[repr(C)]
struct Telemetry {
    field: std::cell::Cell<u32>,
}

fn main() {}
