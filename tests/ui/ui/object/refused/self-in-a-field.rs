//! `Self` is written out, because it would be another type in the view.
use shmstore::ShmObject;

#[derive(ShmObject)]
#[repr(C)]
struct Telemetry {
    frames: std::sync::atomic::AtomicU64,
    of: std::marker::PhantomData<Self>,
}

fn main() {}
