//! A schema holds arguments of up to 64 bits.
use shmstore::ShmValue;

#[derive(Clone, Copy, ShmValue)]
#[repr(C)]
struct Tagged<const TAG: u128> {
    number: u32,
}

fn main() {}
