//! With const parameters, padding shows when a program that uses the type is built.
use shmstore::{ShmLayout, ShmValue};

#[derive(Clone, Copy, ShmValue)]
#[repr(C)]
struct Samples<const N: usize> {
    bytes: [u8; N],
    sum: u32,
}

fn main() {
    let _ = <Samples<4>>::SCHEMA;
    let _ = <Samples<3>>::SCHEMA;
}
