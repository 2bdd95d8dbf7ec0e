//! A field without bytes is std's marker, whatever it is called.
use shmstore::ShmObject;
use std::sync::atomic::AtomicU64;

type PhantomData = [AtomicU64; 0];

#[derive(ShmObject)]
#[repr(C)]
struct Tagged {
    value: AtomicU64,
    tag: PhantomData,
}

fn main() {}
