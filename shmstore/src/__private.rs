//! What the code written by the derives is made of. Not for people: anything here may change in any release.

pub use memoffset::offset_of;
pub use std::marker::{Copy, Send, Sync};
pub use std::option::Option;
pub use std::result::Result;
pub use std::{fmt, primitive};

pub use crate::error::InvalidValue;
pub use crate::layout::check::{
    ConstParam, Padding, const_arg, fits_room, has_bytes, has_zero, is_alike, is_object, is_of_type, is_stored_as,
    is_value, no_gap_after, no_gap_before,
};
pub use crate::layout::field::{
    AnyBitsIf, FieldValidity, FieldView, Shareable, SharedView, ToValidity, key, object, value, within,
};
pub use crate::layout::schema::{ConstArg, Field, Kind, Primitive, Schema, Variant};
pub use crate::layout::{Any, Checked, ShmId, ShmKey, ShmLayout, ShmObject, ShmValue, Validity};

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

/// Shows a struct with the fields of these names.
///
/// # Errors
///
/// What the formatter says.
pub fn debug_struct(
    formatter: &mut fmt::Formatter<'_>,
    name: &str,
    names: &[&str],
    fields: &[&dyn fmt::Debug],
) -> fmt::Result {
    let mut shown = formatter.debug_struct(name);
    names.iter().zip(fields).for_each(|(name, field)| {
        shown.field(name, field);
    });
    shown.finish()
}

/// Shows a tuple struct.
///
/// # Errors
///
/// What the formatter says.
pub fn debug_tuple(formatter: &mut fmt::Formatter<'_>, name: &str, fields: &[&dyn fmt::Debug]) -> fmt::Result {
    let mut shown = formatter.debug_tuple(name);
    fields.iter().for_each(|field| {
        shown.field(field);
    });
    shown.finish()
}
