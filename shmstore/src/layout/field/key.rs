//! The fields of keys.
//!
//! A field that is not a value is reported by `#[derive(ShmValue)]`, which every key has, too. Method resolution keeps
//! `#[derive(ShmKey)]` from a second error about it, as in [`within`](super::within).

use std::marker::PhantomData;

use crate::layout::{ShmKey, ShmValue};

/// A type that derives `ShmKey`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` derives `ShmKey`, and is not a value",
    label = "a key is copied through shared memory, so it is a value, too: write `#[derive(Clone, Copy, ShmValue, ShmKey)]`"
)]
pub trait Value {}

#[diagnostic::do_not_recommend]
impl<V: ShmValue> Value for V {}

/// Compiles only if the type that derives `ShmKey` is a value.
pub const fn is_value<K: Value>(_: &K) {}

/// [`ShmValue`], in a bound that rustc does not check before it is needed. The lifetime means nothing.
///
/// A type that derives `ShmKey` and not `ShmValue` has the error of [`is_value`], and the same at each use as a key.
/// The compiler may show the uses first.
#[diagnostic::on_unimplemented(
    message = "`{Self}` derives `ShmKey`, and is not a value",
    label = "a key is copied through shared memory, so it is a value, too: write `#[derive(Clone, Copy, ShmValue, ShmKey)]`"
)]
pub trait BesideValue<'any>: ShmValue {}

#[diagnostic::do_not_recommend]
impl<V: ShmValue> BesideValue<'_> for V {}

/// Stands for the key of a type that `#[derive(ShmValue)]` has refused.
///
/// # Panics
///
/// Panics at compile time, if the type is a value by an implementation by hand.
#[must_use]
pub const fn refused<T>() -> T {
    const { panic!("this type has a part that is not a value, so it cannot derive `ShmKey`: implement it by hand, too") }
}

/// A field of a key.
#[derive(Debug)]
pub struct FieldOf<'key, T>(&'key T);

/// Takes a field of a key.
#[inline(always)]
pub const fn of<T>(field: &T) -> FieldOf<'_, T> {
    FieldOf(field)
}

/// Returns the key in a field whose type is a parameter.
#[inline(always)]
#[must_use]
pub fn of_param<K: ShmKey>(field: &K) -> K {
    field.to_key()
}

impl<V: ShmValue> FieldOf<'_, V> {
    /// Gives the type of the field, which has to be a key.
    pub const fn __shm_value(self) -> PhantomData<V> {
        PhantomData
    }
}

impl<K: ShmKey> FieldOf<'_, K> {
    /// Returns the key in the field.
    #[inline(always)]
    #[must_use]
    pub fn __shm_key(self) -> K {
        self.0.to_key()
    }
}

/// The methods of a field that is not a value, or not a key.
pub trait Refused<T>: Sized {
    /// Gives a type that is a key, because a field that is not a value has an error already.
    fn __shm_value(self) -> PhantomData<u8> {
        PhantomData
    }

    /// Stands for the key.
    fn __shm_key(self) -> T {
        refused()
    }
}

impl<T> Refused<T> for FieldOf<'_, T> {}

macro_rules! key_fields {
    ($($name:ident: $label:literal $(, $note:literal)?;)*) => {$(
        #[doc = concat!("A field of a key, with advice: ", $label, ".")]
        #[diagnostic::on_unimplemented(
            message = "`{Self}` cannot be a key of a map",
            label = $label
            $(, note = $note)?
        )]
        pub trait $name {
            /// Compiles only if the type implements this trait. Generated code calls it with a type it cannot name.
            fn asked(_: PhantomData<Self>) {}
        }

        #[diagnostic::do_not_recommend]
        impl<K: ShmKey> $name for K {}
    )*};
}

key_fields! {
    KeyField: "not a `ShmKey`",
        "`#[derive(Clone, Copy, ShmValue, ShmKey)]` makes your own type a key, if all its fields are keys; in place of a float, a key has an integer number of ticks";
    FloatField: "NaN is not equal to itself, and 0.0 is equal to -0.0: use an integer number of ticks, for example cents in an `i64`";
    FixedVecField: "equal lists may have other bytes after their items: use an array `[K; N]`, or `FixedString<N>` for text";
}
