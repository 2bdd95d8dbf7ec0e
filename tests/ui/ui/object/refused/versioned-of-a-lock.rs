//! A lock is an object: it stands beside a `Versioned`, not in it.
use shmstore::ShmObject;

#[derive(ShmObject)]
#[repr(C)]
struct Telemetry {
    field: shmstore::Versioned<shmstore::Lock>,
}

fn main() {}
