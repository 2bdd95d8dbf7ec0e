//! A packed field is not aligned, however the attribute is written.
use shmstore::ShmValue;
use shmstore_tests_macros::replace;

#[derive(Clone, Copy, ShmValue)]
#[replace("repr(C)" => "repr(C, packed)")]
#[repr(C)]
struct Replaced {
    kind: u8,
    value: u32,
}

#[derive(Clone, Copy, ShmValue)]
#[repr(C)]
#[r#repr(packed)]
struct Raw {
    kind: u8,
    value: u32,
}

fn main() {}
