//! The compiler may order the fields of a struct without `#[repr(C)]`.
use shmstore::ShmObject;

#[derive(ShmObject)]
struct Telemetry {
    frames: std::sync::atomic::AtomicU64,
}

fn main() {}
