//! What a type has itself does not come before what the traits say.
#![allow(dead_code)]

use shmstore::{ShmLayout, ShmObject, ShmValue, Versioned};

#[derive(Clone, Copy, ShmValue)]
#[repr(C)]
struct Value {
    flag: bool,
}

impl Value {
    const SCHEMA: u8 = 1;
    const LAYOUT_HASH: u8 = 1;
    const SIZE: u8 = 1;
    const ANY_BITS: bool = true;
    const ID: u8 = 1;
    fn check_bits() {}
    fn check_field() {}
}

#[derive(Clone, Copy, ShmValue)]
#[repr(C)]
struct Outer {
    value: Value,
}

#[derive(ShmObject)]
#[repr(C)]
struct Object {
    of: Versioned<Outer>,
}

impl Object {
    const SCHEMA: u8 = 1;
    const VIEW_IS_ALIKE: u8 = 1;
}

#[test]
fn inherent_items_do_not_come_before_what_the_traits_say() {
    assert_eq!(<Outer as ShmValue>::check_bits(&[2]).unwrap_err().path(), "value.flag");
    assert_eq!(<Object as ShmLayout>::SCHEMA.size(), size_of::<Object>());
}
