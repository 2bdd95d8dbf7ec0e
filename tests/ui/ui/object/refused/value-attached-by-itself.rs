//! A value is not shared by itself, but in a part.
use shmstore::{ShmValue, Store};

#[derive(Clone, Copy, ShmValue)]
#[repr(C)]
#[shm(id = 'P')]
struct Position {
    x: f64,
}

fn main() {
    let store = Store::open("/").unwrap();
    let _ = store.attach::<Position>();
}
