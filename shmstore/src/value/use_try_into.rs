//! Compile errors for `FixedString::from("text")`, `vec.into()` and `iterator.collect()`, which cannot report that something
//! does not fit.
//!
//! No type implements these traits. The implementations of `From` and `FromIterator` that ask for them never apply, but
//! rustc finds them and reports the missing trait in the words given here. For `.into()` rustc prints the trait's path
//! instead, so the path says what to write.

use super::{FixedString, FixedVec};
use crate::layout::ShmValue;

/// A text that every `FixedString` has room for.
#[diagnostic::on_unimplemented(
    message = "a `FixedString` cannot be made of `{Self}` by `from` or `into`",
    label = "a text may be too long, so this can fail: `FixedString::try_from(text)?` or `text.try_into()?`",
    note = "`FixedString::from_truncated(text)` cuts off what does not fit"
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
    label = "there may be too many elements, so this can fail: `FixedVec::try_from(elements)?` or `elements.try_into()?`",
    note = "for an iterator there is `FixedVec::try_from_iter(elements)?`"
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
    label = "there may be too many elements, so this can fail: `FixedVec::try_from_iter(elements)?`",
    note = "`FixedVec::try_from_iter(elements.take(N))?` leaves out what does not fit"
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
