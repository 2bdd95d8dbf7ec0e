//! Keys of maps, which are found by their bytes.

use std::marker::PhantomData;

use crate::layout::ShmValue;

/// A value that can be a key of a [`Map`](crate::Map). A type becomes one by
/// `#[derive(Clone, Copy, ShmValue, ShmKey)]`.
///
/// A map compares keys by their bytes, so that C and Python find the same entries. Therefore equal keys must have equal
/// bytes. The map does not use `PartialEq` and `Hash` of the type, and a key need not have them.
///
/// | type | key |
/// |---|---|
/// | `u8` … `u64`, `i8` … `i64`, `bool`, `char` | yes |
/// | `FixedString<N>`; [`Timestamp`](crate::Timestamp); `Uuid` with the feature `uuid` | yes |
/// | arrays of keys; structs of keys and enums, with `#[derive(ShmKey)]` | yes |
/// | [`Pad<N>`](crate::Pad), `PhantomData<T>` in a struct | yes; neither distinguishes two keys |
/// | `f32`, `f64` | no: NaN is not equal to itself, and 0.0 is equal to −0.0 but has other bytes |
/// | `FixedVec<V, N>` | no: an array `[K; N]`, or `FixedString<N>` for text |
///
/// In place of a float, a key has an integer number of ticks: a price in cents, a distance in millimeters.
///
/// ```
/// use shmstore::{FixedString, Map, ShmKey, ShmValue};
///
/// #[derive(Clone, Copy, ShmValue, ShmKey)]
/// #[repr(C)]
/// struct Position { account: u64, symbol: FixedString<12> }
///
/// static AMOUNTS: Map<Position, i64, 64> = Map::new();
/// AMOUNTS.insert(Position { account: 7, symbol: "EURUSD".try_into()? }, 5_000)?;
/// assert_eq!(AMOUNTS.get(&Position { account: 7, symbol: "EURUSD".try_into()? })?, Some(5_000));
/// # Ok::<(), shmstore::Error>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a key of a map",
    label = "not a `ShmKey`",
    note = "keys are integers, `bool`, `char`, arrays of keys, `FixedString<N>`, `Timestamp`, and types with `#[derive(Clone, Copy, ShmValue, ShmKey)]`",
    note = "a float is not a key, because NaN is not equal to itself: use an integer number of ticks, for example cents in an `i64`"
)]
pub trait ShmKey: ShmValue {
    /// Returns the same key with the bytes that all equal keys have.
    #[doc(hidden)]
    #[must_use]
    fn to_key(&self) -> Self;
}

macro_rules! keys_as_they_are {
    ($($type:ty)*) => {$(
        impl ShmKey for $type {
            #[inline(always)]
            fn to_key(&self) -> Self {
                *self
            }
        }
    )*};
}

keys_as_they_are! { u8 u16 u32 u64 i8 i16 i32 i64 bool char }

impl<K: ShmKey, const N: usize> ShmKey for [K; N] {
    #[inline]
    fn to_key(&self) -> Self {
        // The compiler sees that this changes nothing in an array of integers. It does not see this of `map`.
        let mut keys = *self;
        keys.iter_mut().for_each(|key| *key = key.to_key());
        keys
    }
}

impl<T: ?Sized + Send + Sync + 'static> ShmKey for PhantomData<T> {
    #[inline]
    fn to_key(&self) -> Self {
        *self
    }
}
