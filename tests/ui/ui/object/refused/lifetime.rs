//! What is shared borrows nothing.
use shmstore::ShmObject;

#[derive(ShmObject)]
#[repr(C)]
struct Borrowed<'a> {
    frames: std::sync::atomic::AtomicU64,
    of: std::marker::PhantomData<&'a u32>,
}

fn main() {}
