//! The maps that are tortured: of several capacities, and with values of several sizes.

use std::ptr;
use std::time::Duration;

use shmstore::error::{BeginError, WaitError};
use shmstore::map::{EntryError, InsertError};
use shmstore::{InvalidValue, Map, ShmObject, ShmValue};

use super::board::MAPS;
use super::stamp::{Stamp, Stamped};
use super::streams::{Checked, Limit};
use crate::map_words::MapWords;
use crate::raw::Raw;

#[derive(ShmObject)]
#[repr(C)]
pub(super) struct Maps {
    of_1: Map<u64, Keyed<6>, 1>,
    of_2: Map<u64, Keyed<64>, 2>,
    pub(super) of_7: Map<u64, Keyed<7>, 7>,
    pub(super) of_64: Map<u64, Keyed<6>, 64>,
    of_256: Map<u64, Keyed<6>, 256>,
}

/// The number of the map whose keys a waiter follows, and of the one of which it follows a value.
pub(super) const FOLLOWED_KEYS: usize = 2;
pub(super) const FOLLOWED_VALUE: usize = 3;

impl Maps {
    pub(super) fn all(&self) -> [&dyn Table; MAPS] {
        [&self.of_1, &self.of_2, &self.of_7, &self.of_64, &self.of_256]
    }
}

/// A stamped value that says of which key it is.
#[derive(Clone, Copy, ShmValue)]
#[repr(C)]
pub(super) struct Keyed<const WORDS: usize> {
    key: u64,
    value: Stamped<WORDS>,
}

impl<const WORDS: usize> Keyed<WORDS> {
    pub(super) fn of(key: u64, stamp: Stamp) -> Self {
        Self { key, value: Stamped::of(stamp) }
    }

    /// What nobody may ever see.
    fn broken() -> Self {
        Self { key: u64::MAX, value: Stamped::broken() }
    }

    /// The stamp, if the value is whole, and that of this key.
    pub(super) fn check(&self, key: u64) -> Checked {
        if self.key != key {
            return Err(format!("key {key:#x} has a value of key {:#x}", self.key));
        }
        self.value.check(1)
    }
}

/// A way to write the value of a key by its entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    Store,
    Update,
    Writer,
    Transaction,
    /// Nothing of it is stored.
    RolledBack,
}

/// A map of stamped values, whatever their size and its capacity.
pub(super) trait Table {
    fn capacity(&self) -> usize;
    fn len(&self) -> usize;
    fn changes(&self) -> u64;
    fn contains(&self, key: u64) -> bool;
    fn get(&self, key: u64) -> Option<(u64, Checked)>;
    /// Returns the old value.
    fn insert(&self, key: u64, stamp: Stamp, limit: Limit) -> Result<Option<Checked>, InsertError>;
    /// Returns `true` if the key is new.
    fn insert_from(&self, key: u64, stamp: Stamp) -> Result<bool, InsertError>;
    fn get_or_insert(&self, key: u64, stamp: Stamp) -> Result<Checked, InsertError>;
    /// Returns the old value.
    fn update(&self, key: u64, stamp: Stamp, pause: &mut dyn FnMut()) -> Option<Checked>;
    /// Returns the old value.
    fn remove(&self, key: u64, limit: Limit) -> Result<Option<Checked>, BeginError>;
    /// Writes by the entry of a key as long as there are stamps, and tells the version of each. `None` if the key is not
    /// there.
    fn write(
        &self,
        key: u64,
        way: Way,
        limit: Duration,
        next: &mut dyn FnMut() -> Option<Stamp>,
        stored: &mut dyn FnMut(u64, Stamp),
    ) -> Result<Option<()>, EntryError>;
    fn each(&self, see: &mut dyn FnMut(u64, Checked));
    fn keys(&self) -> Vec<u64>;
    fn retain(&self, keeps: &mut dyn FnMut(u64, Checked) -> bool);
    fn wait_newer(&self, key: u64, seen: u64, timeout: Duration) -> Result<(u64, Checked), WaitError>;
    fn wait_changed(&self, seen: u64, timeout: Duration) -> Result<u64, WaitError>;
    fn address(&self) -> usize;
    /// Its words in a segment, from an offset on.
    fn words<'r>(&self, raw: &'r Raw, at: usize) -> MapWords<'r>;
}

const ANY_BYTES: &str = "any bytes are a value";

impl<const WORDS: usize, const N: usize> Table for Map<u64, Keyed<WORDS>, N> {
    fn capacity(&self) -> usize {
        N
    }

    fn len(&self) -> usize {
        Map::len(self)
    }

    fn changes(&self) -> u64 {
        Map::changes(self)
    }

    fn contains(&self, key: u64) -> bool {
        self.contains_key(&key)
    }

    fn get(&self, key: u64) -> Option<(u64, Checked)> {
        let found = self.get_versioned(&key).expect(ANY_BYTES);
        found.map(|(version, value)| (version, value.check(key)))
    }

    fn insert(&self, key: u64, stamp: Stamp, limit: Limit) -> Result<Option<Checked>, InsertError> {
        let value = Keyed::of(key, stamp);
        let old = match limit {
            Limit::Never => self.try_insert(key, value),
            Limit::Within(timeout) => self.insert_timeout(key, value, timeout),
            Limit::Forever => Map::insert(self, key, value),
        };
        old.map(|old| old.map(|old| old.check(key)))
    }

    fn insert_from(&self, key: u64, stamp: Stamp) -> Result<bool, InsertError> {
        Map::insert_from(self, &key, &Keyed::of(key, stamp))
    }

    fn get_or_insert(&self, key: u64, stamp: Stamp) -> Result<Checked, InsertError> {
        self.get_or_insert_with(key, || Keyed::of(key, stamp)).map(|value| value.check(key))
    }

    fn update(&self, key: u64, stamp: Stamp, pause: &mut dyn FnMut()) -> Option<Checked> {
        let change = |value: &mut Keyed<WORDS>| {
            let old = std::mem::replace(value, Keyed::of(key, stamp));
            pause();
            old.check(key)
        };
        Map::update(self, &key, change).expect(ANY_BYTES)
    }

    fn remove(&self, key: u64, limit: Limit) -> Result<Option<Checked>, BeginError> {
        let old = match limit {
            Limit::Never => self.try_remove(&key),
            Limit::Within(timeout) => self.remove_timeout(&key, timeout),
            Limit::Forever => Map::remove(self, &key).map_err(BeginError::from),
        };
        old.map(|old| old.map(|old| old.check(key)))
    }

    fn write(
        &self,
        key: u64,
        way: Way,
        limit: Duration,
        next: &mut dyn FnMut() -> Option<Stamp>,
        stored: &mut dyn FnMut(u64, Stamp),
    ) -> Result<Option<()>, EntryError> {
        let Some(entry) = self.entry(&key) else { return Ok(None) };
        if way == Way::Writer {
            let mut writer = entry.writer_timeout(limit)?;
            while let Some(stamp) = next() {
                stored(writer.store_from(&Keyed::of(key, stamp)), stamp);
            }
            return Ok(Some(()));
        }
        while let Some(stamp) = next() {
            let value = Keyed::of(key, stamp);
            match way {
                Way::Store => stored(entry.store_from(&value)?, stamp),
                // Nobody else may know the version by now.
                Way::Update => entry.update(|old| *old = value)?,
                _ => {
                    let mut transaction = entry.begin_timeout(limit)?;
                    *transaction = if way == Way::RolledBack { Keyed::broken() } else { value };
                    match way {
                        Way::RolledBack => drop(transaction),
                        _ => stored(transaction.commit(), stamp),
                    }
                }
            }
        }
        Ok(Some(()))
    }

    fn each(&self, see: &mut dyn FnMut(u64, Checked)) {
        for item in self {
            let (key, value) = item.expect(ANY_BYTES);
            see(key, value.check(key));
        }
    }

    fn keys(&self) -> Vec<u64> {
        Map::keys(self).collect::<Result<_, InvalidValue>>().expect(ANY_BYTES)
    }

    fn retain(&self, keeps: &mut dyn FnMut(u64, Checked) -> bool) {
        Map::retain(self, |key, value| keeps(*key, value.check(*key)));
    }

    fn wait_newer(&self, key: u64, seen: u64, timeout: Duration) -> Result<(u64, Checked), WaitError> {
        Map::wait_newer(self, &key, seen, timeout).map(|(version, value)| (version, value.check(key)))
    }

    fn wait_changed(&self, seen: u64, timeout: Duration) -> Result<u64, WaitError> {
        Map::wait_changed(self, seen, timeout)
    }

    fn address(&self) -> usize {
        ptr::from_ref(self).addr()
    }

    fn words<'r>(&self, raw: &'r Raw, at: usize) -> MapWords<'r> {
        MapWords::of::<u64, Keyed<WORDS>>(raw, at, N)
    }
}
