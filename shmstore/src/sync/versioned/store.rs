//! Storing: each call is an exclusive writer for itself.
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
use crate::sync::versioned_cell::WriteGuard;
use crate::value::bits;

/// Storing.
impl<V: ShmValue> Versioned<V> {
    /// Makes `value` the newest version, and returns its number. Waits for other writers, if there are any: as long as
    /// another store takes, or for the end of a [`Transaction`](crate::Transaction) or [`Writer`](crate::Writer).
    ///
    /// A value that is too large for the stack is stored by [`store_from`](Self::store_from).
    ///
    /// A store with a limit goes through a writer: `part.try_writer()?.store(value)`, or `part.writer_timeout(limit)?`.
    ///
    /// A store knows only its part, and does not look whether the object was removed: ask [`Shared::is_removed`](crate::Shared::is_removed).
    ///
    /// # Panics
    ///
    /// While this very thread has the part's transaction or writer, or runs the closure of its [`update`](Self::update):
    /// it would wait for itself.
    #[inline]
    #[track_caller]
    pub fn store(&self, value: V) -> u64 {
        self.store_from(&value)
    }

    /// Makes a copy of `*value` the newest version, as [`store`](Self::store) does: for values too large for the stack.
    ///
    /// # Panics
    ///
    /// As [`store`](Self::store).
    #[inline]
    #[track_caller]
    pub fn store_from(&self, value: &V) -> u64 {
        self.write_guard().publish(value)
    }

    /// Changes the newest value by `change`, a store of nobody else coming in between, and returns what `change` does.
    ///
    /// `change` works on a private copy in the heap. If it panics, nothing was changed. Other writers wait while it runs,
    /// readers do not: they see the old value until it has returned.
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
    /// With a limit on waiting: `part.writer_timeout(limit)?.update(…)`.
    ///
    /// # Panics
    ///
    /// As [`store`](Self::store), and in a process that was forked in `change`.
    #[track_caller]
    pub fn update<R>(&self, change: impl FnOnce(&mut V) -> R) -> R
    where
        V: AnyBits,
    {
        update_by(&self.write_guard(), change)
    }

    /// Changes the newest value, of any type, as [`update`](Self::update) does.
    ///
    /// # Errors
    ///
    /// [`InvalidValue`] if the newest value's bytes are no valid `V`: then nothing was changed, and `change` did not
    /// run. [`store`](Self::store) mends it.
    ///
    /// # Panics
    ///
    /// As [`update`](Self::update).
    #[track_caller]
    pub fn update_checked<R>(&self, change: impl FnOnce(&mut V) -> R) -> Result<R, InvalidValue> {
        update_checked_by(&self.write_guard(), change)
    }

    #[inline(always)]
    #[track_caller]
    pub(super) fn write_guard(&self) -> WriteGuard<'_, V> {
        match self.cell.lock(Limit::Forever) {
            Ok(guard) => guard,
            Err(refused) => would_deadlock(refused, describe::part(self)),
        }
    }

    #[inline(always)]
    pub(super) fn write_guard_within(&self, limit: Limit) -> Result<WriteGuard<'_, V>, Busy> {
        self.cell.lock(limit).map_err(|refused| describe::busy(refused, self))
    }
}

#[cold]
#[track_caller]
fn would_deadlock(refused: AcquireError, part: PartName) -> ! {
    assert!(matches!(refused, AcquireError::HeldByThisThread), "a wait without a limit is refused nothing else");
    panic!(
        "this thread has a `Transaction` or `Writer` of {part}, or runs the closure of its `update`, and would wait for itself: \
         store through that, or end it before"
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
pub(super) fn update_checked_by<V: ShmValue, R>(
    guard: &WriteGuard<'_, V>,
    change: impl FnOnce(&mut V) -> R,
) -> Result<R, InvalidValue> {
    // SAFETY: `read` initializes all bytes, and they are checked.
    let mut value = unsafe { Private::<V>::uninit() };
    guard.read(value.as_uninit());
    // SAFETY: `read` has initialized all bytes.
    unsafe { bits::check(value.as_uninit()) }?;
    Ok(change_and_publish(guard, &mut value, change))
}

#[track_caller]
fn change_and_publish<V: ShmValue, R>(guard: &WriteGuard<'_, V>, value: &mut V, change: impl FnOnce(&mut V) -> R) -> R {
    let held = guard.mark_thread();
    let result = change(value);
    drop(held);
    assert!(guard.is_ours(), "a process that was forked in an `update` must not return from its closure");
    guard.publish(value);
    result
}
