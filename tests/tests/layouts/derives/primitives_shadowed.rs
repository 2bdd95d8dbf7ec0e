//! A user may have types with the names of primitives, and of what the generated code uses.
#![allow(non_camel_case_types, dead_code)]

struct u8;
struct i128;
struct usize;
struct bool;
struct char;
struct Option;
struct Result;
struct Send;
struct Copy;
mod core {}
mod std {}

#[derive(::std::clone::Clone, ::std::marker::Copy, shmstore::ShmValue, shmstore::ShmKey)]
#[repr(C)]
#[shm(id = 'P')]
struct Value<const N: ::std::primitive::usize> {
    numbers: [u32; N],
    mode: Mode,
}

#[derive(::std::clone::Clone, ::std::marker::Copy, shmstore::ShmValue, shmstore::ShmKey)]
#[repr(u32)]
enum Mode {
    Idle,
}

#[derive(shmstore::ShmObject)]
#[repr(C)]
struct Object {
    frames: ::std::sync::atomic::AtomicU64,
    of: shmstore::Versioned<Value<3>>,
}

pub(super) fn check() {
    assert_eq!(<Object as shmstore::ShmLayout>::SCHEMA.size(), size_of::<Object>());
}
