//! What a derive asks of a field's type: it is a value, or an object. Each question stands here many times under
//! different names, and the names differ only in what the compiler says when the answer is no.
//!
//! A derive picks the trait from the last name in the field's type (`String`: `TextField`), so that the one message
//! about the field carries the cure for that very type. Every trait is given to every [`ShmValue`](crate::ShmValue), or
//! every [`ShmObject`](crate::ShmObject), so a wrong pick changes the advice and nothing else: a `String` of the
//! user's own that is a value is accepted.
//!
//! The traits repeat the members of `ShmValue` and `ShmObject` instead of having them as supertraits: rustc would
//! report the missing supertrait, without the cure.
//!
//! # Safety
//!
//! The traits are unsafe and have blanket implementations only, so that whoever implements one by hand has written
//! `unsafe`; the blanket implementations forward to traits that promise the same.

mod member;
pub mod object;

pub mod value;
pub mod within;

pub use member::{AnyBitsIf, FieldValidity, FieldView, Shareable, SharedView, ToValidity};
