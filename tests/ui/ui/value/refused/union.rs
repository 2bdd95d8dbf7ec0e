//! A union may be half initialized.
use shmstore::ShmValue;

#[derive(Clone, Copy, ShmValue)]
#[repr(C)]
union Bits {
    number: u32,
    float: f32,
}

fn main() {}
