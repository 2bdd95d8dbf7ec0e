//! A field without bytes is std's `PhantomData`, by what it is and not by what it is called.

use std::marker::PhantomData as Marker;

use shmstore::{ShmLayout, ShmObject, ShmValue};

#[derive(Clone, Copy, ShmValue)]
#[repr(C)]
struct Meters {
    value: f64,
    unit: Marker<fn() -> String>,
}

#[derive(ShmObject)]
#[repr(C)]
struct Tagged {
    count: std::sync::atomic::AtomicU64,
    tags: [Marker<u8>; 3],
}

#[test]
fn phantom_data_may_have_another_name() {
    assert_eq!((Meters::SCHEMA.size(), Tagged::SCHEMA.size()), (8, 8));
    assert_eq!(Meters { value: 1.0, unit: Marker }.unit, Meters::zeroed().unit);
    let _ = |tagged: &Tagged| (tagged.count.load(std::sync::atomic::Ordering::Relaxed), tagged.tags);
}
