//! What the type of a field brings along for the type of the whole: for bounds, with a number and a lifetime that mean
//! nothing, as the derive's `expand/member.rs` explains.
#![allow(unsafe_code)]

use crate::layout::{Any, Checked, ShmObject, ShmValue, Validity};

/// Brings along the [`Validity`] of a value's field.
///
/// # Safety
///
/// As for [`ShmValue`].
#[diagnostic::on_unimplemented(
    message = "this type has a field `{Self}`, which is not a value that can be copied through shared memory",
    label = "see the error at the field"
)]
pub unsafe trait FieldValidity<'field, const AT: usize> {
    /// Whether every bit pattern is valid.
    type Validity: Validity;
}

// SAFETY: forwards to a trait that promises the same.
#[diagnostic::do_not_recommend]
unsafe impl<const AT: usize, V: ShmValue> FieldValidity<'_, AT> for V {
    type Validity = V::Validity;
}

/// The [`Validity`] of a struct all of whose fields are any-bits, or not.
#[derive(Debug)]
pub struct AnyBitsIf<const ANY: bool>;

/// Turns the number into the type.
pub trait ToValidity {
    /// [`Any`] or [`Checked`].
    type Validity: Validity;
}

impl ToValidity for AnyBitsIf<true> {
    type Validity = Any;
}

impl ToValidity for AnyBitsIf<false> {
    type Validity = Checked;
}

/// Brings along the view of an object's field.
///
/// # Safety
///
/// As for [`ShmObject`].
#[diagnostic::on_unimplemented(
    message = "this type has a field `{Self}`, which is not an object that processes can share in place",
    label = "see the error at the field"
)]
pub unsafe trait FieldView<'field, const AT: usize> {
    /// The same memory, for reading only.
    type View: SharedView;
}

// SAFETY: forwards to a trait that promises the same.
#[diagnostic::do_not_recommend]
unsafe impl<const AT: usize, O: ShmObject> FieldView<'_, AT> for O {
    type View = O::View;
}

/// What every view is, in one word.
pub trait SharedView: Send + Sync + 'static {}

impl<View: Send + Sync + 'static> SharedView for View {}

/// `Send` and `Sync`, for a bound that rustc does not look into before it is needed: the lifetime means nothing. A type
/// that is neither has a field that is refused, with a cure; that it is not `Sync` would only be said once more.
pub trait Shareable<'any>: Send + Sync {}

impl<T: Send + Sync> Shareable<'_> for T {}
