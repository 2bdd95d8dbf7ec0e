//! `AtomicValue<V>`: a value of up to 8 bytes that is one atomic.
//!
//! # Safety
//!
//! The memory is one `AtomicU64`. What is unsafe here is only to promise so in the layout traits.
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

/// A value of up to 8 bytes that processes load, store and exchange as one: `AtomicValue<f64>`, `AtomicValue<Mode>`.
///
/// Always 8 bytes, aligned to 8. Equality is that of the bytes: −0.0 is not 0.0, and a NaN equals itself. Orderings mean
/// what they mean for [`AtomicU64`].
///
/// A value that has a `bool`, `char` or enum in it is checked when it is read: use the methods whose names end with
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
/// A larger value does not compile: it goes into a [`Versioned`](crate::Versioned).
///
/// ```compile_fail
/// let _ = shmstore::AtomicValue::new([0u8; 9]);
/// ```
#[repr(transparent)]
pub struct AtomicValue<V: ShmValue> {
    word: AtomicU64,
    value: PhantomData<V>,
}

/// Takes both sides of an exchange from words to values.
fn both_checked<V: ShmValue>(exchanged: Result<u64, u64>) -> Result<Result<V, V>, InvalidValue> {
    Ok(match exchanged {
        Ok(word) => Ok(to_checked(word)?),
        Err(word) => Err(to_checked(word)?),
    })
}

impl<V: ShmValue> AtomicValue<V> {
    /// Makes one that holds `value`, in ordinary memory.
    #[must_use]
    pub const fn new(value: V) -> Self {
        Self { word: AtomicU64::new(to_word(value)), value: PhantomData }
    }

    /// Returns the value.
    ///
    /// # Panics
    ///
    /// If `order` is `Release` or `AcqRel`, as std's atomics do; so do the other methods, for the orderings that std's
    /// of the same name refuse.
    #[must_use]
    #[inline]
    #[track_caller]
    pub fn load(&self, order: Ordering) -> V
    where
        V: AnyBits,
    {
        to_value(self.word.load(order))
    }

    /// Returns the value, of any type.
    ///
    /// # Errors
    ///
    /// [`InvalidValue`] if its bytes are no valid `V`: a process that does not keep to the type wrote them. The next
    /// [`store`](Self::store) mends it.
    #[inline]
    #[track_caller]
    pub fn load_checked(&self, order: Ordering) -> Result<V, InvalidValue> {
        to_checked(self.word.load(order))
    }

    /// Replaces the value.
    #[inline]
    #[track_caller]
    pub fn store(&self, value: V, order: Ordering) {
        self.word.store(to_word(value), order);
    }

    /// Replaces the value, and returns the one before.
    #[inline]
    pub fn swap(&self, value: V, order: Ordering) -> V
    where
        V: AnyBits,
    {
        to_value(self.word.swap(to_word(value), order))
    }

    /// Replaces the value, of any type, and returns the one before.
    ///
    /// # Errors
    ///
    /// [`InvalidValue`] if what was there before is no valid `V`: it has been replaced all the same.
    #[inline]
    pub fn swap_checked(&self, value: V, order: Ordering) -> Result<V, InvalidValue> {
        to_checked(self.word.swap(to_word(value), order))
    }

    /// Replaces the value if it is `current`, byte for byte, and returns the one before: `Ok` if it was replaced.
    ///
    /// # Errors
    ///
    /// The value that is there, if it is another one.
    #[inline]
    #[track_caller]
    pub fn compare_exchange(&self, current: V, new: V, success: Ordering, failure: Ordering) -> Result<V, V>
    where
        V: AnyBits,
    {
        self.exchange(current, new, success, failure).map(to_value).map_err(to_value)
    }

    /// Replaces the value, of any type, if it is `current`, byte for byte: what
    /// [`compare_exchange`](Self::compare_exchange) returns is in the outer `Ok`.
    ///
    /// # Errors
    ///
    /// [`InvalidValue`] if what is there is no valid `V`: it has not been replaced.
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

    /// Replaces the value by what `change` makes of it, calling it again whenever another process was faster, until it
    /// returns `None`. Returns the value before the change.
    ///
    /// # Errors
    ///
    /// The value for which `change` returned `None`.
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

    /// Replaces the value, of any type, by what `change` makes of it: what [`fetch_update`](Self::fetch_update) returns
    /// is in the outer `Ok`.
    ///
    /// # Errors
    ///
    /// [`InvalidValue`] if what is there is no valid `V`: it has not been replaced.
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

    /// Compares the value's bytes, and exchanges the whole word: whatever is in its other bytes changes nothing.
    #[inline]
    #[track_caller]
    fn exchange(&self, current: V, new: V, success: Ordering, failure: Ordering) -> Result<u64, u64> {
        let (current, new) = (to_word(current), to_word(new));
        let mut expected = current;
        loop {
            match self.word.compare_exchange(expected, new, success, failure) {
                // Only bytes that are not the value's differ: somebody else's, who breaks the protocol. Take them in.
                Err(found) if (found ^ current) & mask::<V>() == 0 => expected = found,
                done => return done,
            }
        }
    }
}

impl<V: ShmValue> Default for AtomicValue<V> {
    /// As a new shared object: all bytes zero.
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
    /// If `order` is `Release` or `AcqRel`, as std's atomics do.
    #[must_use]
    #[inline]
    #[track_caller]
    pub fn load(&self, order: Ordering) -> V
    where
        V: AnyBits,
    {
        to_value(self.load_word(order))
    }

    /// Returns the value, of any type.
    ///
    /// # Errors
    ///
    /// [`InvalidValue`] if its bytes are no valid `V`.
    ///
    /// # Panics
    ///
    /// As [`load`](Self::load).
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

// SAFETY: size and alignment are the compiler's; what is in it is told by its kind and its value's schema.
unsafe impl<V: ShmValue> ShmLayout for AtomicValue<V> {
    const SCHEMA: &'static Schema = {
        mask::<V>();
        &Schema::of::<Self>(Kind::AtomicCell { value: V::SCHEMA })
    };
}

// SAFETY: one atomic word, of which any bits are valid, and zeros are a value of zeros; nothing to drop. The view is a
// transparent wrapper that only loads.
unsafe impl<V: ShmValue> ShmObject for AtomicValue<V> {
    type View = AtomicView<Self>;
}

impl<V: ShmValue + ShmId> ShmId for AtomicValue<V> {
    const ID: char = V::ID;
}

#[cfg(test)]
mod tests;
