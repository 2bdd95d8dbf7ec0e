//! A union may be half initialized.
use shmstore::ShmObject;

#[derive(ShmObject)]
#[repr(C)]
union Bits {
    number: std::mem::ManuallyDrop<std::sync::atomic::AtomicU32>,
}

fn main() {}
