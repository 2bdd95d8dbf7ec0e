//! The compiler chooses how an enum without a repr is stored.
use shmstore::ShmValue;

#[derive(Clone, Copy, ShmValue)]
enum Mode {
    Idle,
    Drive,
}

fn main() {}
