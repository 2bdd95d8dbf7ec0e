//! The way from bytes that were copied out of shared memory to a value, with a check unless all bits are valid.
//!
//! # Safety
//!
//! This file relies on the promises of [`ShmValue`]: a value has no padding, `check_bits` accepts only valid values,
//! and [`AnyBits`] is implemented only if all bits are valid.
#![allow(unsafe_code)]

use std::mem::{self, MaybeUninit};
use std::ptr;
use std::slice;

use crate::layout::InvalidValue;
use crate::layout::{AnyBits, ShmValue, Validity, is_described_value};

/// Returns the value of these bytes.
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

/// Returns the value of these bytes, or an error if they are not a valid value.
///
/// # Safety
///
/// Every byte of `bytes` is initialized.
#[inline(always)]
pub(crate) unsafe fn checked<V: ShmValue>(bytes: MaybeUninit<V>) -> Result<V, InvalidValue> {
    const { is_described_value::<V>() };
    // SAFETY: the caller's promise is the same.
    unsafe { check(&bytes) }?;
    // SAFETY: the bytes are initialized, by the caller, and are a valid V, because `check_bits` has accepted them.
    Ok(unsafe { bytes.assume_init() })
}

/// Checks that these bytes are a valid value.
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
    // SAFETY: `size_of::<V>()` bytes that are borrowed, so not written meanwhile, and initialized, by the caller.
    V::check_bits(unsafe { slice::from_raw_parts(bytes.as_ptr().cast(), size_of::<V>()) })
}

/// Overwrites a value in place by `fill`, and returns the result of `fill`.
///
/// If `fill` fails or panics, or the bytes are not a valid value, the value is all zero afterwards.
///
/// # Safety
///
/// Only initialized bytes are written by `fill`.
pub(crate) unsafe fn overwrite<V: ShmValue, R, E: From<InvalidValue>>(
    value: &mut V,
    fill: impl FnOnce(&mut MaybeUninit<V>) -> Result<R, E>,
) -> Result<R, E> {
    // SAFETY: only initialized bytes are written, by the caller.
    let mut unchecked = unsafe { Unchecked::new(value) };
    let filled = fill(unchecked.bytes())?;
    unchecked.check()?;
    Ok(filled)
}

/// A value whose bytes may not be a valid one, until they are checked. Dropping makes them zero, which is a valid one.
pub(crate) struct Unchecked<'a, V: ShmValue>(&'a mut MaybeUninit<V>);

impl<'a, V: ShmValue> Unchecked<'a, V> {
    /// # Safety
    ///
    /// Only initialized bytes are written to [`bytes`](Self::bytes).
    #[inline(always)]
    pub(crate) unsafe fn new(value: &'a mut V) -> Self {
        // SAFETY: the same layout, borrowed as long as `value`, which is not used before the bytes are a valid value
        // again. They are either checked, or dropping makes them zero.
        Self(unsafe { &mut *ptr::from_mut(value).cast() })
    }

    #[inline(always)]
    pub(crate) fn bytes(&mut self) -> &mut MaybeUninit<V> {
        self.0
    }

    /// Checks that the bytes are a valid value. After an error they are all zero.
    #[inline(always)]
    pub(crate) fn check(self) -> Result<(), InvalidValue> {
        // SAFETY: the bytes of a value were initialized, and only initialized bytes were written, by the promise to
        // `new`.
        unsafe { check(self.0) }?;
        mem::forget(self);
        Ok(())
    }
}

impl<V: ShmValue> Drop for Unchecked<'_, V> {
    fn drop(&mut self) {
        // SAFETY: the memory of one V, borrowed for writing. All bytes zero are a valid V, as `ShmValue` promises.
        unsafe { self.0.as_mut_ptr().write_bytes(0, 1) };
    }
}

/// Borrows a value as bytes to be overwritten. Any bits are valid in it.
///
/// # Safety
///
/// Only initialized bytes are written to it.
#[inline(always)]
pub(crate) unsafe fn as_uninit<V: AnyBits>(value: &mut V) -> &mut MaybeUninit<V> {
    const { is_described_value::<V>() };
    // SAFETY: the same layout. Only initialized bytes are written, by the caller, so it stays a valid V, by `AnyBits`.
    unsafe { &mut *ptr::from_mut(value).cast() }
}

/// Returns the values of these bytes, or an error with the index of the first that is not valid. The index of the first
/// value is `at`.
///
/// # Safety
///
/// Every byte of `bytes` is initialized.
#[inline(always)]
pub(crate) unsafe fn checked_slice<V: ShmValue>(at: usize, bytes: &[MaybeUninit<V>]) -> Result<&[V], InvalidValue> {
    const { is_described_value::<V>() };
    if !<V::Validity as Validity>::ANY {
        for (after, value) in bytes.iter().enumerate() {
            // SAFETY: the bytes are initialized, by the caller.
            unsafe { check(value) }.map_err(|invalid| invalid.in_element(at + after))?;
        }
    }
    // SAFETY: the same layout and lifetime. The bytes are initialized, by the caller, and each value is valid: all bits
    // are, by its `Validity`, or `check_bits` has accepted it.
    Ok(unsafe { slice::from_raw_parts(bytes.as_ptr().cast(), bytes.len()) })
}

/// Borrows values as bytes.
#[inline(always)]
pub(crate) fn bytes_of<V: ShmValue>(values: &[V]) -> &[u8] {
    const { is_described_value::<V>() };
    // SAFETY: all bytes of the values, borrowed as long. A value has no padding, so they are initialized.
    unsafe { slice::from_raw_parts(values.as_ptr().cast(), size_of_val(values)) }
}

/// Borrows the bytes of values to be overwritten. Any bits are valid in them.
///
/// # Safety
///
/// Only initialized bytes are written to them.
#[inline(always)]
pub(crate) unsafe fn as_uninit_bytes<V: AnyBits>(values: &mut [V]) -> &mut [MaybeUninit<u8>] {
    const { is_described_value::<V>() };
    // SAFETY: all bytes of the values, borrowed as long. Only initialized ones are written, by the caller, so the values
    // stay valid, by `AnyBits`.
    unsafe { slice::from_raw_parts_mut(values.as_mut_ptr().cast(), size_of_val(values)) }
}
