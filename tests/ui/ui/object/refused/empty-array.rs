//! An array has at least one element.
use shmstore::ShmObject;

#[derive(ShmObject)]
#[repr(C)]
struct Telemetry {
    field: [std::sync::atomic::AtomicU8; 0],
}

fn main() {}
