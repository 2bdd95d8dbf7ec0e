//! Another macro may change a type after the derive has looked.
use shmstore::ShmValue;
use shmstore_tests_macros::replace;

#[derive(Clone, Copy, ShmValue)]
#[replace("u8" => "bool")]
#[repr(C)]
struct Reading {
    flag: u8,
}

fn main() {}
