//! Advice about what is in a part goes by the part's name, the decision by the type: here every name is another type's.
#![deny(warnings)]
#![allow(dead_code)]

use shmstore::{ShmLayout, ShmObject, ShmValue};

trait Bits {
    type Bits;
}

impl Bits for usize {
    type Bits = u64;
}

impl Bits for (u32, u32) {
    type Bits = [u32; 2];
}

type Versioned<T> = shmstore::Versioned<<T as Bits>::Bits>;
type AtomicValue<T> = shmstore::AtomicValue<<T as Bits>::Bits>;
type FixedVec<T, const N: usize> = shmstore::FixedVec<<T as Bits>::Bits, N>;
type Queue<T, const N: usize> = shmstore::Queue<<T as Bits>::Bits, N>;
type CacheAligned<T> = shmstore::CacheAligned<AtomicValue<T>>;

#[derive(Clone, Copy, ShmValue)]
#[repr(transparent)]
struct String(u8);

type Vec = String;

#[derive(Clone, Copy, ShmValue)]
#[repr(C)]
struct Reading {
    name: String,
    others: [Vec; 2],
}

#[derive(ShmObject)]
#[repr(C)]
struct Telemetry<const N: usize> {
    width: Versioned<usize>,
    tuple: [Versioned<(u32, u32)>; 2],
    number: AtomicValue<usize>,
    line: CacheAligned<usize>,
    queue: Queue<usize, N>,
    text: shmstore::Versioned<shmstore::FixedVec<String, N>>,
    texts: shmstore::AtomicValue<[String; 2]>,
}

#[derive(Clone, Copy, ShmValue)]
#[repr(transparent)]
struct Widths<const N: usize> {
    widths: FixedVec<usize, N>,
}

/// A type, or a part of it, may come from elsewhere than the struct.
macro_rules! made {
    ($name:ident, $value:ident, $($whole:tt)+) => {
        #[derive(ShmObject)]
        #[repr(C)]
        struct $name {
            whole: $($whole)+,
            of: shmstore::Versioned<$value>,
            own: shmstore::Versioned<String>,
        }
    };
}

made!(Made, String, shmstore::Versioned<String>);

#[test]
fn the_type_decides_and_not_its_name() {
    assert_eq!(Made::SCHEMA.size(), 3 * 128);
    assert_eq!(Telemetry::<4>::SCHEMA.size(), size_of::<Telemetry<4>>());
    assert_eq!((Widths::<4>::SCHEMA.size(), Reading::SCHEMA.size()), (40, 3));
}
