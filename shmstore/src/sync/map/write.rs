//! Insertions, updates and removals.
//!
//! # Safety
//!
//! As `core.rs`.
#![allow(unsafe_code)]

use std::mem::MaybeUninit;
use std::time::Duration;

use super::Map;
use super::core::invalid_at;
use crate::error::{BeginError, InsertError, InvalidValue};
use crate::layout::{ShmKey, ShmValue};
use crate::sync::backoff::{Left, Limit};
use crate::sync::describe::or_panic;
use crate::sync::value_ref::WriteGuard;
use crate::sync::versioned::{look_by, update_checked_by};
use crate::sys::shm::Access;
use crate::value::bits;

/// Insertions, updates and removals.
impl<K: ShmKey, V: ShmValue, const N: usize> Map<K, V, N> {
    /// Inserts a key with a value, or stores the value if the key is in the map. Returns the old value. `None` if the
    /// key is new.
    ///
    /// Waits until no other thread of any process writes the value of this key.
    ///
    /// For a value that is too large for the stack, use [`insert_from`](Self::insert_from).
    ///
    /// ```
    /// use shmstore::Map;
    /// use shmstore::map::InsertError;
    ///
    /// let sessions = Map::<u64, u32, 2>::new();
    /// assert_eq!(sessions.insert(17, 1)?, None);
    /// assert_eq!(sessions.insert(17, 2)?, Some(1));
    /// sessions.insert(18, 1)?;
    /// assert!(matches!(sessions.insert(19, 1), Err(InsertError::Full { capacity: 2, .. })));
    /// # Ok::<(), shmstore::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// - [`InsertError::Full`] if there is no room for a new key.
    /// - [`InsertError::InvalidValue`] if the bytes of the old value are not a valid `V`. The new value is stored.
    ///
    /// # Panics
    ///
    /// Panics if this thread would wait for itself: it has a [`Transaction`](crate::Transaction) or
    /// [`Writer`](crate::Writer) of this key, or runs a closure under the lock of its value.
    #[inline]
    #[track_caller]
    pub fn insert(&self, key: K, value: V) -> Result<Option<V>, InsertError> {
        unless_own(self.insert_within(key, &value, Limit::Forever))
    }

    /// Inserts a key as [`insert`](Self::insert) does. Never waits.
    ///
    /// # Errors
    ///
    /// As [`insert`](Self::insert), and [`InsertError::Busy`] if another thread writes the value of this key, or
    /// inserts or removes a key at this moment.
    pub fn try_insert(&self, key: K, value: V) -> Result<Option<V>, InsertError> {
        self.insert_within(key, &value, Limit::Never)
    }

    /// Inserts a key as [`insert`](Self::insert) does. Waits for `timeout` at most.
    ///
    /// # Errors
    ///
    /// As [`insert`](Self::insert), and [`InsertError::Busy`] once the time is over, or at once if this thread writes
    /// the value of this key.
    pub fn insert_timeout(&self, key: K, value: V, timeout: Duration) -> Result<Option<V>, InsertError> {
        self.insert_within(key, &value, Limit::Within(timeout))
    }

    /// Inserts a key with a copy of `*value`, or stores the copy if the key is in the map. Returns `true` if the key is
    /// new. Puts no value on the stack, and reads no old value.
    ///
    /// ```
    /// use shmstore::{Map, ShmObject, ShmValue};
    ///
    /// let images = Map::<u64, [u64; 1 << 16], 4>::zeroed_box();
    /// let mut image = <[u64; 1 << 16]>::zeroed_box();
    /// image[7] = 1;
    /// assert!(images.insert_from(&17, &image)?);
    /// assert_eq!(images.get_into(&17, &mut image)?, Some(1)); // its version
    /// # Ok::<(), shmstore::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`InsertError::Full`] if there is no room for a new key.
    ///
    /// # Panics
    ///
    /// Panics as [`insert`](Self::insert) does.
    #[track_caller]
    pub fn insert_from(&self, key: &K, value: &V) -> Result<bool, InsertError> {
        let core = self.core(Access::ReadWrite);
        let stored = core.insert(&key.to_key(), value, Limit::Forever, |guard| {
            guard.publish(value);
        });
        Ok(unless_own(stored)?.is_none())
    }

    /// Returns the value of a key. If the key is not in the map, inserts it with the value that `make` returns.
    ///
    /// `make` runs without any lock. If another process inserts the key meanwhile, the call returns that value, and
    /// drops its own.
    ///
    /// ```
    /// use shmstore::Map;
    ///
    /// let numbers = Map::<u64, u32, 8>::new();
    /// assert_eq!(numbers.get_or_insert_with(17, || 1)?, 1);
    /// assert_eq!(numbers.get_or_insert_with(17, || 2)?, 1);
    /// # Ok::<(), shmstore::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// - [`InsertError::Full`] if there is no room for a new key.
    /// - [`InsertError::InvalidValue`] if the bytes of the value are not a valid `V`.
    ///
    /// # Panics
    ///
    /// Panics as [`insert`](Self::insert) does.
    #[track_caller]
    pub fn get_or_insert_with(&self, key: K, make: impl FnOnce() -> V) -> Result<V, InsertError> {
        if let Some(value) = self.get(&key)? {
            return Ok(value);
        }
        let (made, core) = (make(), self.core(Access::ReadWrite));
        let there = core.insert(&key.to_key(), &made, Limit::Forever, |guard| {
            let value = read(&guard, &key);
            guard.free_without_news();
            value
        });
        Ok(unless_own(there)?.transpose()?.unwrap_or(made))
    }

    /// Changes the value of a key by `change`, and returns the result of `change`. `None` if the key is not in the map.
    /// No other store comes in between.
    ///
    /// `change` works on a private copy. If it panics, nothing has changed. While it runs, other writers of this key
    /// wait, and readers see the old value.
    ///
    /// ```
    /// use shmstore::Map;
    ///
    /// let visits = Map::<u64, u32, 8>::new();
    /// assert_eq!(visits.update(&17, |count| *count += 1)?, None);
    ///
    /// visits.get_or_insert_with(17, || 0)?; // first, if the key may be new
    /// let count = visits.update(&17, |count| {
    ///     *count += 1;
    ///     *count
    /// })?;
    /// assert_eq!(count, Some(1));
    /// # Ok::<(), shmstore::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`InvalidValue`] if the bytes of the value are not a valid `V`. Then `change` did not run.
    ///
    /// # Panics
    ///
    /// Panics as [`insert`](Self::insert) does, and in a process that was forked in `change`.
    #[track_caller]
    pub fn update<R>(&self, key: &K, change: impl FnOnce(&mut V) -> R) -> Result<Option<R>, InvalidValue> {
        let core = self.core(Access::ReadWrite);
        match or_panic(core.lock_entry(&key.to_key(), &mut Left::of(Limit::Forever))) {
            Some((_, guard)) => update_checked_by(&guard, change).map(Some).map_err(|invalid| invalid_at(key, invalid)),
            None => Ok(None),
        }
    }

    /// Removes a key, and returns its value. `None` if the key is not in the map.
    ///
    /// Waits until no other thread of any process writes the value. An [`Entry`](super::Entry) of the key fails from
    /// now on, even if the key is inserted again.
    ///
    /// ```
    /// use shmstore::Map;
    ///
    /// let sessions = Map::<u64, u32, 8>::new();
    /// sessions.insert(17, 1)?;
    /// assert_eq!(sessions.remove(&17)?, Some(1));
    /// assert_eq!(sessions.remove(&17)?, None);
    /// # Ok::<(), shmstore::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`InvalidValue`] if the bytes of the value are not a valid `V`. The key is removed.
    ///
    /// # Panics
    ///
    /// Panics as [`insert`](Self::insert) does.
    #[track_caller]
    pub fn remove(&self, key: &K) -> Result<Option<V>, InvalidValue> {
        match self.remove_within(key, Limit::Forever) {
            Err(BeginError::Busy(busy)) => or_panic(Err(busy)),
            Err(BeginError::InvalidValue(invalid)) => Err(invalid),
            Ok(value) => Ok(value),
        }
    }

    /// Removes a key as [`remove`](Self::remove) does. Never waits.
    ///
    /// # Errors
    ///
    /// - [`BeginError::Busy`] if another thread writes the value, or inserts or removes a key at this moment.
    /// - [`BeginError::InvalidValue`] if the bytes of the value are not a valid `V`. The key is removed.
    pub fn try_remove(&self, key: &K) -> Result<Option<V>, BeginError> {
        self.remove_within(key, Limit::Never)
    }

    /// Removes a key as [`remove`](Self::remove) does. Waits for `timeout` at most.
    ///
    /// # Errors
    ///
    /// - [`BeginError::Busy`] once the time is over, or at once if this thread writes the value.
    /// - [`BeginError::InvalidValue`] if the bytes of the value are not a valid `V`. The key is removed.
    pub fn remove_timeout(&self, key: &K, timeout: Duration) -> Result<Option<V>, BeginError> {
        self.remove_within(key, Limit::Within(timeout))
    }

    /// Removes the keys for which `keeps` returns `false`.
    ///
    /// `keeps` runs under the lock of the value, so no store comes between `keeps` and the removal. The call takes this
    /// lock for one key after the other, and waits until no other thread has it. A key is also removed if its bytes, or
    /// those of its value, are not valid. `keeps` does not run for it.
    ///
    /// ```
    /// use shmstore::Map;
    ///
    /// let sessions = Map::<u64, u32, 8>::new();
    /// sessions.insert(17, 1)?;
    /// sessions.insert(18, 2)?;
    /// sessions.retain(|_, last_seen| *last_seen > 1);
    /// assert_eq!((sessions.len(), sessions.contains_key(&18)), (1, true));
    /// # Ok::<(), shmstore::Error>(())
    /// ```
    ///
    /// # Panics
    ///
    /// Panics if this thread would wait for itself, as [`insert`](Self::insert) does for one key. So `keeps` must not
    /// write the value of the key that it gets.
    #[track_caller]
    pub fn retain(&self, mut keeps: impl FnMut(&K, &V) -> bool) {
        self.remove_unless(|key, guard| match key() {
            Ok(key) => look_by(guard, |value| keeps(&key, value)).unwrap_or(false),
            Err(_) => false,
        });
    }

    /// Removes all keys, one after the other. A key that another process inserts meanwhile may stay.
    ///
    /// # Panics
    ///
    /// Panics as [`retain`](Self::retain) does.
    #[track_caller]
    pub fn clear(&self) {
        self.remove_unless(|_, _| false);
    }

    /// Visits each key under the lock of its value, and removes it unless `keeps` returns `true`.
    #[track_caller]
    fn remove_unless(&self, mut keeps: impl FnMut(&dyn Fn() -> Result<K, InvalidValue>, &WriteGuard<'_, V>) -> bool) {
        let (core, mut from) = (self.core(Access::ReadWrite), 0);
        while let Some(place) = core.next_live(&mut from) {
            let left = &mut Left::of(Limit::Forever);
            let guard = or_panic(core.lock_value(place.entry, left));
            if place.is_live() && !keeps(&|| core.key(place.entry), &guard) {
                or_panic(core.remove(place.entry, guard, left));
            } else {
                guard.free_without_news();
            }
        }
    }

    #[inline]
    fn insert_within(&self, key: K, value: &V, limit: Limit) -> Result<Option<V>, InsertError> {
        let core = self.core(Access::ReadWrite);
        let replaced = core.insert(&key.to_key(), value, limit, |guard| {
            let old = read(&guard, &key);
            guard.publish(value);
            old
        });
        Ok(replaced?.transpose()?)
    }

    fn remove_within(&self, key: &K, limit: Limit) -> Result<Option<V>, BeginError> {
        let (core, mut left) = (self.core(Access::ReadWrite), Left::of(limit));
        let Some((entry, guard)) = core.lock_entry(&key.to_key(), &mut left)? else { return Ok(None) };
        let value = read(&guard, key);
        core.remove(entry, guard, &mut left)?;
        Ok(Some(value?))
    }
}

/// Copies the value of a key, which a guard has locked.
#[inline(always)]
fn read<K: ShmKey, V: ShmValue>(guard: &WriteGuard<'_, V>, key: &K) -> Result<V, InvalidValue> {
    let mut bytes = MaybeUninit::uninit();
    guard.read(&mut bytes);
    // SAFETY: `read` has initialized all bytes.
    unsafe { bits::checked(bytes) }.map_err(|invalid| invalid_at(key, invalid))
}

/// The result of a call that waits without a limit, which is busy only if this thread would wait for itself.
#[track_caller]
#[inline(always)]
fn unless_own<T>(inserted: Result<T, InsertError>) -> Result<T, InsertError> {
    match inserted {
        Err(InsertError::Busy(busy)) => or_panic(Err(busy)),
        inserted => inserted,
    }
}
