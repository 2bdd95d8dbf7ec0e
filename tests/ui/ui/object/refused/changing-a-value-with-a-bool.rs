//! What may be wrong is changed by the methods that check.
use shmstore::{ShmValue, Versioned};

#[derive(Clone, Copy, ShmValue)]
#[repr(C)]
struct Door {
    is_open: bool,
}

fn change(door: &Versioned<Door>) {
    drop(door.begin());
    door.update(|door| door.is_open = true);
}

fn main() {}
