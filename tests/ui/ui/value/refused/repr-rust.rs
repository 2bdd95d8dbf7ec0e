//! `#[repr(Rust)]` fixes no layout.
use shmstore::ShmValue;

#[derive(Clone, Copy, ShmValue)]
#[repr(Rust)]
struct Reading {
    celsius: f64,
}

fn main() {}
