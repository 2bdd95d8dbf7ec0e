//! The width of `usize` is the process's own.
use shmstore::ShmObject;

#[derive(ShmObject)]
#[repr(C)]
struct Telemetry {
    field: std::sync::atomic::AtomicUsize,
}

fn main() {}
