//! The compiler decides how an `Option` is stored.
use shmstore::ShmObject;

#[derive(ShmObject)]
#[repr(C)]
struct Telemetry {
    field: Option<u32>,
}

fn main() {}
