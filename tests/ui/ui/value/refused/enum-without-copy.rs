//! An enum is copied, too.
use shmstore::ShmValue;

#[derive(ShmValue)]
#[repr(u8)]
enum Mode {
    Idle,
    Drive,
}

fn main() {}
