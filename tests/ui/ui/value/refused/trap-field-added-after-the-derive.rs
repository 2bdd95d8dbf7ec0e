//! Another macro may add a field after the derive has looked.
use shmstore::ShmValue;
use shmstore_tests_macros::replace;

#[derive(Clone, Copy, ShmValue)]
#[replace("flag:" => "more: bool, flag:")]
#[repr(C)]
struct Reading {
    flag: u8,
}

fn main() {}
