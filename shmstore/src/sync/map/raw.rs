//! A `Map` of keys and values of any type.
//!
//! # Safety
//!
//! As `raw.rs`.
#![allow(unsafe_code)]

use std::time::Duration;

use super::conditions::{describe_key, key_condition, key_is_newer, keys_condition};
use super::core::{CoreOf, Over};
use super::memory::Words;
use super::table::Table;
use crate::error::{Awaited, Busy, InsertError, PartName, WaitError};
use crate::layout::schema::Kind;
use crate::sync::backoff::{Left, Limit};
use crate::sync::raw::RawPart;
use crate::sync::shape::Bytes;
use crate::sync::untyped::{MapOffsets, map_words};
use crate::sync::waiting::Condition;
use crate::sys::shm::Access;

#[derive(Clone, Copy)]
pub(crate) struct RawMap<'a>(CoreOf<'a, Bytes, Bytes>);

impl<'a> RawPart<'a> {
    /// The map. `None` if the part is none.
    pub(crate) fn map(self) -> Option<RawMap<'a>> {
        let &Kind::Map { capacity, key, value } = self.schema().kind() else { return None };
        let layout = |of: &crate::schema::Schema| (of.size() as u64, of.align() as u64);
        let at = MapOffsets::of(layout(key), layout(value), capacity as u64)?;
        // SAFETY: the part is a `Map`, which begins with these words.
        let words: &Words = unsafe { self.words(0) };
        // SAFETY: the seed is at this offset.
        let seed = unsafe { self.words(map_words::SEED) };
        // SAFETY: the heads and entries of the map are at these offsets, mapped while `'a` lasts. A map has at most
        // 2^31 − 1 entries, as the schema was checked.
        let table = unsafe { Table::new(self.start(), &at, u32::try_from(capacity).ok()?) };
        let shapes = (Bytes::new(key.size(), key.align()), Bytes::new(value.size(), value.align()));
        // SAFETY: the keys and values have these shapes.
        Some(RawMap(unsafe { CoreOf::new((words, seed), table, shapes, self.part(), Access::ReadWrite) }))
    }
}

impl<'a> RawMap<'a> {
    /// Copies the value of a key, and returns its version. `None` if the key is not in the map.
    ///
    /// # Errors
    ///
    /// [`WaitError::NeverWhole`] if each search or copy was disturbed for this time.
    pub(crate) fn read(self, key: &[u8], value: &mut [u8], time: Duration) -> Result<Option<u64>, WaitError> {
        let found = self.0.read_within(key, value, time);
        found.map_err(|Over| WaitError::NeverWhole { part: self.0.entry_name(key), waited: time })
    }

    pub(crate) fn contains(self, key: &[u8]) -> bool {
        self.0.contains(key)
    }

    pub(crate) fn len(self) -> usize {
        self.0.len()
    }

    pub(crate) fn capacity(self) -> usize {
        self.0.capacity()
    }

    /// How often keys were inserted and removed.
    pub(crate) fn changes(self) -> u64 {
        self.0.changes()
    }

    /// Inserts a key with a value, or stores the value. Returns `true` if the key is new.
    pub(crate) fn insert(self, key: &[u8], value: &[u8], limit: Limit) -> Result<bool, InsertError> {
        let replaced = self.0.insert(key, value, limit, |guard| {
            guard.publish(value);
        });
        Ok(replaced?.is_none())
    }

    /// Copies the value of a key to `value`, has it changed, and stores it under the lock of the entry. `None` if the
    /// key is not in the map. If `change` returns an error, nothing is stored. In a process that was forked in `change`
    /// the error is the one that `of_parent` returns.
    pub(crate) fn update<R, X: From<Busy>>(
        self,
        key: &[u8],
        value: &mut [u8],
        limit: Limit,
        change: impl FnOnce(&mut [u8]) -> Result<R, X>,
        of_parent: impl FnOnce() -> X,
    ) -> Result<Option<R>, X> {
        let Some((_, guard)) = self.0.lock_entry(key, &mut Left::of(limit))? else { return Ok(None) };
        guard.read(value);
        let mark = guard.held().mark_thread();
        let changed =
            change(value).and_then(|result| if guard.held().is_ours() { Ok(result) } else { Err(of_parent()) });
        drop(mark);
        if changed.is_ok() {
            guard.publish(value);
        } else {
            guard.free_without_news();
        }
        changed.map(Some)
    }

    /// Removes a key, and copies its value to `old`. Returns `false` if the key is not in the map.
    pub(crate) fn remove(self, key: &[u8], old: &mut [u8], limit: Limit) -> Result<bool, Busy> {
        let mut left = Left::of(limit);
        let Some((entry, guard)) = self.0.lock_entry(key, &mut left)? else { return Ok(false) };
        guard.read(old);
        self.0.remove(entry, guard, &mut left)?;
        Ok(true)
    }

    /// Calls `each` with each key, the version of its value, and the value.
    pub(crate) fn for_each(self, key: &mut [u8], value: &mut [u8], mut each: impl FnMut(&[u8], u64, &[u8])) {
        let mut from = 0;
        while let Some(place) = self.0.next_live(&mut from) {
            if let Some(version) = self.0.copy_place(place, key, Some(value)) {
                each(key, version, value);
            }
        }
    }

    pub(crate) fn name(self) -> PartName {
        self.0.part.name()
    }

    /// Describes a version of a key newer than `seen`.
    pub(crate) fn describe(self, key: &[u8], seen: u64) -> Awaited {
        describe_key(&self.0, key, seen)
    }

    /// The condition to sleep for until a key has a version newer than `seen`.
    pub(crate) fn newer_than(self, key: &[u8], seen: u64) -> Condition<'a> {
        key_condition(self.0, key, seen)
    }

    /// Returns `true` if a key has a version newer than `seen`.
    pub(crate) fn is_newer(self, key: &[u8], seen: u64) -> bool {
        key_is_newer(self.0, key, seen)
    }

    /// The condition that keys were inserted or removed.
    pub(crate) fn changed_since(self, seen: u64) -> Condition<'a> {
        keys_condition(self.0, seen)
    }

    pub(crate) fn settle(self) {
        self.0.recover_if_left();
    }
}
