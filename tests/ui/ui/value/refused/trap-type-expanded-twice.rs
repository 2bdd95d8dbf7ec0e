//! A macro may stand for another type each time.
use shmstore::ShmValue;
use shmstore_tests_macros::alternating;

#[derive(Clone, Copy, ShmValue)]
#[repr(C)]
struct Reading {
    number: alternating!(),
}

fn main() {}
