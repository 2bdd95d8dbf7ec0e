//! A field is named as the schema names it.
use shmstore::ShmValue;

#[derive(Clone, Copy, ShmValue)]
#[repr(C)]
struct Reading {
    kind: u8,
    r#type: u32,
}

fn main() {}
