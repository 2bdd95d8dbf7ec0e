//! An address means nothing in another process.
use shmstore::ShmObject;

#[derive(ShmObject)]
#[repr(C)]
struct Telemetry {
    field: Box<std::sync::atomic::AtomicU32>,
}

fn main() {}
