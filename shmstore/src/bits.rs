//! From bytes that were copied out of shared memory to a value: at once if any bits will do, else after a check.
//!
//! # Safety
//!
//! This file relies on the promises of [`ShmValue`]: no padding, `check_bits` lets only valid values through, and
//! [`AnyBits`] is implemented only where all bits are valid.
#![allow(unsafe_code)]

use std::mem::MaybeUninit;
use std::ptr;
use std::slice;

use crate::error::InvalidValue;
use crate::layout::{AnyBits, ShmValue, is_described_value};

/// The value that these bytes are.
///
/// # Safety
///
/// Every byte of `bytes` is initialised.
#[inline(always)]
pub(crate) unsafe fn any<V: AnyBits>(bytes: MaybeUninit<V>) -> V {
    const { is_described_value::<V>() };
    // SAFETY: the bytes are initialised, by the caller, and all bits are a valid V, by `AnyBits`.
    unsafe { bytes.assume_init() }
}

/// The value that these bytes are, if they are one.
///
/// # Safety
///
/// Every byte of `bytes` is initialised.
#[inline(always)]
pub(crate) unsafe fn checked<V: ShmValue>(bytes: MaybeUninit<V>) -> Result<V, InvalidValue> {
    const { is_described_value::<V>() };
    // SAFETY: `size_of::<V>()` bytes of a local, all initialised, by the caller.
    V::check_bits(unsafe { slice::from_raw_parts(bytes.as_ptr().cast(), size_of::<V>()) })?;
    // SAFETY: the bytes are initialised, by the caller, and are a valid V: `check_bits` has let them through.
    Ok(unsafe { bytes.assume_init() })
}

/// A place to copy bytes to, in somebody's value of which any bits are valid.
///
/// # Safety
///
/// Only initialised bytes are written to it.
#[inline(always)]
pub(crate) unsafe fn place_of<V: AnyBits>(value: &mut V) -> &mut MaybeUninit<V> {
    const { is_described_value::<V>() };
    // SAFETY: the same layout; and what is written there is initialised, by the caller, so a valid V, by `AnyBits`.
    unsafe { &mut *ptr::from_mut(value).cast() }
}
