//! The width of a C enum is the compiler's choice.
use shmstore::ShmValue;

#[derive(Clone, Copy, ShmValue)]
#[repr(C)]
enum Mode {
    Idle,
    Drive,
}

fn main() {}
