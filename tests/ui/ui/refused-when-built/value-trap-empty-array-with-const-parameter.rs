//! With const parameters, an empty array shows when a program that uses the type is built.
use shmstore::{ShmLayout, ShmValue};

#[derive(Clone, Copy, ShmValue)]
#[repr(C)]
struct Samples<const N: usize> {
    bytes: [u8; N],
    sum: u8,
}

fn main() {
    let _ = <Samples<0>>::SCHEMA;
}
