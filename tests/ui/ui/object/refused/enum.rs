//! An enum is a value.
use shmstore::ShmObject;

#[derive(ShmObject)]
#[repr(u8)]
enum Mode {
    Idle,
    Drive,
}

fn main() {}
