//! Single stores and updates. Each takes the write lock by itself.
//!
//! # Safety
//!
//! As `versioned.rs`.
#![allow(unsafe_code)]

use super::Versioned;
use super::private::Private;
use crate::error::{Busy, InvalidValue, PartName};
use crate::layout::{AnyBits, ShmValue, is_described_value};
use crate::sync::backoff::Limit;
use crate::sync::describe;
use crate::sync::locking::AcquireError;
use crate::sync::value_ref::WriteGuard;
use crate::value::bits;

/// Stores and updates.
impl<V: ShmValue> Versioned<V> {
    /// Makes `value` the newest version, and returns its number.
    ///
    /// Waits until no other thread stores, or has a [`Transaction`](crate::Transaction) or a [`Writer`](crate::Writer)
    /// of this part. A store with a limit goes through a writer: `part.try_writer()?.store(value)`, or
    /// `part.writer_timeout(limit)?.store(value)`.
    ///
    /// A store does not check whether the object was removed: see [`Shared::is_removed`](crate::Shared::is_removed).
    ///
    /// For a value that is too large for the stack, use [`store_from`](Self::store_from).
    ///
    /// # Panics
    ///
    /// Panics if this thread has a transaction or writer of the part, or runs the closure of its
    /// [`update`](Self::update). It would wait for itself.
    #[inline]
    #[track_caller]
    pub fn store(&self, value: V) -> u64 {
        self.store_from(&value)
    }

    /// Makes a copy of `*value` the newest version, and returns its number. For values too large for the stack.
    ///
    /// # Panics
    ///
    /// Panics as [`store`](Self::store) does.
    #[inline]
    #[track_caller]
    pub fn store_from(&self, value: &V) -> u64 {
        self.write_guard().publish(value)
    }

    /// Changes the newest value by `change`, and returns the result of `change`. No other store comes in between.
    ///
    /// `change` works on a private copy in the heap. If it panics, nothing has changed. While it runs, other writers
    /// wait, and readers see the old value.
    ///
    /// ```
    /// use shmstore::Versioned;
    ///
    /// let account = Versioned::<[i64; 2]>::default();
    /// let left = account.update(|[from, to]| {
    ///     *from -= 10;
    ///     *to += 10;
    ///     *from
    /// });
    /// assert_eq!((left, account.load()), (-10, [-10, 10]));
    /// ```
    ///
    /// An update with a limit goes through a writer: `part.writer_timeout(limit)?.update(…)`.
    ///
    /// # Panics
    ///
    /// Panics as [`store`](Self::store) does, and in a process that was forked in `change`.
    #[track_caller]
    pub fn update<R>(&self, change: impl FnOnce(&mut V) -> R) -> R
    where
        V: AnyBits,
    {
        update_by(&self.write_guard(), change)
    }

    /// Changes the newest value as [`update`](Self::update) does. For types that have invalid bits.
    ///
    /// # Errors
    ///
    /// [`InvalidValue`] if the bytes of the newest value are not a valid `V`. Then nothing has changed, and `change`
    /// did not run. [`store`](Self::store) repairs it.
    ///
    /// # Panics
    ///
    /// Panics as [`update`](Self::update) does.
    #[track_caller]
    pub fn update_checked<R>(&self, change: impl FnOnce(&mut V) -> R) -> Result<R, InvalidValue> {
        update_checked_by(&self.write_guard(), change)
    }

    #[inline(always)]
    #[track_caller]
    pub(super) fn write_guard(&self) -> WriteGuard<'_, V> {
        match self.value().lock(Limit::Forever) {
            Ok(guard) => guard,
            Err(error) => would_deadlock(error, describe::part(self)),
        }
    }

    #[inline(always)]
    pub(super) fn write_guard_within(&self, limit: Limit) -> Result<WriteGuard<'_, V>, Busy> {
        self.value().lock(limit).map_err(|error| describe::busy(error, self))
    }
}

#[cold]
#[track_caller]
fn would_deadlock(error: AcquireError, part: PartName) -> ! {
    assert!(matches!(error, AcquireError::HeldByThisThread), "a wait without a limit has no other error");
    panic!(
        "this thread has a `Transaction` or `Writer` of {part}, or runs the closure of its `update`, and would wait \
         for itself. Store through that, or end it before"
    )
}

#[track_caller]
pub(super) fn update_by<V: AnyBits, R>(guard: &WriteGuard<'_, V>, change: impl FnOnce(&mut V) -> R) -> R {
    const { is_described_value::<V>() };
    // SAFETY: `read` initializes all bytes, and any are a value.
    let mut value = unsafe { Private::<V>::uninit() };
    guard.read(value.as_uninit());
    change_and_publish(guard, &mut value, change)
}

#[track_caller]
pub(in crate::sync) fn update_checked_by<V: ShmValue, R>(
    guard: &WriteGuard<'_, V>,
    change: impl FnOnce(&mut V) -> R,
) -> Result<R, InvalidValue> {
    let mut value = copy_of(guard)?;
    Ok(change_and_publish(guard, &mut value, change))
}

/// Calls `look` with a copy of the newest value, under the lock.
#[track_caller]
pub(in crate::sync) fn look_by<V: ShmValue, R>(
    guard: &WriteGuard<'_, V>,
    look: impl FnOnce(&V) -> R,
) -> Result<R, InvalidValue> {
    let value = copy_of(guard)?;
    Ok(under_mark(guard, || look(&value)))
}

/// Copies the newest value, and checks its bytes.
fn copy_of<V: ShmValue>(guard: &WriteGuard<'_, V>) -> Result<Private<V>, InvalidValue> {
    // SAFETY: `read` initializes all bytes, and they are checked.
    let mut value = unsafe { Private::<V>::uninit() };
    guard.read(value.as_uninit());
    // SAFETY: `read` has initialized all bytes.
    unsafe { bits::check(value.as_uninit()) }?;
    Ok(value)
}

#[track_caller]
fn change_and_publish<V: ShmValue, R>(guard: &WriteGuard<'_, V>, value: &mut V, change: impl FnOnce(&mut V) -> R) -> R {
    let result = under_mark(guard, || change(value));
    guard.publish(value);
    result
}

/// Runs a closure of the user under the lock.
#[track_caller]
fn under_mark<V: ShmValue, R>(guard: &WriteGuard<'_, V>, run: impl FnOnce() -> R) -> R {
    let mark = guard.held().mark_thread();
    let result = run();
    drop(mark);
    assert!(guard.held().is_ours(), "a process that was forked in an `update` must not return from its closure");
    result
}
