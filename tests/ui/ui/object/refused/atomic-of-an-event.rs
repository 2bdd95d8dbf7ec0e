//! An event is an object: it is an atomic part already.
use shmstore::ShmObject;

#[derive(ShmObject)]
#[repr(C)]
struct Telemetry {
    field: shmstore::AtomicValue<shmstore::Event>,
}

fn main() {}
