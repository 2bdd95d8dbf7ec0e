//! A capacity of 0 is refused on its token.
use shmstore::{FixedString, FixedVec, Pad, ShmValue};

#[derive(Clone, Copy, ShmValue)]
#[repr(C)]
struct Log {
    name: FixedString<0>,
    lines: FixedVec<[u8; 4], 0>,
    spare: Pad<0>,
}

fn main() {}
