//! Another macro may leave a constant where the derive saw a variant: its number is no valid value.
use shmstore::ShmValue;
use shmstore_tests_macros::replace;

#[derive(Clone, Copy, ShmValue)]
#[replace("Fast = 200," => "")]
#[repr(u8)]
enum Mode {
    Idle,
    Fast = 200,
}

impl Mode {
    #[allow(non_upper_case_globals)]
    const Fast: u8 = 200;
}

fn main() {}
