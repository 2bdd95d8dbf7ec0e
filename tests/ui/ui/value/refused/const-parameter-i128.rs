//! A schema holds arguments of up to 64 bits, under any name of the type.
use shmstore::ShmValue;

type Tag = i128;

#[derive(Clone, Copy, ShmValue)]
#[repr(C)]
struct Tagged<const TAG: Tag> {
    number: u32,
}

fn main() {}
