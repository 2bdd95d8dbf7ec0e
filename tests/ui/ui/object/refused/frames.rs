//! Frames with a wrong number of slots or elements, or with elements of no size.
use shmstore::{Frames, ShmObject};

#[derive(ShmObject)]
#[repr(C)]
struct TooFewSlots {
    images: Frames<u8, 4096, 2>,
}

#[derive(ShmObject)]
#[repr(C)]
struct TooManySlots {
    images: Frames<u8, 4096, 17>,
}

#[derive(ShmObject)]
#[repr(C)]
struct NoElements {
    images: Frames<u8, 0, 4>,
}

#[derive(ShmObject)]
#[repr(C)]
struct ElementsWithoutSize {
    images: Frames<(), 4096, 4>,
}

/// So are frames in ordinary memory.
static OF_A_PROGRAM: Frames<u8, 4096, 2> = Frames::new();

fn main() {}
