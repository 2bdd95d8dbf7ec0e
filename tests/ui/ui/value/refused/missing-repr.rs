//! The compiler may order the fields of a struct without `#[repr(C)]`.
use shmstore::ShmValue;

#[derive(Clone, Copy, ShmValue)]
struct Reading {
    celsius: f64,
}

fn main() {}
