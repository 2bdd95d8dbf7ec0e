//! Objects start at a page.
use shmstore::ShmObject;

#[derive(ShmObject)]
#[repr(C, align(8192))]
struct Telemetry {
    frames: std::sync::atomic::AtomicU64,
}

fn main() {}
