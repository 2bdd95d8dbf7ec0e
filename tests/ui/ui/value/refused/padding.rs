//! Padding would be read uninitialized. Each gap has its message.
use shmstore::{FixedString, Pad, ShmValue};

/// The size of a string is not its capacity, so the message says it.
#[derive(Clone, Copy, ShmValue)]
#[repr(C)]
struct AfterAFixedString {
    name: FixedString<8>,
    t: f64,
}

/// A gap at the end is closed behind the last field.
#[derive(Clone, Copy, ShmValue)]
#[repr(C)]
struct AtTheEnd {
    t: f64,
    kind: u8,
}

/// A field is named as the schema names it.
#[derive(Clone, Copy, ShmValue)]
#[repr(C)]
struct BeforeARawIdentifier {
    kind: u8,
    r#type: u32,
}

/// A `Pad` that is too small is made larger, or removed where it causes the gap.
#[derive(Clone, Copy, ShmValue)]
#[repr(C)]
struct BesideAPad {
    kind: u8,
    _pad: Pad<3>,
    t: f64,
}

#[derive(Clone, Copy, ShmValue)]
#[repr(C)]
struct BesideAPad2 {
    t: f64,
    _pad: Pad<4>,
    u: f64,
    spare: Pad<1>,
}

/// Fields without names are padded by fields without names.
#[derive(Clone, Copy, ShmValue)]
#[repr(C)]
struct InATupleStruct(u8, u64);

/// Each gap has its message, and the name in it is free.
#[derive(Clone, Copy, ShmValue)]
#[repr(C)]
struct Twice {
    _pad: u8,
    t: u16,
    u: u64,
}

fn main() {}
