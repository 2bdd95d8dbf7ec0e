//! What the derive refuses in its attribute, all mistakes at once.
use shmstore::ShmValue;

/// The crate is given by a path.
#[derive(Clone, Copy, ShmValue)]
#[repr(C)]
#[shm(crate = "not a path")]
struct CrateNotAPath {
    celsius: f64,
}

/// Each attribute is given once.
#[derive(Clone, Copy, ShmValue)]
#[repr(C)]
#[shm(id = 'T')]
#[shm(id = 'U')]
struct Duplicate {
    celsius: f64,
}

/// A name is not empty.
#[derive(Clone, Copy, ShmValue)]
#[repr(C)]
#[shm(name = "")]
struct NameEmpty {
    celsius: f64,
}

/// Attributes belong on the struct.
#[derive(Clone, Copy, ShmValue)]
#[repr(C)]
struct OnAField {
    #[shm(name = "c")]
    celsius: f64,
}

/// A value does not grow.
#[derive(Clone, Copy, ShmValue)]
#[repr(C)]
#[shm(id = 'T', room = 4096)]
struct WithRoom {
    celsius: f64,
}

/// All mistakes are told at once.
#[derive(Clone, Copy, ShmValue)]
#[repr(C)]
#[shm(id = "T", nam = "x")]
struct TwoMistakes {
    celsius: f64,
}

fn main() {}
