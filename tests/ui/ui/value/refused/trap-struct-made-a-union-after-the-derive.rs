//! Another macro may make a union of the struct the derive saw: its bytes need not be initialized.
use shmstore::ShmValue;
use shmstore_tests_macros::replace;

#[derive(Clone, Copy, ShmValue)]
#[replace("struct" => "union")]
#[repr(C)]
struct Reading {
    number: u64,
}

fn main() {}
