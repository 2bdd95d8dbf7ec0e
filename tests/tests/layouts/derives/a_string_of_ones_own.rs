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

#[test]
fn a_type_with_the_name_of_another_is_what_it_is() {
    assert_eq!(Reading::SCHEMA.size(), 32);
}
