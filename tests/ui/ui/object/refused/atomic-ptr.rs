//! An address means nothing in another process.
use shmstore::ShmObject;

#[derive(ShmObject)]
#[repr(C)]
struct Telemetry {
    field: std::sync::atomic::AtomicPtr<u8>,
}

fn main() {}
