//! What the code written by the derives is made of. Not for people: anything here may change in any release.

pub use std::marker::{Copy, Send, Sync};
pub use std::mem::size_of;
pub use std::option::Option;
pub use std::result::Result;
pub use std::{fmt, primitive};

pub use memoffset::offset_of;

pub use crate::error::InvalidValue;
pub use crate::field::{AnyBitsIf, FieldValidity, FieldView, Shareable, ToValidity, object, value};
pub use crate::layout::{Any, Checked, ShmId, ShmLayout, ShmObject, ShmValue, Validity};
pub use crate::layout_check::{
    ConstParam, Place, const_arg, has_bytes, has_no_drop, has_zero, is_c_struct, is_not_empty, is_of_type,
    is_stored_as, no_gap_after, no_gap_before,
};
pub use crate::schema::{ConstArg, Field, Kind, Primitive, Schema, Variant};

/// Takes the first `N` of a value's bytes, for an integer to be made from.
///
/// # Panics
///
/// If there are fewer.
#[inline]
#[must_use]
pub fn first_bytes<const N: usize>(value: &[u8]) -> [u8; N] {
    let mut bytes = [0; N];
    bytes.copy_from_slice(&value[..N]);
    bytes
}

/// Refuses a number that stands for no variant of the enum `name`.
///
/// # Errors
///
/// [`InvalidValue`] if the number is not among the discriminants.
#[inline]
pub fn check_variant<R: Copy + PartialEq + Into<i128>>(
    name: &'static str,
    discriminants: &[R],
    found: R,
) -> Result<(), InvalidValue> {
    if discriminants.contains(&found) { Ok(()) } else { Err(InvalidValue::new(name, found.into())) }
}
