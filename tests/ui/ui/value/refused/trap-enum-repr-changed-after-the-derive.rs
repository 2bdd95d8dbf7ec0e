//! Another macro may change the `repr` after the derive has looked.
use shmstore::ShmValue;
use shmstore_tests_macros::replace;

#[derive(Clone, Copy, ShmValue)]
#[replace("u8" => "u16")]
#[repr(u8)]
enum Mode {
    Idle,
}

fn main() {}
