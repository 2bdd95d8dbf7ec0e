//! Conversions between a value of up to 8 bytes and a word.
//!
//! The value's bytes are the first of the word's eight. The rest are written as zeros, and ignored by a read.
//!
//! # Safety
//!
//! Relies on the promises of [`ShmValue`]: a value has no padding, and its validity is stated.
#![allow(unsafe_code)]

use std::mem::MaybeUninit;
use std::ptr;

use crate::error::InvalidValue;
use crate::layout::{AnyBits, ShmValue, is_described};
use crate::value::bits;

/// Returns the bits of the word that belong to the value.
pub(super) const fn mask<V: ShmValue>() -> u64 {
    is_described::<V>();
    assert!(
        size_of::<V>() <= 8,
        "an `AtomicValue` holds a value of at most 8 bytes: use a `Versioned` for a larger one"
    );
    let mut bytes = [0; 8];
    let mut at = 0;
    while at < size_of::<V>() {
        bytes[at] = 0xff;
        at += 1;
    }
    u64::from_ne_bytes(bytes)
}

/// Returns the word with the bytes of `value`, the rest zero.
#[inline(always)]
pub(super) const fn to_word<V: ShmValue>(value: V) -> u64 {
    const { mask::<V>() };
    let mut bytes = [0u8; 8];
    // SAFETY: a value has no padding, so all its bytes are initialized. They fit, by the assertion in `mask`. Two
    // locals do not overlap.
    unsafe { ptr::copy_nonoverlapping(ptr::from_ref(&value).cast(), bytes.as_mut_ptr(), size_of::<V>()) };
    u64::from_ne_bytes(bytes)
}

/// Returns the value's bytes in the word. All of them are initialized.
#[inline(always)]
fn to_bytes<V: ShmValue>(word: u64) -> MaybeUninit<V> {
    const { mask::<V>() };
    let bytes = word.to_ne_bytes();
    let mut value = MaybeUninit::<V>::uninit();
    // SAFETY: the word has at least as many bytes, by the assertion in `mask`, and two locals do not overlap.
    unsafe { ptr::copy_nonoverlapping(bytes.as_ptr(), value.as_mut_ptr().cast(), size_of::<V>()) };
    value
}

/// Returns the value in the word.
#[inline(always)]
pub(super) fn to_value<V: AnyBits>(word: u64) -> V {
    // SAFETY: `to_bytes` has initialized all bytes.
    unsafe { bits::any(to_bytes(word)) }
}

/// Returns the value in the word if its bits are valid.
#[inline(always)]
pub(super) fn to_checked<V: ShmValue>(word: u64) -> Result<V, InvalidValue> {
    // SAFETY: `to_bytes` has initialized all bytes.
    unsafe { bits::checked(to_bytes(word)) }
}
