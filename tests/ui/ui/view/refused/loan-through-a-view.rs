use shmstore::{Frames, ReadOnly, ShmObject};

#[derive(ShmObject)]
#[repr(C)]
struct Camera {
    images: Frames<u8, 4096, 4>,
}

fn film(seen: &ReadOnly<Camera>) {
    drop(seen.images.try_loan());
    seen.images.pin_newest().unwrap().unwrap().set_len(3);
}

fn main() {}
