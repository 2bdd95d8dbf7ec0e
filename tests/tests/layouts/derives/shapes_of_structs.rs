//! Tuple structs, transparent structs, alignments in one attribute or two.
#![deny(warnings)]

use std::marker::PhantomData;
use std::sync::atomic::{AtomicU16, AtomicU64};

use shmstore::schema::Kind;
use shmstore::{ShmLayout, ShmObject, ShmValue};

#[derive(Clone, Copy, ShmValue)]
#[repr(C)]
struct Point(f64, f64);

#[derive(Clone, Copy, ShmValue)]
#[repr(transparent)]
struct Metres(f64, PhantomData<u8>);

#[derive(Clone, Copy, ShmValue)]
#[repr(C, align(16))]
struct Wide(u64, u64);

#[derive(ShmObject)]
#[repr(transparent)]
struct Counter {
    count: AtomicU64,
    unit: PhantomData<u8>,
}

#[derive(ShmObject)]
#[repr(C)]
#[repr(align(4096))]
struct Page(AtomicU16, AtomicU64);

#[test]
fn structs_of_every_shape_are_shared() {
    let Kind::Struct { fields, .. } = Point::SCHEMA.kind() else { panic!("not a struct") };
    assert_eq!((fields[1].name, fields[1].offset), ("1", 8));
    assert_eq!(Metres::SCHEMA.size(), 8);
    assert_eq!(Wide::SCHEMA.align(), 16);
    assert_eq!(Counter::SCHEMA.align(), align_of::<<Counter as ShmObject>::View>());
    assert_eq!(Page::SCHEMA.align(), 4096);
    assert_eq!(align_of::<<Page as ShmObject>::View>(), 4096);
}
