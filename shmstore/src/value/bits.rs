//! From bytes that were copied out of shared memory to a value: at once if any bits will do, else after a check.
//!
//! # Safety
//!
//! This file relies on the promises of [`ShmValue`]: no padding, `check_bits` lets only valid values through, and
//! [`AnyBits`] is implemented only where all bits are valid.
#![allow(unsafe_code)]

use std::mem::{self, MaybeUninit};
use std::ptr;
use std::slice;

use crate::layout::InvalidValue;
use crate::layout::{AnyBits, ShmValue, Validity, is_described_value};

/// The value that these bytes are.
///
/// # Safety
///
/// Every byte of `bytes` is initialized.
#[inline(always)]
pub(crate) unsafe fn any<V: AnyBits>(bytes: MaybeUninit<V>) -> V {
    const { is_described_value::<V>() };
    // SAFETY: the bytes are initialized, by the caller, and all bits are a valid V, by `AnyBits`.
    unsafe { bytes.assume_init() }
}

/// The value that these bytes are, if they are one.
///
/// # Safety
///
/// Every byte of `bytes` is initialized.
#[inline(always)]
pub(crate) unsafe fn checked<V: ShmValue>(bytes: MaybeUninit<V>) -> Result<V, InvalidValue> {
    const { is_described_value::<V>() };
    // SAFETY: the caller's promise is the same.
    unsafe { check(&bytes) }?;
    // SAFETY: the bytes are initialized, by the caller, and are a valid V: `check_bits` has let them through.
    Ok(unsafe { bytes.assume_init() })
}

/// Checks that these bytes are a value.
///
/// # Safety
///
/// Every byte of `bytes` is initialized.
#[inline(always)]
pub(crate) unsafe fn check<V: ShmValue>(bytes: &MaybeUninit<V>) -> Result<(), InvalidValue> {
    const { is_described_value::<V>() };
    if <V::Validity as Validity>::ANY {
        return Ok(());
    }
    // SAFETY: `size_of::<V>()` bytes that nobody writes while they are borrowed, all initialized, by the caller.
    V::check_bits(unsafe { slice::from_raw_parts(bytes.as_ptr().cast(), size_of::<V>()) })
}

/// Overwrites somebody's value where it is, by `fill`, and returns what that does. If it fails, or panics, or the bytes
/// are no valid value, the value is all zero.
///
/// # Safety
///
/// Only initialized bytes are written by `fill`.
pub(crate) unsafe fn overwrite<V: ShmValue, R, E: From<InvalidValue>>(
    value: &mut V,
    fill: impl FnOnce(&mut MaybeUninit<V>) -> Result<R, E>,
) -> Result<R, E> {
    let bytes = ptr::from_mut(value).cast::<MaybeUninit<V>>();
    // SAFETY: the same layout, borrowed as long as `value` is, which nobody sees before the bytes are a valid value:
    // they are checked, or `Unchecked` makes them zero.
    let unchecked = Unchecked(unsafe { &mut *bytes });
    let filled = fill(unchecked.0)?;
    // SAFETY: the bytes of a value were initialized, and what was written is, by the caller.
    unsafe { check(unchecked.0) }?;
    mem::forget(unchecked);
    Ok(filled)
}

/// A value that may not be one, and is made one when dropped.
struct Unchecked<'a, V: ShmValue>(&'a mut MaybeUninit<V>);

impl<V: ShmValue> Drop for Unchecked<'_, V> {
    fn drop(&mut self) {
        // SAFETY: the memory of one V, borrowed; zeros are a valid one, as `ShmValue` promises.
        unsafe { self.0.as_mut_ptr().write_bytes(0, 1) };
    }
}

/// A place to copy bytes to, in somebody's value of which any bits are valid.
///
/// # Safety
///
/// Only initialized bytes are written to it.
#[inline(always)]
pub(crate) unsafe fn place_of<V: AnyBits>(value: &mut V) -> &mut MaybeUninit<V> {
    const { is_described_value::<V>() };
    // SAFETY: the same layout; and what is written there is initialized, by the caller, so a valid V, by `AnyBits`.
    unsafe { &mut *ptr::from_mut(value).cast() }
}
