//! A shared enum is a number.
use shmstore::ShmValue;

#[derive(Clone, Copy, ShmValue)]
#[repr(u8)]
enum Mode<const N: usize> {
    Idle,
}

fn main() {}
