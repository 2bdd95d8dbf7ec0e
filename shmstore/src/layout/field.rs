//! The bounds that a derive puts on the type of a field: it is a value, or an object.
//!
//! Each of the two bounds is here many times. The traits differ only in the advice that the compiler prints when a type
//! does not implement them. A derive picks the trait by the last name in the field's type, for example `TextField` for
//! `String`, so that the one message about the field has the cure for that very type. Every trait is implemented for
//! every [`ShmValue`](crate::ShmValue), or for every [`ShmObject`](crate::ShmObject). So a wrong pick changes the
//! advice and nothing else: a user's own `String` that is a value is accepted.
//!
//! The traits repeat the members of `ShmValue` and `ShmObject`. With supertraits instead, rustc would report the
//! missing supertrait, without the cure.
//!
//! # Safety
//!
//! The traits are unsafe, so an implementation by hand has to say `unsafe`. Their only implementations here are blanket
//! ones, which forward to traits that promise the same.

pub mod key;
mod member;
pub mod object;
pub mod value;
pub mod within;

pub use member::{AnyBitsIf, FieldValidity, FieldView, Shareable, SharedView, ToValidity};
