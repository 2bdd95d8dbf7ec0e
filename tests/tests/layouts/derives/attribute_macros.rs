//! Attribute macros that leave the struct as it is may stand anywhere; those that change it, above the derive.
use shmstore::schema::Kind;
use shmstore::{ShmKey, ShmLayout, ShmObject, ShmValue};
use shmstore_tests_macros::{replace, unchanged};

#[unchanged]
#[derive(Clone, Copy)]
#[unchanged]
#[derive(ShmValue, ShmKey)]
#[unchanged]
#[repr(C)]
struct Value {
    number: u64,
}

#[replace("older" => "newer")]
#[derive(ShmObject)]
#[repr(C)]
struct Object {
    older: shmstore::Versioned<Value>,
}

#[test]
fn attribute_macros_may_stand_around_a_derive() {
    let Kind::Struct { fields, .. } = Object::SCHEMA.kind() else { panic!("not a struct") };
    assert_eq!(fields[0].name, "newer");
}
