//! A map with its locks, and what a process does with it that has none yet: the steps of `map/core.rs`, `map/change.rs` and
//! `map/wait.rs`.

use loom::thread;

use super::atomics::Ordering::Acquire;
use super::part::{CAPACITY, Death, Got, Key, Part};
use super::protocol::is_live;
use super::seqlock;
use super::side::Side;

pub(super) struct Map {
    pub(super) part: Part,
    pub(super) structure: Side,
    pub(super) entries: [Side; CAPACITY as usize],
}

impl Map {
    pub(super) fn new(keys: &[Key]) -> Self {
        Self { part: Part::new(keys), structure: Side::new(), entries: std::array::from_fn(|_| Side::new()) }
    }

    /// Searches a key until the search is not disturbed.
    pub(super) fn find(&self, key: Key) -> Option<(usize, u32)> {
        loop {
            match self.part.find(key) {
                Ok(found) => return found,
                Err(()) => thread::yield_now(),
            }
        }
    }

    /// Returns `true` if the entry still has the key that it had in this state.
    pub(super) fn is_live(&self, (entry, state): (usize, u32)) -> bool {
        self.part.turn();
        is_live(&self.part.entries[entry].state, state)
    }

    /// Takes the lock of the entry of a key. `None` if the key is not in the map.
    pub(super) fn lock_entry(&self, key: Key, token: u32) -> Option<usize> {
        loop {
            let place = self.find(key)?;
            if self.lock_place(place, token) {
                return Some(place.0);
            }
        }
    }

    /// Takes the lock of an entry. Frees it, and returns `false`, if the entry has another key now.
    pub(super) fn lock_place(&self, place: (usize, u32), token: u32) -> bool {
        self.entries[place.0].lock(token);
        let is_live = self.is_live(place);
        if !is_live {
            self.entries[place.0].unlock_without_news(token);
        }
        is_live
    }

    /// Stores by a handle. `None` if the key was removed.
    pub(super) fn store_at(&self, place: (usize, u32), value: u32, token: u32) -> Option<u64> {
        self.lock_place(place, token).then(|| {
            let version = self.part.store(place.0, value);
            self.entries[place.0].unlock(token);
            version
        })
    }

    /// The version of a value whose lock the process has.
    pub(super) fn version(&self, entry: usize) -> u64 {
        seqlock::version(self.part.entries[entry].sequence.load(Acquire))
    }

    /// Inserts a key, or stores its value. Returns `true` if the key is new.
    pub(super) fn insert(&self, key: Key, value: u32, token: u32) -> bool {
        loop {
            if let Some(entry) = self.lock_entry(key, token) {
                self.part.store(entry, value);
                self.entries[entry].unlock(token);
                return false;
            }
            self.structure.lock(token);
            self.part.recover();
            if self.part.find(key) == Ok(None) {
                assert!(self.part.insert_until(key, value, Death::Never).is_some(), "there is room");
                self.structure.unlock(token);
                return true;
            }
            self.structure.unlock_without_news(token);
        }
    }

    /// Removes a key. Returns the version of its last value.
    pub(super) fn remove(&self, key: Key, token: u32) -> Option<u64> {
        let entry = self.lock_entry(key, token)?;
        self.structure.lock(token);
        self.part.recover();
        let version = self.version(entry);
        self.part.remove(entry);
        self.entries[entry].unlock_before(token, || self.structure.unlock(token));
        Some(version)
    }

    /// Waits until the value of a key has a version newer than `seen`. Returns it.
    pub(super) fn wait_newer(&self, key: Key, seen: u64) -> u64 {
        self.wait_newer_unless(key, seen, |place| match place {
            Some(place) => self.is_live(place),
            None => self.find(key).is_none(),
        })
    }

    /// The same. `is_still_there` looks again after an announcement for a key that is in this place.
    pub(super) fn wait_newer_unless(
        &self,
        key: Key,
        seen: u64,
        is_still_there: impl Fn(Option<(usize, u32)>) -> bool,
    ) -> u64 {
        let look = || match self.part.get(key) {
            Got::Value(version, _) => Some(version).filter(|version| *version > seen),
            _ => None,
        };
        loop {
            let (side, bell) = loop {
                let place = self.find(key);
                let side = place.map_or(&self.structure, |(entry, _)| &self.entries[entry]);
                let bell = side.announce();
                if is_still_there(place) {
                    break (side, bell);
                }
            };
            if let Some(version) = look() {
                return version;
            }
            side.sleep(bell);
        }
    }
}
