use std::sync::atomic::AtomicU64;

use shmstore::{ReadOnly, ShmObject};

#[derive(ShmObject)]
#[repr(C)]
struct Telemetry {
    frames: AtomicU64,
}

fn reset(seen: &mut ReadOnly<Telemetry>) {
    let _ = &mut seen.frames;
}

fn main() {}
