//! An array has elements, also if these have no bytes.
use shmstore::ShmValue;
use std::marker::PhantomData;

const NONE: usize = 0;

#[derive(Clone, Copy, ShmValue)]
#[repr(C)]
struct Tagged {
    value: u32,
    tags: [PhantomData<u8>; NONE],
}

fn main() {}
