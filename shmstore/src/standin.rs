//! Stand-ins with the names and layouts that the derives' tests need; the real parts take their place.
#![allow(unsafe_code, missing_docs, missing_debug_implementations, dead_code)]

use std::marker::PhantomData;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::error::InvalidValue;
use crate::layout::{Any, ShmId, ShmLayout, ShmObject, ShmValue};
use crate::schema::{Kind, Schema};
use crate::view::AtomicView;

#[repr(C)]
pub struct Atomic<V: ShmValue>(AtomicU64, PhantomData<V>);

// SAFETY: one atomic word.
unsafe impl<V: ShmValue> ShmLayout for Atomic<V> {
    const SCHEMA: &'static Schema = &Schema::of::<Self>(Kind::AtomicCell { value: V::SCHEMA });
}
// SAFETY: one atomic word.
unsafe impl<V: ShmValue> ShmObject for Atomic<V> {
    type View = AtomicView<AtomicU64>;
}
impl<V: ShmValue + ShmId> ShmId for Atomic<V> {
    const ID: char = V::ID;
}

#[repr(C)]
pub struct Versioned<V: ShmValue>([AtomicU64; 1], PhantomData<V>);

impl<V: ShmValue> Versioned<V> {
    pub fn version(&self) -> u64 {
        self.0[0].load(Relaxed)
    }
}

// SAFETY: one atomic word.
unsafe impl<V: ShmValue> ShmLayout for Versioned<V> {
    const SCHEMA: &'static Schema = &Schema::of::<Self>(Kind::Versioned { value: V::SCHEMA });
}
// SAFETY: one atomic word.
unsafe impl<V: ShmValue> ShmObject for Versioned<V> {
    type View = [AtomicView<AtomicU64>; 1];
}
impl<V: ShmValue + ShmId> ShmId for Versioned<V> {
    const ID: char = V::ID;
}

#[repr(transparent)]
pub struct CacheAligned<O: ShmObject>(O);

// SAFETY: transparent.
unsafe impl<O: ShmObject> ShmLayout for CacheAligned<O> {
    const SCHEMA: &'static Schema = &Schema::of::<Self>(Kind::CacheAligned { object: O::SCHEMA });
}
// SAFETY: transparent.
unsafe impl<O: ShmObject> ShmObject for CacheAligned<O> {
    type View = O::View;
}

#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct FixedString<const N: usize> {
    len: [u8; 4],
    bytes: [u8; N],
}

// SAFETY: bytes.
unsafe impl<const N: usize> ShmLayout for FixedString<N> {
    const SCHEMA: &'static Schema = &Schema::of::<Self>(Kind::FixedString { capacity: N });
}
// SAFETY: bytes.
unsafe impl<const N: usize> ShmValue for FixedString<N> {
    type Validity = Any;
    fn check_bits(_: &[u8]) -> Result<(), InvalidValue> {
        Ok(())
    }
}

#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct FixedVec<V: ShmValue, const N: usize> {
    len: [u8; 8],
    items: [V; N],
}

// SAFETY: bytes and items.
unsafe impl<V: ShmValue, const N: usize> ShmLayout for FixedVec<V, N> {
    const SCHEMA: &'static Schema = &Schema::of::<Self>(Kind::FixedVec { capacity: N, element: V::SCHEMA });
}
// SAFETY: bytes and items.
unsafe impl<V: ShmValue, const N: usize> ShmValue for FixedVec<V, N> {
    type Validity = V::Validity;
    fn check_bits(bytes: &[u8]) -> Result<(), InvalidValue> {
        <[V; N]>::check_bits(&bytes[8..])
    }
}

#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Pad<const N: usize>([u8; N]);

// SAFETY: bytes.
unsafe impl<const N: usize> ShmLayout for Pad<N> {
    const SCHEMA: &'static Schema = &Schema::of::<Self>(Kind::Pad);
}
// SAFETY: bytes.
unsafe impl<const N: usize> ShmValue for Pad<N> {
    type Validity = Any;
    fn check_bits(_: &[u8]) -> Result<(), InvalidValue> {
        Ok(())
    }
}
