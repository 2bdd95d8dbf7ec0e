use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use shmstore::{AtomicValue, ReadOnly, ShmObject};

#[derive(ShmObject)]
#[repr(C)]
struct Telemetry {
    frames: AtomicU64,
    speed: AtomicValue<f64>,
}

fn count(seen: &ReadOnly<Telemetry>) {
    seen.frames.fetch_add(1, Relaxed);
    seen.speed.store(1.0, Relaxed);
}

fn main() {}
