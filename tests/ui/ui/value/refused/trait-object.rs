//! A trait object is made of addresses.
use shmstore::ShmValue;

#[derive(Clone, Copy, ShmValue)]
#[repr(C)]
struct Reading {
    field: &'static dyn std::fmt::Debug,
}

fn main() {}
