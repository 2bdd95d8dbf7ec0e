//! There is nothing to share in a struct without bytes.
use shmstore::ShmObject;

#[derive(ShmObject)]
#[repr(C)]
struct Nothing {
    unit: std::marker::PhantomData<u32>,
}

fn main() {}
