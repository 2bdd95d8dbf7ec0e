//! A barrier works in one process only.
use shmstore::ShmObject;

#[derive(ShmObject)]
#[repr(C)]
struct Telemetry {
    field: [std::sync::Barrier; 2],
}

fn main() {}
