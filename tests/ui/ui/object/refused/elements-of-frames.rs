//! Elements and metadata of frames are values.
use shmstore::{Frames, Lock, ShmObject};

#[derive(ShmObject)]
#[repr(C)]
struct Camera {
    texts: Frames<String, 64, 4>,
    widths: Frames<usize, 64, 4>,
    locks: Frames<Lock, 64, 4>,
    images: Frames<u8, 4096, 4, String>,
}

fn main() {}
