//! There are three attributes.
use shmstore::ShmObject;

#[derive(ShmObject)]
#[repr(C)]
#[shm(key = 'T')]
struct Telemetry {
    frames: std::sync::atomic::AtomicU64,
}

fn main() {}
