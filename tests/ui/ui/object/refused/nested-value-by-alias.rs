//! An alias hides nothing.
use shmstore::ShmObject;

type Word = u32;

#[derive(ShmObject)]
#[repr(C)]
struct Telemetry {
    word: Word,
}

fn main() {}
