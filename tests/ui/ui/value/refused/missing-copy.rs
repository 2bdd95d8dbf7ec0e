//! A value is copied.
use shmstore::ShmValue;

#[derive(ShmValue)]
#[repr(C)]
struct Reading {
    celsius: f64,
}

fn main() {}
