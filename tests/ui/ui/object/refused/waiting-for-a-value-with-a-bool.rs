//! What may be wrong is waited for by the twin that checks.
use std::time::Duration;

use shmstore::{ShmValue, Versioned};

#[derive(Clone, Copy, ShmValue)]
#[repr(C)]
struct Door {
    is_open: bool,
}

fn wait(door: &Versioned<Door>) {
    let _ = door.wait_newer(0, Duration::ZERO);
}

fn main() {}
