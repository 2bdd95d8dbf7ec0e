//! The alignment of `i128` differs between compilers.
use shmstore::ShmObject;

#[derive(ShmObject)]
#[repr(C)]
struct Telemetry {
    field: i128,
}

fn main() {}
