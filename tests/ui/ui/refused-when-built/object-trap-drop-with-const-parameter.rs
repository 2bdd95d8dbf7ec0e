//! With const parameters, `Drop` shows when a program that uses the type is built.
use shmstore::{ShmLayout, ShmObject};

#[derive(ShmObject)]
#[repr(C)]
struct Ring<const N: usize> {
    slots: [std::sync::atomic::AtomicU8; N],
}

impl<const N: usize> Drop for Ring<N> {
    fn drop(&mut self) {}
}

fn main() {
    let _ = <Ring<3>>::SCHEMA;
}
