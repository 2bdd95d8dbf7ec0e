//! `Entry`: the place of a key in a map.

mod large;
mod wait;

use std::fmt;
use std::mem::MaybeUninit;
use std::time::Duration;

use super::Map;
use super::core::{Core, Place, invalid_at};
use super::protocol::is_still;
use crate::error::{Busy, EntryError, InvalidValue, PartName, Removed, WaitError};
use crate::layout::{DebugValue, ShmKey, ShmValue};
use crate::sync::backoff::{Left, Limit};
use crate::sync::describe::or_panic;
use crate::sync::value_ref::{ValueRef, WriteGuard};
use crate::sync::versioned::update_checked_by;
use crate::sync::{Transaction, Writer};
use crate::sys::shm::Access;
use crate::value::bits;

/// Reads and writes the value of one key of a [`Map`] without a search. [`Map::entry`] returns it.
///
/// It has the methods of a [`Versioned`](crate::Versioned). As each of them returns a `Result`, none has a twin whose
/// name ends with `_checked`. Each of them fails once the key was removed, even if the key was inserted again. An entry
/// does not keep its key in the map, and delays no other process.
///
/// ```
/// use shmstore::Map;
/// use shmstore::map::EntryError;
///
/// let quotes = Map::<u64, [f64; 2], 100>::new();
/// quotes.insert(17, [1.0, 2.0])?;
///
/// let quote = quotes.entry(&17).expect("just inserted");
/// quote.store([1.5, 2.5])?;
/// assert_eq!(quote.load_versioned()?, (2, [1.5, 2.5]));
///
/// quotes.remove(&17)?;
/// assert!(matches!(quote.load(), Err(EntryError::Removed(_))));
/// # Ok::<(), shmstore::Error>(())
/// ```
pub struct Entry<'a, K: ShmKey, V: ShmValue> {
    core: Core<'a, K, V>,
    key: K,
    place: Place<'a>,
}

impl<K: ShmKey, V: ShmValue, const N: usize> Map<K, V, N> {
    /// Returns the entry of a key. `None` if the key is not in the map. It inserts nothing, in contrast to the `entry`
    /// of a `HashMap`.
    #[inline]
    pub fn entry(&self, key: &K) -> Option<Entry<'_, K, V>> {
        let (core, key) = (self.core(Access::ReadWrite), key.to_key());
        let place = core.find(&key, &mut Left::of(Limit::Forever)).ok()??;
        Some(Entry { core, key, place })
    }
}

impl<'a, K: ShmKey, V: ShmValue> Entry<'a, K, V> {
    /// Returns the key.
    #[must_use]
    pub fn key(&self) -> &K {
        &self.key
    }

    /// Returns `true` if the key was removed from the map, even if it was inserted again.
    #[must_use]
    pub fn is_removed(&self) -> bool {
        !self.place.is_live()
    }

    /// Returns the newest value.
    ///
    /// For a value that is too large for the stack, use [`load_boxed`](Self::load_boxed).
    ///
    /// # Errors
    ///
    /// - [`EntryError::Removed`] if the key was removed.
    /// - [`EntryError::InvalidValue`] if the bytes are not a valid `V`.
    #[inline]
    pub fn load(&self) -> Result<V, EntryError> {
        Ok(self.load_versioned()?.1)
    }

    /// Returns the newest value and its version.
    ///
    /// For a value that is too large for the stack, use [`load_into`](Self::load_into).
    ///
    /// # Errors
    ///
    /// As [`load`](Self::load).
    #[inline]
    #[allow(unsafe_code)]
    pub fn load_versioned(&self) -> Result<(u64, V), EntryError> {
        let mut bytes = MaybeUninit::uninit();
        let version = self.read(|value| value.read(&mut bytes, self.core.access()))?;
        // SAFETY: `read` has initialized all bytes.
        Ok((version, unsafe { bits::checked(bytes) }.map_err(|invalid| self.invalid(invalid))?))
    }

    /// Returns the newest value, or an error after `timeout`. For objects that hostile processes may write. See
    /// [`Versioned::load_timeout`](crate::Versioned::load_timeout).
    ///
    /// # Errors
    ///
    /// - [`WaitError::EntryRemoved`] if the key was removed.
    /// - [`WaitError::NeverWhole`] if no copy was whole in this time.
    /// - [`WaitError::InvalidValue`] if the bytes are not a valid `V`.
    pub fn load_timeout(&self, timeout: Duration) -> Result<V, WaitError> {
        Ok(self.load_within(timeout, timeout)?.1)
    }

    /// Returns the version of the newest value. The versions of a key grow, even if it is removed and inserted again.
    ///
    /// # Errors
    ///
    /// [`Removed`] if the key was removed.
    #[inline]
    pub fn version(&self) -> Result<u64, Removed> {
        self.read(ValueRef::version)
    }

    /// Makes `value` the newest version, and returns its number. Waits until no other thread writes the value.
    ///
    /// # Errors
    ///
    /// [`Removed`] if the key was removed.
    ///
    /// # Panics
    ///
    /// Panics if this thread would wait for itself: it has a [`Transaction`] or [`Writer`] of the key, or runs a
    /// closure under the lock of the value.
    #[inline]
    #[track_caller]
    pub fn store(&self, value: V) -> Result<u64, Removed> {
        self.store_from(&value)
    }

    /// Makes a copy of `*value` the newest version, and returns its number. For values too large for the stack.
    ///
    /// # Errors
    ///
    /// As [`store`](Self::store).
    ///
    /// # Panics
    ///
    /// Panics as [`store`](Self::store) does.
    #[inline]
    #[track_caller]
    pub fn store_from(&self, value: &V) -> Result<u64, Removed> {
        Ok(self.lock()?.publish(value))
    }

    /// Changes the newest value by `change`, and returns the result of `change`. No other store comes in between. See
    /// [`Versioned::update`](crate::Versioned::update).
    ///
    /// # Errors
    ///
    /// - [`EntryError::Removed`] if the key was removed. Then `change` did not run.
    /// - [`EntryError::InvalidValue`] if the bytes are not a valid `V`. Then `change` did not run.
    ///
    /// # Panics
    ///
    /// Panics as [`store`](Self::store) does, and in a process that was forked in `change`.
    #[track_caller]
    pub fn update<R>(&self, change: impl FnOnce(&mut V) -> R) -> Result<R, EntryError> {
        update_checked_by(&self.lock()?, change).map_err(|invalid| self.invalid(invalid).into())
    }

    /// Begins a transaction on a private copy of the newest value. Waits until no other writer has the value. The key
    /// is not removed before the transaction ends.
    ///
    /// ```
    /// use shmstore::Map;
    ///
    /// let accounts = Map::<u64, [i64; 2], 100>::new();
    /// accounts.insert(7, [100, 0])?;
    /// let account = accounts.entry(&7).expect("just inserted");
    /// let mut transfer = account.begin()?;
    /// transfer[0] -= 30;
    /// transfer[1] += 30;
    /// transfer.commit(); // publishes both changes at once; without it, nothing changes
    /// assert_eq!(account.load()?, [70, 30]);
    /// # Ok::<(), shmstore::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// - [`EntryError::Removed`] if the key was removed.
    /// - [`EntryError::InvalidValue`] if the bytes are not a valid `V`.
    ///
    /// # Panics
    ///
    /// Panics as [`store`](Self::store) does.
    #[track_caller]
    pub fn begin(&self) -> Result<Transaction<'a, V>, EntryError> {
        Transaction::begin_checked(self.lock()?).map_err(|invalid| self.invalid(invalid).into())
    }

    /// Begins a transaction unless another writer has the value. Never waits.
    ///
    /// # Errors
    ///
    /// As [`begin`](Self::begin), and [`EntryError::Busy`] if a writer has the value.
    pub fn try_begin(&self) -> Result<Transaction<'a, V>, EntryError> {
        Transaction::begin_checked(self.lock_within(Limit::Never)??).map_err(|invalid| self.invalid(invalid).into())
    }

    /// Begins a transaction. Waits for `timeout` at most.
    ///
    /// # Errors
    ///
    /// As [`begin`](Self::begin), and [`EntryError::Busy`] once the time is over, or at once if this thread has the
    /// value.
    pub fn begin_timeout(&self, timeout: Duration) -> Result<Transaction<'a, V>, EntryError> {
        Transaction::begin_checked(self.lock_within(Limit::Within(timeout))??)
            .map_err(|invalid| self.invalid(invalid).into())
    }

    /// Makes this thread the exclusive writer of the value. Waits until no other writer has it. The key is not removed
    /// before the writer is dropped.
    ///
    /// # Errors
    ///
    /// [`Removed`] if the key was removed.
    ///
    /// # Panics
    ///
    /// Panics as [`store`](Self::store) does.
    #[track_caller]
    pub fn writer(&self) -> Result<Writer<'a, V>, Removed> {
        self.lock().map(Writer::new)
    }

    /// Makes this thread the exclusive writer unless another writer has the value. Never waits.
    ///
    /// # Errors
    ///
    /// - [`EntryError::Removed`] if the key was removed.
    /// - [`EntryError::Busy`] if another writer has the value.
    pub fn try_writer(&self) -> Result<Writer<'a, V>, EntryError> {
        Ok(self.lock_within(Limit::Never)?.map(Writer::new)?)
    }

    /// Makes this thread the exclusive writer. Waits for `timeout` at most.
    ///
    /// # Errors
    ///
    /// - [`EntryError::Removed`] if the key was removed.
    /// - [`EntryError::Busy`] once the time is over, or at once if this thread has the value.
    pub fn writer_timeout(&self, timeout: Duration) -> Result<Writer<'a, V>, EntryError> {
        Ok(self.lock_within(Limit::Within(timeout))?.map(Writer::new)?)
    }

    /// Loads the newest value within a time. `waited` is for the error.
    #[allow(unsafe_code)]
    pub(super) fn load_within(&self, left: Duration, waited: Duration) -> Result<(u64, V), WaitError> {
        let mut bytes = MaybeUninit::uninit();
        let version = self.read_within(&mut bytes, left, waited)?;
        // SAFETY: `read_within` has initialized all bytes.
        Ok((version, unsafe { bits::checked(bytes) }.map_err(|invalid| self.invalid(invalid))?))
    }

    /// Copies the bytes of the newest value within a time, and returns its version. Writes only initialized bytes, and
    /// after a success all are.
    fn read_within(&self, bytes: &mut MaybeUninit<V>, left: Duration, waited: Duration) -> Result<u64, WaitError> {
        let version = self.read(|value| value.read_within(bytes, self.core.access(), left))?;
        version.ok_or_else(|| WaitError::NeverWhole { part: self.name(), waited })
    }

    pub(super) fn place(&self) -> Place<'a> {
        self.place
    }

    pub(super) fn value(&self) -> ValueRef<'a, V> {
        self.core.value(self.place.entry)
    }

    #[inline(always)]
    fn read<R>(&self, read: impl FnOnce(ValueRef<'a, V>) -> R) -> Result<R, Removed> {
        if self.place.is_live() {
            let result = read(self.value());
            if is_still(&self.core.table, self.place.entry, self.place.state) {
                return Ok(result);
            }
        }
        Err(self.removed())
    }

    #[inline(always)]
    #[track_caller]
    fn lock(&self) -> Result<WriteGuard<'a, V>, Removed> {
        or_panic(self.lock_within(Limit::Forever))
    }

    /// Takes the lock of the value. Checks afterwards that the entry still has the key.
    #[inline(always)]
    fn lock_within(&self, limit: Limit) -> Result<Result<WriteGuard<'a, V>, Removed>, Busy> {
        let guard = self.core.lock_value(self.place.entry, &mut Left::of(limit))?;
        if self.place.is_live() {
            return Ok(Ok(guard));
        }
        guard.free_without_news();
        Ok(Err(self.removed()))
    }

    pub(super) fn name(&self) -> PartName {
        self.core.entry_name(&self.key)
    }

    #[cold]
    fn invalid(&self, invalid: InvalidValue) -> InvalidValue {
        invalid_at(&self.key, invalid)
    }

    #[cold]
    fn removed(&self) -> Removed {
        Removed::new(self.name())
    }
}

impl<K: ShmKey, V: ShmValue> Clone for Entry<'_, K, V> {
    fn clone(&self) -> Self {
        Self { ..*self }
    }
}

impl<K: ShmKey + DebugValue, V: DebugValue> fmt::Debug for Entry<'_, K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Entry");
        shown.field("key", &self.key);
        match self.load_versioned() {
            Ok((version, value)) => shown.field("version", &version).field("value", &value),
            Err(error) => shown.field("value", &format_args!("<{error}>")),
        };
        shown.finish()
    }
}
