//! An object may have padding.
use shmstore::ShmObject;

#[derive(ShmObject)]
#[repr(C)]
struct Telemetry {
    field: shmstore::Pad<4>,
}

fn main() {}
