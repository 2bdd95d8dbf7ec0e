//! A schema holds arguments of up to 64 bits.
use shmstore::ShmObject;

#[derive(ShmObject)]
#[repr(C)]
struct Tagged<const TAG: u128> {
    frames: std::sync::atomic::AtomicU64,
}

fn main() {}
