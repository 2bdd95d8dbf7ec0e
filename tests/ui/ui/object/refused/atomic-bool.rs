//! A foreign byte may be neither 0 nor 1.
use shmstore::ShmObject;

#[derive(ShmObject)]
#[repr(C)]
struct Telemetry {
    field: std::sync::atomic::AtomicBool,
}

fn main() {}
