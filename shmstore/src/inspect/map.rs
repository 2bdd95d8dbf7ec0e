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
use crate::sync::{MapOffsets, entry_words, key_hash, map_words};

/// The unit in which reads of entries are counted, and the most that one read costs: see `ring.rs`.
const UNIT: u64 = 64;
const PAGE: u64 = 4096;

/// A `Map`.
#[derive(Clone, Copy)]
pub(super) struct Map<'m> {
    memory: Memory<'m>,
    /// The start of the part. All of it is within the memory.
    at: usize,
    pub(super) offsets: MapOffsets,
    pub(super) capacity: u64,
    pub(super) key_len: usize,
    pub(super) value_len: usize,
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
    pub(super) fn of(
        schema: &OwnedSchema,
        (key, value, capacity): (&OwnedSchema, &OwnedSchema, u64),
        memory: Memory<'m>,
        at: usize,
    ) -> Result<Self, String> {
        let layout = |schema: &OwnedSchema| (schema.size(), schema.align());
        let offsets = MapOffsets::of(layout(key), layout(value), capacity);
        let offsets = offsets.filter(|offsets| (offsets.size, offsets.align) == layout(schema)).ok_or_else(|| {
            format!("no `Map` of this program is {} bytes, aligned to {}", schema.size(), schema.align())
        })?;
        if offset(at, offsets.size)? > memory.len() {
            return Err(OUTSIDE.into());
        }
        let [key_len, value_len] = [length(key.size())?, length(value.size())?];
        Ok(Self { memory, at, offsets, capacity, key_len, value_len })
    }

    /// Loads a word at an offset in the part, with Acquire.
    fn word(&self, at: u64, size: usize) -> Result<u64, String> {
        let word = integer(self.memory, offset(self.at, at)?, size)?;
        fence(Acquire);
        Ok(word)
    }

    /// Returns the offset of a word of an entry, from the start of the part.
    pub(super) fn in_entry(&self, index: u64, word: u64) -> u64 {
        self.offsets.entries + index * self.offsets.stride + word
    }

    /// Returns the offset of the head of the chain for a hash, from the start of the part.
    pub(super) fn head(&self, hash: u32) -> u64 {
        map_words::HEADS + 8 * bucket(hash, self.capacity)
    }

    /// Loads a word of four bytes of an entry.
    fn entry_word(&self, index: u64, word: u64) -> Result<u32, String> {
        Ok(self.word(self.in_entry(index, word), 4)? as u32)
    }

    /// The cost of reading one entry, in units. The kernel may have to allocate memory for it.
    pub(super) fn cost(&self) -> u64 {
        self.offsets.stride.min(PAGE) / UNIT
    }

    /// Returns the number of entries that were ever used.
    pub(super) fn high_water(&self) -> Result<u64, String> {
        Ok(self.word(map_words::HIGH_WATER, 4)?.min(self.capacity))
    }

    pub(super) fn changes(&self) -> Result<u64, String> {
        self.word(map_words::CHANGES, 8)
    }

    pub(super) fn floor(&self) -> Result<u64, String> {
        self.word(map_words::FLOOR, 8)
    }

    pub(super) fn seed(&self) -> Result<u64, String> {
        self.word(map_words::SEED, 8)
    }

    /// Returns the number of keys.
    ///
    /// A process that died between two stores has left what it was about to do. Then the state of the entry decides.
    pub(super) fn len(&self) -> Result<u64, String> {
        let intent = Intent::of(self.word(map_words::INTENT, 8)?);
        let len = match u64::from(intent.link).checked_sub(1) {
            Some(index) if index < self.capacity => intent.len_now(self.state(index)?).into(),
            _ => self.word(map_words::LEN, 4)?,
        };
        Ok(len.min(self.capacity))
    }

    pub(super) fn state(&self, index: u64) -> Result<u32, String> {
        self.entry_word(index, entry_words::STATE)
    }

    /// Returns `true` if an entry still has the key that it had in an earlier state, in the map or just removed.
    fn is_still(&self, index: u64, state: u32) -> Result<bool, String> {
        fence(Acquire);
        Ok(is_same_key(state, self.state(index)?))
    }

    fn key(&self, index: u64) -> Result<Vec<u8>, String> {
        Ok(self.memory.bytes(offset(self.at, self.in_entry(index, self.offsets.key))?, self.key_len)?)
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
        let at = |word: u64| offset(self.at, self.in_entry(index, word));
        let slots = [at(self.offsets.slot_0)?, at(self.offsets.slot_0 + self.offsets.slot_size)?];
        Ok(Cell { lock: at(entry_words::LOCK)?, sequence: at(entry_words::SEQUENCE)?, slots, len: self.value_len })
    }

    /// Returns the version of an entry's value, and `true` if a process is writing it.
    pub(super) fn version(&self, index: u64) -> Result<(u64, bool), String> {
        self.cell(index)?.version(self.memory)
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
        let head = Head::of(self.word(self.head(hash), 8)?);
        if !head.may_have(hash) {
            return Ok(Walked::Absent);
        }
        let mut next = u64::from(head.first);
        while let Some(index) = next.checked_sub(1) {
            if index >= self.capacity || !look() {
                return Ok(Walked::Disturbed);
            }
            let state = self.state(index)?;
            let own = self.entry_word(index, entry_words::HASH)?;
            let same = if own == hash { Some(self.key(index)?).filter(|own| own == key) } else { None };
            next = u64::from(self.entry_word(index, entry_words::NEXT)?);
            if kind(state) == FREE || self.head(own) != self.head(hash) || !self.is_still(index, state)? {
                return Ok(Walked::Disturbed);
            }
            if let Some(bytes) = same.filter(|_| kind(state) == LIVE) {
                return Ok(Walked::Found(LiveKey { index, state, bytes }));
            }
        }
        Ok(Walked::Absent)
    }
}
