//! What the derive refuses in an enum.
use shmstore::ShmValue;

/// A shared enum is a number.
#[derive(Clone, Copy, ShmValue)]
#[repr(u8)]
enum WithFields {
    Idle,
    Drive { speed: u8 },
    Turn(u8),
}

/// A shared enum is a number.
#[derive(Clone, Copy, ShmValue)]
#[repr(u8)]
enum WithParameters<const N: usize> {
    Idle,
}

/// The compiler chooses how an enum without a repr is stored.
#[derive(Clone, Copy, ShmValue)]
enum WithoutRepr {
    Idle,
    Drive,
}

/// The width of a C enum is the compiler's choice.
#[derive(Clone, Copy, ShmValue)]
#[repr(C)]
enum ReprC {
    Idle,
    Drive,
}

fn main() {}
