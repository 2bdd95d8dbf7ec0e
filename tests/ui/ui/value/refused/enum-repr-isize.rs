//! The width of `isize` is the process's own.
use shmstore::ShmValue;

#[derive(Clone, Copy, ShmValue)]
#[repr(isize)]
enum Mode {
    Idle,
    Drive,
}

fn main() {}
