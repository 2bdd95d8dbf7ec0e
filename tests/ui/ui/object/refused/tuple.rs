//! The compiler decides how a tuple is laid out.
use shmstore::ShmObject;

#[derive(ShmObject)]
#[repr(C)]
struct Telemetry {
    field: (std::sync::atomic::AtomicU8, u8),
}

fn main() {}
