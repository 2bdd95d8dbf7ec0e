//! A field that is a value and not a key has advice. A field that is no value is reported once, as such.
use shmstore::{FixedVec, ShmKey, ShmValue};

type Meters = f32;

#[derive(Clone, Copy, ShmValue)]
#[repr(C)]
struct Plain {
    number: u64,
}

#[derive(Clone, Copy, ShmValue, ShmKey)]
#[repr(C)]
struct Cell {
    price: f64,
    corners: [[f32; 2]; 3],
    meters: Meters,
    list: FixedVec<u8, 8>,
    _pad: shmstore::Pad<4>,
    plain: Plain,
    several: [Plain; 2],
}

#[derive(Clone, Copy, ShmValue, ShmKey)]
#[repr(C)]
struct Wide {
    number: u64,
    index: usize,
}

fn main() {}
