//! A struct is a value or an object: no field is both.
use shmstore::{ShmObject, ShmValue};

#[derive(Clone, Copy, ShmValue, ShmObject)]
#[repr(C)]
struct Both {
    number: u32,
}

fn main() {}
