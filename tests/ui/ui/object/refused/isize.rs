//! The width of `isize` is the process's own.
use shmstore::ShmObject;

#[derive(ShmObject)]
#[repr(C)]
struct Telemetry {
    field: isize,
}

fn main() {}
