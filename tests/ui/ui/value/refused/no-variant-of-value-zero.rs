//! Shared memory starts as zeros.
use shmstore::ShmValue;

#[derive(Clone, Copy, ShmValue)]
#[repr(u8)]
enum Mode {
    Idle = 1,
    Drive = 2,
}

fn main() {}
