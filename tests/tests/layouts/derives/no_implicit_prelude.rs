//! The generated code needs no prelude.
#![no_implicit_prelude]

#[derive(::std::clone::Clone, ::std::marker::Copy, ::shmstore::ShmValue, ::shmstore::ShmKey)]
#[repr(C)]
struct Value<const N: usize> {
    numbers: [u32; N],
    flag: [bool; 4],
}

#[derive(::std::clone::Clone, ::std::marker::Copy, ::shmstore::ShmValue, ::shmstore::ShmKey)]
#[repr(u32)]
enum Mode {
    Idle,
}

#[derive(::shmstore::ShmObject)]
#[repr(C)]
#[shm(id = 'O')]
struct Object {
    frames: ::std::sync::atomic::AtomicU64,
    of: ::shmstore::Versioned<Value<3>>,
    mode: ::shmstore::AtomicValue<Mode>,
}

pub(super) fn check() {
    ::std::assert_eq!(<Object as ::shmstore::ShmLayout>::SCHEMA.size(), ::std::mem::size_of::<Object>());
}
