//! What is shared borrows nothing.
use shmstore::ShmValue;

#[derive(Clone, Copy, ShmValue)]
#[repr(C)]
struct Borrowed<'a> {
    text: u32,
    of: std::marker::PhantomData<&'a u32>,
}

fn main() {}
