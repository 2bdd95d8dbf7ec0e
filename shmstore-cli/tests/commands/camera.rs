//! An object with frames.

#![allow(dead_code)] // Each user needs only a part.

use shmstore::frames::FrameMut;
use shmstore::schema::OwnedSchema;
use shmstore::{Frames, ShmLayout, ShmObject, ShmValue};

#[derive(Clone, Copy, Debug, PartialEq, Eq, ShmValue)]
#[repr(u32)]
pub(crate) enum Format {
    Gray8 = 0,
    Bgr8 = 1,
    Yuyv = 2,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ShmValue)]
#[repr(C)]
pub(crate) struct Info {
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) stride: u32,
    pub(crate) format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ShmValue)]
#[repr(C)]
pub(crate) struct Size {
    pub(crate) width: u32,
    pub(crate) height: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ShmValue)]
#[repr(C)]
pub(crate) struct Bgr {
    pub(crate) b: u8,
    pub(crate) g: u8,
    pub(crate) r: u8,
}

#[derive(ShmObject)]
#[repr(C)]
#[shm(id = 'I')]
pub(crate) struct Camera {
    pub(crate) images: Frames<u8, 100, 4, Info>,
    pub(crate) pixels: Frames<Bgr, 8, 3, Size>,
    pub(crate) plain: Frames<u8, 48, 3, Size>,
    pub(crate) samples: Frames<u16, 9, 3>,
}

pub(crate) fn camera() -> OwnedSchema {
    OwnedSchema::from(Camera::SCHEMA)
}

pub(crate) fn info(width: u32, height: u32, stride: u32, format: Format) -> Info {
    Info { width, height, stride, format }
}

/// Publishes a frame with these elements.
pub(crate) fn publish<E: ShmValue, const N: usize, const K: usize, M: ShmValue>(
    frames: &Frames<E, N, K, M>,
    meta: M,
    elements: &[E],
) -> u64 {
    let mut frame: FrameMut<'_, E, N, K, M> = frames.try_loan().expect("a slot");
    frame.set_meta(meta);
    frame.copy_from(elements).expect("they fit");
    frame.publish().expect("it is ours")
}
