//! The bytes beside a smaller integer would be uninitialized.
use shmstore::ShmValue;
use shmstore_tests_macros::replace;

#[derive(Clone, Copy, ShmValue)]
#[replace("u32" => "u8, align(4)")]
#[repr(u32)]
enum Mode {
    Idle,
    Drive,
}

#[derive(Clone, Copy, ShmValue)]
#[replace("u8" => "i8")]
#[repr(u8)]
enum Sign {
    Zero = 0,
    Minus = -1,
}

fn main() {}
