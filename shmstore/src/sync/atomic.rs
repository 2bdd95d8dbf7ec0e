//! `AtomicValue<V>`: a value of up to 8 bytes that is one atomic.
//!
//! # Safety
//!
//! The memory is one `AtomicU64`. Only the promises of the layout traits are unsafe here.
#![allow(unsafe_code)]

use std::fmt;
use std::marker::PhantomData;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::{self, Relaxed};

use crate::error::InvalidValue;
use crate::layout::schema::{Kind, Schema};
use crate::layout::view::{AtomicView, load_read_only};
use crate::layout::{AnyBits, DebugValue, ShmId, ShmLayout, ShmObject, ShmValue};

mod word;

use word::{mask, to_checked, to_value, to_word};

/// Loads, stores and exchanges a value of up to 8 bytes atomically: `AtomicValue<f64>`, `AtomicValue<Mode>`.
///
/// It takes 8 bytes, aligned to 8, for any value. Values are compared by their bytes, so −0.0 is not 0.0, and a NaN
/// equals itself. Orderings mean what they mean for [`AtomicU64`].
///
/// A value with a `bool`, `char` or enum in it is checked when it is read, by the methods whose names end with
/// `_checked`.
///
/// ```
/// use shmstore::AtomicValue;
/// use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed};
///
/// let speed = AtomicValue::new(1.5f64);
/// assert_eq!(speed.swap(2.0, AcqRel), 1.5);
/// assert_eq!(speed.fetch_update(AcqRel, Acquire, |v| Some(v + 0.5)), Ok(2.0));
/// assert_eq!(speed.load(Relaxed), 2.5);
///
/// let running = AtomicValue::new(false);
/// running.store(true, Relaxed);
/// assert!(running.load_checked(Relaxed)?); // another process may have stored a 7 there
/// # Ok::<(), shmstore::InvalidValue>(())
/// ```
///
/// A larger value does not compile. [`Versioned`](crate::Versioned) is for these.
///
/// ```compile_fail
/// let _ = shmstore::AtomicValue::new([0u8; 9]);
/// ```
#[repr(transparent)]
pub struct AtomicValue<V: ShmValue> {
    word: AtomicU64,
    value: PhantomData<V>,
}

/// Converts the outcome of an exchange from words to values.
fn both_checked<V: ShmValue>(exchanged: Result<u64, u64>) -> Result<Result<V, V>, InvalidValue> {
    Ok(match exchanged {
        Ok(word) => Ok(to_checked(word)?),
        Err(word) => Err(to_checked(word)?),
    })
}

impl<V: ShmValue> AtomicValue<V> {
    /// Makes an atomic with this value, in ordinary memory.
    #[must_use]
    pub const fn new(value: V) -> Self {
        Self { word: AtomicU64::new(to_word(value)), value: PhantomData }
    }

    /// Returns the value.
    ///
    /// # Panics
    ///
    /// Panics if `order` is `Release` or `AcqRel`. Each method panics for the orderings that the method of the same
    /// name in [`AtomicU64`] refuses.
    #[must_use]
    #[inline]
    #[track_caller]
    pub fn load(&self, order: Ordering) -> V
    where
        V: AnyBits,
    {
        to_value(self.word.load(order))
    }

    /// Returns the value. For types that have invalid bits.
    ///
    /// # Errors
    ///
    /// [`InvalidValue`] if the bytes are not a valid `V`. Another process wrote them against the type. The next
    /// [`store`](Self::store) repairs it.
    ///
    /// # Panics
    ///
    /// Panics as [`load`](Self::load) does.
    #[inline]
    #[track_caller]
    pub fn load_checked(&self, order: Ordering) -> Result<V, InvalidValue> {
        to_checked(self.word.load(order))
    }

    /// Replaces the value.
    ///
    /// # Panics
    ///
    /// Panics if `order` is `Acquire` or `AcqRel`.
    #[inline]
    #[track_caller]
    pub fn store(&self, value: V, order: Ordering) {
        self.word.store(to_word(value), order);
    }

    /// Replaces the value, and returns the old one.
    #[inline]
    pub fn swap(&self, value: V, order: Ordering) -> V
    where
        V: AnyBits,
    {
        to_value(self.word.swap(to_word(value), order))
    }

    /// Replaces the value, and returns the old one. For types that have invalid bits.
    ///
    /// # Errors
    ///
    /// [`InvalidValue`] if the old bytes were not a valid `V`. They were replaced nevertheless.
    #[inline]
    pub fn swap_checked(&self, value: V, order: Ordering) -> Result<V, InvalidValue> {
        to_checked(self.word.swap(to_word(value), order))
    }

    /// Replaces the value if its bytes equal those of `current`, and returns the old one.
    ///
    /// # Errors
    ///
    /// The present value if it differs from `current`. Then nothing was replaced.
    ///
    /// # Panics
    ///
    /// Panics if `failure` is `Release` or `AcqRel`.
    #[inline]
    #[track_caller]
    pub fn compare_exchange(&self, current: V, new: V, success: Ordering, failure: Ordering) -> Result<V, V>
    where
        V: AnyBits,
    {
        self.exchange(current, new, success, failure).map(to_value).map_err(to_value)
    }

    /// Replaces the value if its bytes equal those of `current`. For types that have invalid bits.
    ///
    /// The inner result is that of [`compare_exchange`](Self::compare_exchange).
    ///
    /// # Errors
    ///
    /// [`InvalidValue`] if the present bytes are not a valid `V`. Then nothing was replaced.
    ///
    /// # Panics
    ///
    /// Panics if `failure` is `Release` or `AcqRel`.
    #[inline]
    #[track_caller]
    pub fn compare_exchange_checked(
        &self,
        current: V,
        new: V,
        success: Ordering,
        failure: Ordering,
    ) -> Result<Result<V, V>, InvalidValue> {
        both_checked(self.exchange(current, new, success, failure))
    }

    /// Replaces the value by the result of `change`, and returns the old one.
    ///
    /// Calls `change` again each time another process was faster.
    ///
    /// # Errors
    ///
    /// The present value if `change` returned `None` for it.
    ///
    /// # Panics
    ///
    /// Panics if `fetch_order` is `Release` or `AcqRel`.
    #[inline]
    #[track_caller]
    pub fn fetch_update(
        &self,
        set_order: Ordering,
        fetch_order: Ordering,
        mut change: impl FnMut(V) -> Option<V>,
    ) -> Result<V, V>
    where
        V: AnyBits,
    {
        let changed = self.word.fetch_update(set_order, fetch_order, |word| change(to_value(word)).map(to_word));
        changed.map(to_value).map_err(to_value)
    }

    /// Replaces the value by the result of `change`. For types that have invalid bits.
    ///
    /// The inner result is that of [`fetch_update`](Self::fetch_update).
    ///
    /// # Errors
    ///
    /// [`InvalidValue`] if the present bytes are not a valid `V`. Then nothing was replaced.
    ///
    /// # Panics
    ///
    /// Panics if `fetch_order` is `Release` or `AcqRel`.
    #[inline]
    #[track_caller]
    pub fn fetch_update_checked(
        &self,
        set_order: Ordering,
        fetch_order: Ordering,
        mut change: impl FnMut(V) -> Option<V>,
    ) -> Result<Result<V, V>, InvalidValue> {
        both_checked(
            self.word
                .fetch_update(set_order, fetch_order, |word| to_checked(word).ok().and_then(&mut change).map(to_word)),
        )
    }

    /// Compares the value's bytes, and exchanges the whole word. The word's other bytes do not matter.
    #[inline]
    #[track_caller]
    fn exchange(&self, current: V, new: V, success: Ordering, failure: Ordering) -> Result<u64, u64> {
        let (current, new) = (to_word(current), to_word(new));
        let mut expected = current;
        loop {
            match self.word.compare_exchange(expected, new, success, failure) {
                // Only bytes behind the value differ. A process that breaks the protocol wrote them. Expect them.
                Err(found) if (found ^ current) & mask::<V>() == 0 => expected = found,
                done => return done,
            }
        }
    }
}

impl<V: ShmValue> Default for AtomicValue<V> {
    /// Makes an atomic of zeros, as in a new shared object.
    fn default() -> Self {
        Self { word: AtomicU64::new(0), value: PhantomData }
    }
}

impl<V: ShmValue> From<V> for AtomicValue<V> {
    fn from(value: V) -> Self {
        Self::new(value)
    }
}

impl<V: ShmValue> AtomicView<AtomicValue<V>> {
    /// Returns the value.
    ///
    /// # Panics
    ///
    /// Panics if `order` is `Release` or `AcqRel`.
    #[must_use]
    #[inline]
    #[track_caller]
    pub fn load(&self, order: Ordering) -> V
    where
        V: AnyBits,
    {
        to_value(self.load_word(order))
    }

    /// Returns the value. For types that have invalid bits.
    ///
    /// # Errors
    ///
    /// [`InvalidValue`] if the bytes are not a valid `V`.
    ///
    /// # Panics
    ///
    /// Panics as [`load`](Self::load) does.
    #[inline]
    #[track_caller]
    pub fn load_checked(&self, order: Ordering) -> Result<V, InvalidValue> {
        to_checked(self.load_word(order))
    }

    #[inline]
    #[track_caller]
    fn load_word(&self, order: Ordering) -> u64 {
        load_read_only(order, || self.0.word.load(Relaxed))
    }
}

impl<V: DebugValue> fmt::Debug for AtomicValue<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        debug(self.load_checked(Relaxed), f)
    }
}

impl<V: DebugValue> fmt::Debug for AtomicView<AtomicValue<V>> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        debug(self.load_checked(Relaxed), f)
    }
}

fn debug(value: Result<impl fmt::Debug, InvalidValue>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match value {
        Ok(value) => value.fmt(f),
        Err(invalid) => write!(f, "<{invalid}>"),
    }
}

// SAFETY: size and alignment are the compiler's. The kind and the value's schema describe the content.
unsafe impl<V: ShmValue> ShmLayout for AtomicValue<V> {
    const SCHEMA: &'static Schema = {
        mask::<V>();
        &Schema::of::<Self>(Kind::AtomicCell { value: V::SCHEMA })
    };
}

// SAFETY: one atomic word. Any bits are valid in it, and zeros are a value of zeros. Nothing to drop. The view is a
// transparent wrapper that only loads.
unsafe impl<V: ShmValue> ShmObject for AtomicValue<V> {
    type View = AtomicView<Self>;
}

impl<V: ShmValue + ShmId> ShmId for AtomicValue<V> {
    const ID: char = V::ID;
}

#[cfg(test)]
mod tests;
