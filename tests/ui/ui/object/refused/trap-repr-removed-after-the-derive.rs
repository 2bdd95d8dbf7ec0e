//! Another macro may take the `repr` away after the derive has looked.
use std::sync::atomic::{AtomicU8, AtomicU64};

use shmstore::ShmObject;
use shmstore_tests_macros::replace;

#[derive(ShmObject)]
#[replace("#[repr(C)]" => "")]
#[repr(C)]
struct Telemetry {
    small: AtomicU8,
    large: AtomicU64,
    last: AtomicU8,
}

fn main() {}
