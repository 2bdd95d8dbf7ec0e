//! A shared enum is a number.
use shmstore::ShmValue;

#[derive(Clone, Copy, ShmValue)]
#[repr(u8)]
enum Mode {
    Idle,
    Drive { speed: u8 },
    Turn(u8),
}

fn main() {}
