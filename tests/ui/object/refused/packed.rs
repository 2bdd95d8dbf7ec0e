//! No atomic can be packed.
use shmstore::ShmObject;

#[derive(ShmObject)]
#[repr(C, packed(4))]
struct Telemetry {
    frames: std::sync::atomic::AtomicU64,
}

fn main() {}
