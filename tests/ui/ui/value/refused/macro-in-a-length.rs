//! A macro could be another number each time it is expanded.
use shmstore::ShmValue;

macro_rules! two {
    () => {
        2
    };
}

#[derive(Clone, Copy, ShmValue)]
#[repr(C)]
struct Samples {
    list: [[u8; two!()]; 3],
}

fn main() {}
