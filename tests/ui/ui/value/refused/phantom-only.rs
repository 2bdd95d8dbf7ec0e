//! There is nothing to share in a struct without bytes.
use shmstore::ShmValue;

#[derive(Clone, Copy, ShmValue)]
#[repr(C)]
struct Nothing {
    unit: std::marker::PhantomData<u32>,
}

fn main() {}
