//! No atomic can be packed.
use shmstore::ShmObject;

#[derive(ShmObject)]
#[repr(C, packed)]
struct Telemetry {
    frames: std::sync::atomic::AtomicU8,
}

fn main() {}
