//! A value goes into a `Versioned` or an `AtomicValue`.
use shmstore::{ShmObject, ShmValue};

#[derive(Clone, Copy, ShmValue)]
#[repr(C)]
struct Position {
    x: f64,
}

#[derive(ShmObject)]
#[repr(C)]
struct Telemetry {
    position: Position,
}

fn main() {}
