//! Every type that the table allows in an object, and its view, which has the same layout.
#![forbid(unsafe_code)]
#![deny(missing_docs, unreachable_pub, warnings)]

use std::marker::PhantomData;
use std::mem::{align_of, offset_of, size_of};
use std::sync::atomic::{AtomicI8, AtomicI16, AtomicI32, AtomicI64, AtomicU8, AtomicU16, AtomicU32, AtomicU64};

use shmstore::{AtomicValue, CacheAligned, ShmId, ShmLayout, ShmObject, ShmValue, Versioned};

/// A value that nobody outside sees.
#[derive(Clone, Copy, Debug, ShmValue)]
#[repr(u8)]
enum Mode {
    Idle,
}

/// An object that nobody outside sees.
#[derive(ShmObject)]
#[repr(C)]
pub(crate) struct Inner {
    small: AtomicU8,
    large: AtomicU64,
}

/// All there is.
#[derive(ShmObject)]
#[repr(C)]
#[shm(id = 'T', name = "All")]
pub struct Everything {
    /// A counter.
    pub a: AtomicU8,
    b: AtomicU64,
    c: AtomicI8,
    d: AtomicI64,
    e: AtomicU16,
    f: AtomicU32,
    g: AtomicI16,
    h: AtomicI32,
    mode: AtomicValue<Mode>,
    rate: AtomicValue<f64>,
    point: Versioned<[f32; 3]>,
    aligned: CacheAligned<AtomicU64>,
    pub(crate) inner: Inner,
    rows: [[Inner; 2]; 3],
    unit: PhantomData<u32>,
}

type View = <Everything as ShmObject>::View;

fn shown(view: &View) -> String {
    format!("{} {view:?}", view.a.load(std::sync::atomic::Ordering::Relaxed))
}

#[test]
fn a_view_has_the_layout_of_its_object() {
    assert_eq!(Everything::ID, 'T');
    assert_eq!(Everything::SCHEMA.size(), size_of::<Everything>());
    assert_eq!((size_of::<View>(), align_of::<View>()), (size_of::<Everything>(), align_of::<Everything>()));
    assert_eq!(offset_of!(View, a), offset_of!(Everything, a));
    assert_eq!(offset_of!(View, inner), offset_of!(Everything, inner));
    assert_eq!(offset_of!(View, rows), offset_of!(Everything, rows));
    let _ = (shown, Mode::Idle);
}
