//! An object outlives every process.
use shmstore::ShmObject;

#[derive(ShmObject)]
#[repr(C)]
struct Telemetry {
    frames: std::sync::atomic::AtomicU64,
}

impl Drop for Telemetry {
    fn drop(&mut self) {}
}

fn main() {}
