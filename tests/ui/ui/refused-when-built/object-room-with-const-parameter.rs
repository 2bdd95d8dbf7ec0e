//! With const parameters, a room that is too small shows when a program that uses the type is built.
use shmstore::{ShmLayout, ShmObject};

#[derive(ShmObject)]
#[repr(C)]
#[shm(id = 'R', room = 16 * 4)]
struct Ring<const N: usize> {
    slots: [std::sync::atomic::AtomicU8; N],
}

fn main() {
    let _ = <Ring<65>>::SCHEMA;
}
