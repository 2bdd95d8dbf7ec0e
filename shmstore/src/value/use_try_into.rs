//! Compile errors with advice for `FixedString::from("text")`, `vec.into()` and `iterator.collect()`.
//!
//! These conversions could not report content that does not fit, so they do not exist. No type implements the traits
//! here. The implementations of `From` and `FromIterator` with these bounds never apply. But rustc finds them, and
//! reports the missing trait with the text given here. For `.into()` rustc prints the path of the trait instead, so the
//! name of this module is advice, too.

use super::{FixedString, FixedVec};
use crate::layout::ShmValue;

/// A text that every `FixedString` has room for.
#[diagnostic::on_unimplemented(
    message = "a `FixedString` cannot be made of `{Self}` by `from` or `into`",
    label = "the text may be too long: use `FixedString::try_from(text)?` or `text.try_into()?`",
    note = "`FixedString::from_truncated(text)` cuts the text if it is too long"
)]
pub trait TextThatFits: Sized {
    /// Converts the text.
    fn into_string<const N: usize>(self) -> FixedString<N>;
}

#[doc(hidden)]
impl<T: TextThatFits, const N: usize> From<T> for FixedString<N> {
    fn from(text: T) -> Self {
        text.into_string()
    }
}

/// Elements that every `FixedVec` has room for.
#[diagnostic::on_unimplemented(
    message = "a `FixedVec` cannot be made of `{Self}` by `from` or `into`, which take an array `[V; M]`",
    label = "there may be too many elements: use `FixedVec::try_from(elements)?` or `elements.try_into()?`",
    note = "for an iterator, use `FixedVec::try_from_iter(elements)?`"
)]
pub trait ElementsThatFit: Sized {
    /// Converts the elements.
    fn into_vec<V: ShmValue, const N: usize>(self) -> FixedVec<V, N>;
}

#[doc(hidden)]
impl<T: ElementsThatFit, V: ShmValue, const N: usize> From<T> for FixedVec<V, N> {
    fn from(elements: T) -> Self {
        elements.into_vec()
    }
}

/// The elements of an iterator that every `FixedVec` has room for.
#[diagnostic::on_unimplemented(
    message = "a `FixedVec` cannot be collected from an iterator over `{Self}`",
    label = "there may be too many elements: use `FixedVec::try_from_iter(elements)?`",
    note = "`FixedVec::try_from_iter(elements.take(N))?` takes only the first `N` elements"
)]
pub trait CollectedElementThatFits: Sized {
    /// Collects the elements.
    fn collect<V: ShmValue, const N: usize>(elements: impl IntoIterator<Item = Self>) -> FixedVec<V, N>;
}

#[doc(hidden)]
impl<T: CollectedElementThatFits, V: ShmValue, const N: usize> FromIterator<T> for FixedVec<V, N> {
    fn from_iter<I: IntoIterator<Item = T>>(elements: I) -> Self {
        T::collect(elements)
    }
}
