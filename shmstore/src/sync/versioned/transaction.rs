//! `Transaction`: several changes that are published together, or not at all.
//!
//! # Safety
//!
//! As `versioned.rs`.
#![allow(unsafe_code)]

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::time::Duration;

use super::Versioned;
use super::debug_of;
use super::private::Private;
use crate::error::{BeginError, InvalidValue};
use crate::layout::{AnyBits, DebugValue, ShmValue, is_described_value};
use crate::sync::backoff::Limit;
use crate::sync::describe::belongs_to_the_parent;
use crate::sync::thread_mark::ThreadMark;
use crate::sync::value_ref::WriteGuard;
use crate::sys::failpoint::{self, Step};
use crate::value::bits;

/// Collects changes to a [`Versioned`] value, and publishes all of them at once, or none. [`Versioned::begin`] returns
/// it.
///
/// It dereferences to a private copy of the value, which is in the heap. [`commit`](Self::commit) publishes the copy.
/// If the transaction is dropped, its thread panics, or its process is killed, nothing has changed.
///
/// Other writers wait until it ends. Readers do not wait. It belongs to the thread that began it.
///
/// In a child of `fork` an inherited transaction belongs to the parent. The child can only drop it.
///
/// ```
/// use shmstore::Versioned;
///
/// let accounts = Versioned::<[i64; 3]>::default();
/// let mut transfer = accounts.begin();
/// transfer[0] -= 30;
/// assert_eq!(accounts.load(), [0, 0, 0]); // readers see no half-made transfer
/// transfer[2] += 30;
/// transfer.commit();
/// assert_eq!(accounts.load(), [-30, 0, 30]);
///
/// let mut mistake = accounts.begin();
/// mistake[1] += 1_000;
/// drop(mistake);
/// assert_eq!(accounts.load(), [-30, 0, 30]);
/// ```
#[must_use = "a transaction that is dropped changes nothing: `commit` it"]
pub struct Transaction<'a, V: ShmValue> {
    // Dropped before `guard`, so that the mark is there only while this thread has the lock.
    _mark: ThreadMark<'a>,
    guard: WriteGuard<'a, V>,
    version: u64,
    value: Private<V>,
}

/// Transactions on the value.
impl<V: ShmValue> Versioned<V> {
    /// Begins a transaction on a private copy of the newest value. Waits until no other writer has the part.
    ///
    /// # Panics
    ///
    /// Panics as [`store`](Self::store) does.
    #[inline]
    #[track_caller]
    pub fn begin(&self) -> Transaction<'_, V>
    where
        V: AnyBits,
    {
        Transaction::begin(self.write_guard())
    }

    /// Begins a transaction as [`begin`](Self::begin) does. For types that have invalid bits.
    ///
    /// # Errors
    ///
    /// [`InvalidValue`] if the bytes of the newest value are not a valid `V`. [`store`](Self::store) repairs it.
    ///
    /// # Panics
    ///
    /// Panics as [`store`](Self::store) does.
    #[track_caller]
    pub fn begin_checked(&self) -> Result<Transaction<'_, V>, InvalidValue> {
        Transaction::begin_checked(self.write_guard())
    }

    /// Begins a transaction unless another writer has the part. Never waits.
    ///
    /// # Errors
    ///
    /// - [`BeginError::Busy`] if a writer has the part.
    /// - [`BeginError::InvalidValue`] if the bytes of the newest value are not a valid `V`. [`store`](Self::store)
    ///   repairs it.
    pub fn try_begin(&self) -> Result<Transaction<'_, V>, BeginError> {
        Ok(Transaction::begin_checked(self.write_guard_within(Limit::Never)?)?)
    }

    /// Begins a transaction. Waits until no other writer has the part. The limit is `timeout`.
    ///
    /// # Errors
    ///
    /// - [`BeginError::Busy`] once the time is over, or at once if this thread has the part.
    /// - [`BeginError::InvalidValue`] if the bytes of the newest value are not a valid `V`. [`store`](Self::store)
    ///   repairs it.
    pub fn begin_timeout(&self, timeout: Duration) -> Result<Transaction<'_, V>, BeginError> {
        Ok(Transaction::begin_checked(self.write_guard_within(Limit::Within(timeout))?)?)
    }
}

impl<'a, V: ShmValue> Transaction<'a, V> {
    #[inline]
    pub(in crate::sync) fn begin(guard: WriteGuard<'a, V>) -> Self
    where
        V: AnyBits,
    {
        const { is_described_value::<V>() };
        // SAFETY: `read` initializes all bytes, and any are a value.
        let mut begun = unsafe { Self::uninit(guard) };
        begun.version = begun.guard.read(begun.value.as_uninit());
        failpoint::reach(Step::TransactionBegun);
        begun
    }

    pub(in crate::sync) fn begin_checked(guard: WriteGuard<'a, V>) -> Result<Self, InvalidValue> {
        // SAFETY: `read` initializes all bytes, and they are checked.
        let mut begun = unsafe { Self::uninit(guard) };
        begun.version = begun.guard.read(begun.value.as_uninit());
        failpoint::reach(Step::TransactionBegun);
        // SAFETY: `read` has initialized all bytes.
        unsafe { bits::check(begun.value.as_uninit()) }?;
        Ok(begun)
    }

    /// # Safety
    ///
    /// As [`Private::uninit`].
    #[inline(always)]
    unsafe fn uninit(guard: WriteGuard<'a, V>) -> Self {
        // SAFETY: the caller's promise is the same.
        Self { _mark: guard.held().mark_thread(), guard, version: 0, value: unsafe { Private::uninit() } }
    }

    /// Makes the changed copy the newest version, and returns its number.
    ///
    /// # Panics
    ///
    /// Panics in a process that was forked since [`Versioned::begin`].
    #[inline]
    #[track_caller]
    pub fn commit(self) -> u64 {
        if !self.guard.held().is_ours() {
            belongs_to_the_parent::<V>("an open `Transaction`", "commit it");
        }
        self.guard.publish(&self.value)
    }

    /// Ends the transaction without a change. Dropping it does the same.
    pub fn rollback(self) {}

    /// Returns the version that the transaction began with.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.version
    }
}

impl<V: ShmValue> Deref for Transaction<'_, V> {
    type Target = V;

    fn deref(&self) -> &V {
        &self.value
    }
}

impl<V: ShmValue> DerefMut for Transaction<'_, V> {
    fn deref_mut(&mut self) -> &mut V {
        &mut self.value
    }
}

impl<V: DebugValue> fmt::Debug for Transaction<'_, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        debug_of("Transaction", self.version, Some(&*self.value), f)
    }
}
