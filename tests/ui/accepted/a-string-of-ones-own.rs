//! The advice goes by the name of a type, the decision by the type.
use shmstore::{ShmLayout, ShmValue};

mod a {
    #[derive(Clone, Copy, shmstore::ShmValue)]
    #[repr(C)]
    pub struct String {
        bytes: [u8; 16],
    }
}

use a::String as Vec;

#[derive(Clone, Copy, ShmValue)]
#[repr(C)]
struct Reading {
    name: a::String,
    other: Vec,
}

fn main() {
    assert_eq!(Reading::SCHEMA.size(), 32);
}
