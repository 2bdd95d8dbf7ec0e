//! A field without bytes is std's marker, whatever it is called.
use shmstore::ShmValue;

type PhantomData = [u64; 0];

#[derive(Clone, Copy, ShmValue)]
#[repr(C)]
struct Tagged {
    value: u64,
    tag: PhantomData,
}

fn main() {}
