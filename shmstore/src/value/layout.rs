//! The layout of the fixed-size values.
//!
//! # Safety
//!
//! This file assumes that `FixedString`, `FixedVec` and `Pad` are `#[repr(C)]` structs with exactly the fields named
//! here. It promises that they have no padding. The compile-time assertions `LAYOUT_HOLDS` prove that. They are
//! evaluated wherever a value is made or checked, and wherever the schema is used.
#![allow(unsafe_code)]

use std::mem::offset_of;

use super::{FixedString, FixedVec, Pad};
use crate::layout::InvalidValue;
use crate::layout::schema::{Kind, Schema};
use crate::layout::{Any, ShmLayout, ShmValue};

/// The offset of the text in a `FixedString`, after the length, a `u32`.
const TEXT_OFFSET: usize = 4;
/// The offset of the elements in a `FixedVec`, after the length, a `u64`.
const ITEMS_OFFSET: usize = 8;

impl<const N: usize> FixedString<N> {
    pub(super) const LAYOUT_HOLDS: () = {
        assert!(N > 0, "a `FixedString<N>` has room for at least one byte: use `N` of 1 or more");
        assert!(N as u64 <= u32::MAX as u64, "a `FixedString<N>` stores its length as a `u32`: use `N` below 2^32");
        assert!(offset_of!(Self, bytes) == TEXT_OFFSET);
        assert!(size_of::<Self>() == TEXT_OFFSET + N && align_of::<Self>() == 1);
    };
}

// SAFETY: `LAYOUT_HOLDS` asserts the layout of `Kind::FixedString`: a `u32`, then the text, aligned to 1 byte.
unsafe impl<const N: usize> ShmLayout for FixedString<N> {
    const SCHEMA: &'static Schema = {
        let () = Self::LAYOUT_HOLDS;
        &Schema::of::<Self>(Kind::FixedString { capacity: N })
    };
}

// SAFETY: two arrays of bytes with nothing between or after them, as `LAYOUT_HOLDS` asserts. So there is no padding and
// no pointer. Every bit pattern is valid, since no code relies on the length or on UTF-8 without a check.
unsafe impl<const N: usize> ShmValue for FixedString<N> {
    type Validity = Any;

    fn check_bits(_: &[u8]) -> Result<(), InvalidValue> {
        let () = Self::LAYOUT_HOLDS;
        Ok(())
    }

    #[inline]
    fn zeroed() -> Self {
        Self::new()
    }
}

impl<V: ShmValue, const N: usize> FixedVec<V, N> {
    /// An element aligned to 16 bytes is refused:
    ///
    /// ```compile_fail
    /// # use shmstore::schema::{Any, Schema};
    /// # use shmstore::*;
    /// # #[derive(Clone, Copy)]
    /// # #[repr(C, align(16))]
    /// # struct Quad([f32; 4]);
    /// # unsafe impl ShmLayout for Quad { const SCHEMA: &'static Schema = <[f32; 4]>::SCHEMA; }
    /// # unsafe impl ShmValue for Quad {
    /// #     type Validity = Any;
    /// #     fn check_bits(_: &[u8]) -> Result<(), InvalidValue> { Ok(()) }
    /// # }
    /// let quads = FixedVec::<Quad, 2>::new();
    /// ```
    ///
    /// The same element aligned to 8 bytes is accepted:
    ///
    /// ```
    /// # use shmstore::schema::{Any, Schema};
    /// # use shmstore::*;
    /// # #[derive(Clone, Copy)]
    /// # #[repr(C, align(8))]
    /// # struct Quad([f32; 4]);
    /// # unsafe impl ShmLayout for Quad { const SCHEMA: &'static Schema = <[f32; 4]>::SCHEMA; }
    /// # unsafe impl ShmValue for Quad {
    /// #     type Validity = Any;
    /// #     fn check_bits(_: &[u8]) -> Result<(), InvalidValue> { Ok(()) }
    /// # }
    /// let quads = FixedVec::<Quad, 2>::new();
    /// ```
    pub(super) const LAYOUT_HOLDS: () = {
        assert!(N > 0, "a `FixedVec<V, N>` has room for at least one element: use `N` of 1 or more");
        assert!(
            align_of::<V>() <= ITEMS_OFFSET,
            "the elements of a `FixedVec` are aligned to at most 8 bytes, to have no padding before them: lower the \
             `align(…)` of the element, or use an array `[V; N]` and a `u64` for the length"
        );
        assert!(offset_of!(Self, items) == ITEMS_OFFSET);
        assert!(size_of::<Self>() == ITEMS_OFFSET + N * size_of::<V>() && align_of::<Self>() == align_of::<V>());
    };
}

// SAFETY: `LAYOUT_HOLDS` asserts the layout of `Kind::FixedVec`: a `u64`, then the elements, with their alignment.
unsafe impl<V: ShmValue, const N: usize> ShmLayout for FixedVec<V, N> {
    const SCHEMA: &'static Schema = {
        let () = Self::LAYOUT_HOLDS;
        &Schema::of::<Self>(Kind::FixedVec { capacity: N, element: V::SCHEMA })
    };
}

// SAFETY: eight bytes and an array of values, with nothing between or after them, as `LAYOUT_HOLDS` asserts. The
// elements have no padding and no pointer, and are valid when zero, as `ShmValue` promises. Any length is valid, since
// every use clamps it. Each element is checked by its own rule, even beyond the length.
unsafe impl<V: ShmValue, const N: usize> ShmValue for FixedVec<V, N> {
    type Validity = V::Validity;

    fn check_bits(bytes: &[u8]) -> Result<(), InvalidValue> {
        let () = Self::LAYOUT_HOLDS;
        <[V; N]>::check_bits(&bytes[ITEMS_OFFSET..])
    }

    #[inline]
    fn zeroed() -> Self {
        Self::new()
    }
}

impl<const N: usize> Pad<N> {
    pub(super) const LAYOUT_HOLDS: () = {
        assert!(N > 0, "a `Pad<N>` fills at least one byte: remove the field");
        assert!(size_of::<Self>() == N && align_of::<Self>() == 1);
    };
}

// SAFETY: `LAYOUT_HOLDS` asserts the layout of `Kind::Pad`: as many bytes as the schema's size, aligned to 1 byte.
unsafe impl<const N: usize> ShmLayout for Pad<N> {
    const SCHEMA: &'static Schema = {
        let () = Self::LAYOUT_HOLDS;
        &Schema::of::<Self>(Kind::Pad)
    };
}

// SAFETY: an array of bytes that no code reads has no padding and no pointer, and every bit pattern is valid.
unsafe impl<const N: usize> ShmValue for Pad<N> {
    type Validity = Any;

    fn check_bits(_: &[u8]) -> Result<(), InvalidValue> {
        let () = Self::LAYOUT_HOLDS;
        Ok(())
    }

    #[inline]
    fn zeroed() -> Self {
        Self::new()
    }
}
