//! No two variants are one.
use shmstore::ShmValue;
use shmstore_tests_macros::replace;

#[derive(Clone, Copy, PartialEq, Eq, ShmValue)]
#[replace("Third," => "")]
#[repr(u8)]
enum Mode {
    First,
    Second,
    Third,
}

impl Mode {
    #[allow(non_upper_case_globals)]
    const Third: Mode = Mode::First;
}

fn main() {}
