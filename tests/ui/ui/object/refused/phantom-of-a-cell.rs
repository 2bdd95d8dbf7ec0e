//! A phantom must be what threads can share.
use shmstore::ShmObject;

#[derive(ShmObject)]
#[repr(C)]
struct Telemetry {
    frames: std::sync::atomic::AtomicU64,
    of: std::marker::PhantomData<std::cell::Cell<u8>>,
}

fn main() {}
