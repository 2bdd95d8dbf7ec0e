//! A `Pad` that is too small is made larger, or removed where it causes the gap.
use shmstore::{Pad, ShmValue};

#[derive(Clone, Copy, ShmValue)]
#[repr(C)]
struct TooSmall {
    kind: u8,
    _pad: Pad<3>,
    t: f64,
}

#[derive(Clone, Copy, ShmValue)]
#[repr(C)]
struct NotNeeded {
    t: f64,
    _pad: Pad<4>,
    u: f64,
    spare: Pad<1>,
}

fn main() {}
