//! The alignment of `u128` differs between compilers.
use shmstore::ShmObject;

#[derive(ShmObject)]
#[repr(C)]
struct Telemetry {
    field: u128,
}

fn main() {}
