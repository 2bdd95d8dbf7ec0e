//! A std lock works in one process only.
use shmstore::ShmObject;

#[derive(ShmObject)]
#[repr(C)]
struct Telemetry {
    field: std::sync::RwLock<[u64; 2]>,
}

fn main() {}
