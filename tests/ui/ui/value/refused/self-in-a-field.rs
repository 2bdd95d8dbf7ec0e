//! `Self` is written out.
use shmstore::ShmValue;

#[derive(Clone, Copy, ShmValue)]
#[repr(C)]
struct Reading {
    samples: [u32; Self::SAMPLES],
}

impl Reading {
    const SAMPLES: usize = 3;
}

fn main() {}
