//! A value is copied, so it cannot be dropped: rustc says so.
use shmstore::ShmValue;

#[derive(Clone, Copy, ShmValue)]
#[repr(C)]
struct Reading {
    celsius: f64,
}

impl Drop for Reading {
    fn drop(&mut self) {}
}

fn main() {}
