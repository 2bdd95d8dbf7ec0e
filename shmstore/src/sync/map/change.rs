//! Changes of a map: its locks, insertion and removal.

use super::core::{CoreOf, Over, goes_on};
use super::key_hash;
use super::protocol::{Entries, Found};
use super::table::EntryRef;
use crate::error::{Busy, InsertError};
use crate::segment::this_process;
use crate::sync::atomics::Ordering::{Relaxed, Release};
use crate::sync::backoff::{Left, Limit};
use crate::sync::locking::AcquireError;
use crate::sync::shape::Shape;
use crate::sync::side::Held;
use crate::sync::value_ref::GuardOf;
use crate::sys::process::random_u64;
use crate::sys::shm::Access;

impl<'a, K: Shape, V: Shape> CoreOf<'a, K, V> {
    /// Takes the structure lock, and completes what a dead holder has left. No thread waits, and no closure of the user
    /// runs, while it has this lock.
    #[inline(always)]
    pub(super) fn lock(&self, left: &mut Left) -> Result<Held<'a>, Busy> {
        let held = self.words.side.lock_within(left, self.part)?;
        self.words.structure().recover(&self.table);
        Ok(held)
    }

    /// Completes what a dead process has left, if there is something and this process may write. Never waits, and keeps
    /// no lock from a process that changes keys.
    pub(super) fn recover_if_left(&self) {
        if self.access() == Access::ReadWrite && self.words.structure().is_changing() {
            if let Some(_held) = self.words.side.lock_of_dead() {
                self.words.structure().recover(&self.table);
            }
        }
    }

    /// Takes the lock of the entry of a key. `None` if the key is not in the map.
    #[inline(always)]
    pub(super) fn lock_entry(
        &self,
        key: &K::Value,
        left: &mut Left,
    ) -> Result<Option<(EntryRef<'a>, GuardOf<'a, V>)>, Busy> {
        loop {
            let Ok(found) = self.find(key, left) else { return Err(self.part.busy_for(left.waited())) };
            let Some(place) = found else { return Ok(None) };
            let guard = self.lock_value(place.entry, left)?;
            if place.is_live() {
                return Ok(Some((place.entry, guard)));
            }
            guard.free_without_news();
            goes_on(left).map_err(|Over| self.part.busy_for(left.waited()))?;
        }
    }

    /// Takes the lock of the value of an entry. The entry may have another key afterwards.
    #[inline(always)]
    pub(super) fn lock_value(&self, entry: EntryRef<'a>, left: &mut Left) -> Result<GuardOf<'a, V>, Busy> {
        let value = self.value(entry);
        match value.lock_at_once() {
            Some(guard) => Ok(guard),
            None => value.lock(left.started()).map_err(|error| self.busy_at(entry, error)),
        }
    }

    /// Inserts a key. If it is in the map already, `change` gets the lock of its value, and decides.
    #[inline(always)]
    pub(super) fn insert<R>(
        &self,
        key: &K::Value,
        value: &V::Value,
        limit: Limit,
        change: impl FnOnce(GuardOf<'a, V>) -> R,
    ) -> Result<Option<R>, InsertError> {
        let mut left = Left::of(limit);
        loop {
            if let Some((_, guard)) = self.lock_entry(key, &mut left)? {
                return Ok(Some(change(guard)));
            }
            let held = self.lock(&mut left)?;
            let hash = key_hash(self.seed(), K::bytes(key));
            if let Found::Live(..) = self.find_once(hash, key, || true) {
                held.free_without_news();
                goes_on(&mut left).map_err(|Over| self.part.busy_for(left.waited()))?;
                continue;
            }
            let inserted = self.words.structure().insert(&self.table, hash, |entry, floor| {
                self.put_key(entry, key);
                self.value(entry).begin_with(value, floor);
            });
            if inserted.is_none() {
                held.free_without_news();
                return Err(self.full());
            }
            return Ok(None);
        }
    }

    #[cold]
    fn full(self) -> InsertError {
        InsertError::Full { map: self.part.name(), capacity: self.table.capacity() as usize }
    }

    /// The seed of the hash, under the structure lock. Draws it if this is the first insertion.
    #[inline(always)]
    fn seed(&self) -> u64 {
        match self.seed.load(Relaxed) {
            0 => self.draw_seed(),
            seed => seed,
        }
    }

    #[cold]
    fn draw_seed(&self) -> u64 {
        // The seed is no secret. It only keeps programs from relying on the order of the entries.
        let seed = random_u64().unwrap_or_else(|_| u64::from(this_process::token())).max(1);
        self.seed.store(seed, Release);
        seed
    }

    /// Removes the key of an entry whose lock is taken. Wakes all waiters.
    pub(super) fn remove(&self, entry: EntryRef<'a>, guard: GuardOf<'a, V>, left: &mut Left) -> Result<(), Busy> {
        let held = match self.lock(left) {
            Ok(held) => held,
            Err(busy) => {
                guard.free_without_news();
                return Err(busy);
            }
        };
        let version = self.value(entry).version();
        self.words.structure().remove(&self.table, entry, self.table.link(entry), version);
        // The next key of the entry must not find the lock taken.
        guard.free_before(|| drop(held));
        Ok(())
    }

    /// Describes which process or thread holds the value of an entry.
    #[cold]
    fn busy_at(self, entry: EntryRef<'a>, error: AcquireError) -> Busy {
        self.part.busy(error).at_key(self.part.key_text(&self.key_bytes(entry)))
    }
}
