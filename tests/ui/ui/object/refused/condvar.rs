//! A condition variable wakes threads of one process only.
use shmstore::ShmObject;

#[derive(ShmObject)]
#[repr(C)]
struct Telemetry {
    field: std::sync::Condvar,
}

fn main() {}
