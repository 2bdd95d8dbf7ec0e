//! The bounds by which the type of a field contributes to the type of the whole.
//!
//! The traits have a number and a lifetime that mean nothing. The derive's `expand/member.rs` explains why.
#![allow(unsafe_code)]

use crate::layout::{Any, Checked, ShmObject, ShmValue, Validity};

/// Gives the [`Validity`] of a value's field.
///
/// # Safety
///
/// The implementer promises the same as for [`ShmValue`].
#[diagnostic::on_unimplemented(
    message = "this type has a field `{Self}`, which is not a value that can be copied through shared memory",
    label = "see the error at the field"
)]
pub unsafe trait FieldValidity<'field, const AT: usize> {
    /// [`Any`] if every bit pattern of the field is valid, [`Checked`] otherwise.
    type Validity: Validity;
}

// SAFETY: forwards to a trait that promises the same.
#[diagnostic::do_not_recommend]
unsafe impl<const AT: usize, V: ShmValue> FieldValidity<'_, AT> for V {
    type Validity = V::Validity;
}

/// The [`Validity`] of a struct as a number: true if every bit pattern of all its fields is valid.
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

/// Gives the view of an object's field.
///
/// # Safety
///
/// The implementer promises the same as for [`ShmObject`].
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

/// The bounds of every view, in one word.
pub trait SharedView: Send + Sync + 'static {}

impl<View: Send + Sync + 'static> SharedView for View {}

/// `Send` and `Sync`, in a bound that rustc does not check before it is needed. The lifetime means nothing.
///
/// A type that is not `Sync` has a field that is refused with a cure. An error about `Sync` would only repeat that.
pub trait Shareable<'any>: Send + Sync {}

impl<T: Send + Sync> Shareable<'_> for T {}
