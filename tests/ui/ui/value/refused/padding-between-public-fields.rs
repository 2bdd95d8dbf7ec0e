//! The padding is as visible as the field beside it, or another crate could not write the struct out.
use shmstore::ShmValue;

#[derive(Clone, Copy, ShmValue)]
#[repr(C)]
pub struct Reading {
    pub kind: u8,
    pub t: f64,
    pub(crate) flags: u16,
}

fn main() {}
