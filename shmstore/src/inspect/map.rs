//! The entries of a `Map` of any type. Every word of them may have any value.

#[cfg(test)]
pub(crate) mod samples;
#[cfg(test)]
mod tests;

use std::sync::atomic::Ordering::Acquire;
use std::sync::atomic::fence;

use super::memory::{Memory, OUTSIDE, integer, length, offset};
use super::snapshot::{Cell, Snapshot, Waits};
use crate::layout::schema::OwnedSchema;
use crate::sync::map_state::{FREE, Head, Intent, LIVE, bucket, is_same_key, kind};
use crate::sync::{MapOffsets, entry_words, key_hash, map_words, newest, stable_at};

/// The unit in which reads of entries are counted, and the most that one read costs: see `ring.rs`.
const UNIT: u64 = 64;
const PAGE: u64 = 4096;

/// The places of the heads and entries in a map, from its start.
#[derive(Debug, Clone, Copy)]
pub(crate) struct MapPlaces {
    pub(crate) offsets: MapOffsets,
    pub(crate) capacity: u64,
    pub(crate) key_len: usize,
    pub(super) value_len: usize,
}

impl MapPlaces {
    pub(crate) fn of(
        schema: &OwnedSchema,
        (key, value, capacity): (&OwnedSchema, &OwnedSchema, u64),
    ) -> Result<Self, String> {
        let layout = |schema: &OwnedSchema| (schema.size(), schema.align());
        let offsets = MapOffsets::of(layout(key), layout(value), capacity);
        let offsets = offsets.filter(|offsets| (offsets.size, offsets.align) == layout(schema)).ok_or_else(|| {
            format!("no `Map` of this program is {} bytes, aligned to {}", schema.size(), schema.align())
        })?;
        Ok(Self { offsets, capacity, key_len: length(key.size())?, value_len: length(value.size())? })
    }

    /// Returns the offset of a word of an entry.
    pub(crate) fn in_entry(&self, index: u64, word: u64) -> u64 {
        self.offsets.entries + index * self.offsets.stride + word
    }

    /// Returns the offset of the key of an entry.
    pub(crate) fn key(&self, index: u64) -> u64 {
        self.in_entry(index, self.offsets.key)
    }

    /// Returns the offset of the value of an entry that has this version.
    pub(crate) fn value(&self, index: u64, version: u64) -> u64 {
        let slot = newest(stable_at(version)).1 as u64 * self.offsets.slot_size;
        self.in_entry(index, self.offsets.slot_0 + slot)
    }

    /// Returns the offset of the head of the chain for a hash.
    pub(crate) fn head(&self, hash: u32) -> u64 {
        map_words::HEADS + 8 * bucket(hash, self.capacity)
    }
}

/// A `Map`.
#[derive(Clone, Copy)]
pub(crate) struct Map<'m> {
    memory: Memory<'m>,
    /// The start of the part. All of it is within the memory.
    at: usize,
    pub(crate) places: MapPlaces,
}

/// A key that is in the map, with its entry.
pub(super) struct LiveKey {
    pub(super) index: u64,
    pub(super) state: u32,
    pub(super) bytes: Vec<u8>,
}

/// The end of a walk along a chain.
pub(super) enum Walked {
    Found(LiveKey),
    /// The key is not in the map.
    Absent,
    /// An entry was removed meanwhile, or the map is damaged.
    Disturbed,
}

impl<'m> Map<'m> {
    pub(crate) fn of(
        schema: &OwnedSchema,
        types: (&OwnedSchema, &OwnedSchema, u64),
        memory: Memory<'m>,
        at: usize,
    ) -> Result<Self, String> {
        let places = MapPlaces::of(schema, types)?;
        if offset(at, places.offsets.size)? > memory.len() {
            return Err(OUTSIDE.into());
        }
        Ok(Self { memory, at, places })
    }

    /// Loads a word at an offset in the part, with Acquire.
    fn word(&self, at: u64, size: usize) -> Result<u64, String> {
        let word = integer(self.memory, offset(self.at, at)?, size)?;
        fence(Acquire);
        Ok(word)
    }

    /// Loads a word of four bytes of an entry.
    fn entry_word(&self, index: u64, word: u64) -> Result<u32, String> {
        Ok(self.word(self.places.in_entry(index, word), 4)? as u32)
    }

    /// The cost of reading one entry, in units. The kernel may have to allocate memory for it.
    pub(super) fn cost(&self) -> u64 {
        self.places.offsets.stride.min(PAGE) / UNIT
    }

    /// Returns the number of entries that were ever used.
    pub(crate) fn high_water(&self) -> Result<u64, String> {
        Ok(self.word(map_words::HIGH_WATER, 4)?.min(self.places.capacity))
    }

    pub(crate) fn changes(&self) -> Result<u64, String> {
        self.word(map_words::CHANGES, 8)
    }

    pub(crate) fn floor(&self) -> Result<u64, String> {
        self.word(map_words::FLOOR, 8)
    }

    pub(crate) fn seed(&self) -> Result<u64, String> {
        self.word(map_words::SEED, 8)
    }

    /// Returns the number of keys.
    ///
    /// A process that died between two stores has left what it was about to do. Then the state of the entry decides.
    pub(crate) fn len(&self) -> Result<u64, String> {
        let intent = Intent::of(self.word(map_words::INTENT, 8)?);
        let len = match u64::from(intent.link).checked_sub(1) {
            Some(index) if index < self.places.capacity => intent.len_now(self.state(index)?).into(),
            _ => self.word(map_words::LEN, 4)?,
        };
        Ok(len.min(self.places.capacity))
    }

    pub(crate) fn state(&self, index: u64) -> Result<u32, String> {
        self.entry_word(index, entry_words::STATE)
    }

    /// Returns `true` if an entry still has the key that it had in an earlier state, in the map or just removed.
    fn is_still(&self, index: u64, state: u32) -> Result<bool, String> {
        fence(Acquire);
        Ok(is_same_key(state, self.state(index)?))
    }

    fn key(&self, index: u64) -> Result<Vec<u8>, String> {
        Ok(self.memory.bytes(offset(self.at, self.places.key(index))?, self.places.key_len)?)
    }

    /// Copies the key of an entry if it is in the map. Returns `None` if it is not, or was removed meanwhile.
    pub(super) fn live_key(&self, index: u64) -> Result<Option<LiveKey>, String> {
        let state = self.state(index)?;
        if kind(state) != LIVE {
            return Ok(None);
        }
        let bytes = self.key(index)?;
        Ok(self.is_still(index, state)?.then_some(LiveKey { index, state, bytes }))
    }

    fn cell(&self, index: u64) -> Result<Cell, String> {
        let at = |word: u64| offset(self.at, self.places.in_entry(index, word));
        let MapOffsets { slot_0, slot_size, .. } = self.places.offsets;
        let slots = [at(slot_0)?, at(slot_0 + slot_size)?];
        let len = self.places.value_len;
        Ok(Cell { lock: at(entry_words::LOCK)?, sequence: at(entry_words::SEQUENCE)?, slots, len })
    }

    /// Returns the version of an entry's value, and `true` if a process is writing it.
    pub(crate) fn version(&self, index: u64) -> Result<(u64, bool), String> {
        self.cell(index)?.version(self.memory)
    }

    /// Replaces the content of `to` by the newest value of a key, and returns its version. Returns `None` as
    /// [`value`](Self::value) does.
    pub(super) fn value_into(&self, key: &LiveKey, waits: &mut Waits, to: &mut Vec<u8>) -> Result<Option<u64>, String> {
        let copied = self.cell(key.index)?.copy_into(self.memory, waits, to);
        if !self.is_still(key.index, key.state)? {
            return Ok(None);
        }
        copied.map(Some)
    }

    /// Copies the newest value of a key. Returns `None` if the key was removed meanwhile, and its entry is free or has
    /// another key.
    pub(super) fn value(&self, key: &LiveKey, waits: &mut Waits) -> Result<Option<Snapshot>, String> {
        let copied = self.cell(key.index)?.copy(self.memory, waits);
        // The entry may have been used again meanwhile, which is the reason if the copy was disturbed for long.
        if !self.is_still(key.index, key.state)? {
            return Ok(None);
        }
        copied.map(Some)
    }

    /// Follows the chain of a key's bucket. `look` is called before each entry is read. If it returns `false`, the walk
    /// ends.
    pub(super) fn walk(&self, key: &[u8], mut look: impl FnMut() -> bool) -> Result<Walked, String> {
        let seed = self.seed()?;
        if seed == 0 {
            return Ok(Walked::Absent);
        }
        let hash = key_hash(seed, key);
        let head = Head::of(self.word(self.places.head(hash), 8)?);
        if !head.may_have(hash) {
            return Ok(Walked::Absent);
        }
        let mut next = u64::from(head.first);
        while let Some(index) = next.checked_sub(1) {
            if index >= self.places.capacity || !look() {
                return Ok(Walked::Disturbed);
            }
            let state = self.state(index)?;
            let own = self.entry_word(index, entry_words::HASH)?;
            let same = if own == hash { Some(self.key(index)?).filter(|own| own == key) } else { None };
            next = u64::from(self.entry_word(index, entry_words::NEXT)?);
            if kind(state) == FREE || self.places.head(own) != self.places.head(hash) || !self.is_still(index, state)? {
                return Ok(Walked::Disturbed);
            }
            if let Some(bytes) = same.filter(|_| kind(state) == LIVE) {
                return Ok(Walked::Found(LiveKey { index, state, bytes }));
            }
        }
        Ok(Walked::Absent)
    }
}
