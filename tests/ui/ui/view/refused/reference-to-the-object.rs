use std::sync::atomic::AtomicU64;

use shmstore::{ReadOnly, ShmObject};

#[derive(ShmObject)]
#[repr(C)]
struct Telemetry {
    frames: AtomicU64,
}

fn object(seen: &ReadOnly<Telemetry>) -> &Telemetry {
    seen
}

fn main() {}
