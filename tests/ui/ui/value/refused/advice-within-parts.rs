//! What is in a list gets the advice that it would get as a field.
use shmstore::{FixedVec, ShmValue};

#[derive(Clone, Copy, ShmValue)]
#[repr(C)]
struct Reading {
    names: FixedVec<String, 4>,
}

fn main() {}
