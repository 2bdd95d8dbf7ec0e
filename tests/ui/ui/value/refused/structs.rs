//! What the derive refuses in a struct, each on the token to change.
use shmstore::ShmValue;

/// An array has at least one element.
#[derive(Clone, Copy, ShmValue)]
#[repr(C)]
struct EmptyArray {
    field: [u32; 0],
}

/// There is nothing to share.
#[derive(Clone, Copy, ShmValue)]
#[repr(C)]
struct EmptyStruct {}

/// The address of a function means nothing in another process.
#[derive(Clone, Copy, ShmValue)]
#[repr(C)]
struct FnPointer {
    field: fn(u32) -> u32,
}

/// An address means nothing in another process.
#[derive(Clone, Copy, ShmValue)]
#[repr(C)]
struct RawPointer {
    field: *const u8,
}

/// What is shared borrows nothing.
#[derive(Clone, Copy, ShmValue)]
#[repr(C)]
struct Lifetime<'a> {
    text: u32,
    of: std::marker::PhantomData<&'a u32>,
}

/// Packed fields are not aligned.
#[derive(Clone, Copy, ShmValue)]
#[repr(C, packed)]
struct Packed {
    flag: u8,
    celsius: f64,
}

/// Objects start at a page.
#[derive(Clone, Copy, ShmValue)]
#[repr(C)]
#[repr(align(8192))]
struct AlignTooLarge {
    samples: [u64; 1024],
}

/// `#[repr(Rust)]` fixes no layout.
#[derive(Clone, Copy, ShmValue)]
#[repr(Rust)]
struct ReprRust {
    celsius: f64,
}

/// A union may be half initialized.
#[derive(Clone, Copy, ShmValue)]
#[repr(C)]
union Union {
    number: u32,
    float: f32,
}

fn main() {}
