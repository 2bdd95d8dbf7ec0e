//! The width of `usize` is the process's own.
use shmstore::ShmValue;

#[derive(Clone, Copy, ShmValue)]
#[repr(usize)]
enum Mode {
    Idle,
    Drive,
}

fn main() {}
