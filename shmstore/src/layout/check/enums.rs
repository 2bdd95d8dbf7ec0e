//! The checks of enums.
//!
//! # Safety
//!
//! This file assumes that its checks are evaluated while a program is compiled. It promises that an enum that passes
//! them is stored as its integer, with all bytes initialized.
#![allow(unsafe_code)]

use std::mem::MaybeUninit;
use std::{ptr, slice};

/// Checks that an enum has a variant of value 0, and no two variants of one value.
///
/// # Panics
///
/// Panics if it has no variant of value 0, or two variants of one value.
#[track_caller]
pub const fn has_zero(discriminants: &[i128]) {
    let (mut at, mut has_zero, mut ascends) = (0, false, true);
    while at < discriminants.len() {
        has_zero = has_zero || discriminants[at] == 0;
        ascends = ascends && (at == 0 || discriminants[at - 1] < discriminants[at]);
        at += 1;
    }
    assert!(
        has_zero,
        "this enum has no variant of value 0, and shared memory starts as zeros: add one, e.g. `Unset = 0`"
    );
    assert!(
        ascends || are_different(discriminants),
        "two variants of this enum are one: another macro has changed it after this derive; put the derive below that \
         macro"
    );
}

const fn are_different(numbers: &[i128]) -> bool {
    let mut at = 0;
    while at < numbers.len() {
        let mut other = at + 1;
        while other < numbers.len() {
            if numbers[at] == numbers[other] {
                return false;
            }
            other += 1;
        }
        at += 1;
    }
    true
}

/// Checks that an enum is stored as the integer `R`: each variant has the bytes of its number, all of them initialized.
///
/// A variant comes as four: itself, its number as an `R`, its number, and its number after a cast to `R` and back.
///
/// # Panics
///
/// Panics if it is not stored so.
#[track_caller]
pub const fn is_stored_as<E, R: Copy>(variants: &[(E, R, i128, i128)]) {
    let mut alike = size_of::<E>() == size_of::<R>() && align_of::<E>() == align_of::<R>();
    let mut at = 0;
    while alike && at < variants.len() {
        let (variant, number, discriminant, stored) = &variants[at];
        alike = have_the_same_bytes(variant, number) && *discriminant == *stored;
        at += 1;
    }
    assert!(
        alike,
        "this enum is not stored as its `#[repr]` says: another macro has changed it after this derive; put the \
         derive below that macro"
    );
}

/// Compares two values of one size byte by byte.
const fn have_the_same_bytes<E, R: Copy>(variant: &E, number: &R) -> bool {
    let (variant, number) = (bytes_of(variant), bytes_of(number));
    let mut at = 0;
    while at < variant.len() && at < number.len() {
        // SAFETY: evaluated by the compiler, which refuses to read a byte that is not initialized.
        let byte = unsafe { variant[at].assume_init() };
        // SAFETY: all bytes of a number are initialized.
        if byte != unsafe { number[at].assume_init() } {
            return false;
        }
        at += 1;
    }
    variant.len() == number.len()
}

const fn bytes_of<T>(value: &T) -> &[MaybeUninit<u8>] {
    // SAFETY: as many bytes as the value has, borrowed for as long as it is; they need not be initialized.
    unsafe { slice::from_raw_parts(ptr::from_ref(value).cast(), size_of::<T>()) }
}
