//! A text is a value.
use shmstore::ShmObject;

#[derive(ShmObject)]
#[repr(C)]
struct Telemetry {
    field: shmstore::FixedString<16>,
}

fn main() {}
