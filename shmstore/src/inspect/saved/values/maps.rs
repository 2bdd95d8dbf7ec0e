//! Maps in a saved object: as if no process had attached them.
//!
//! Entries are copied one after the other, while other processes insert and remove keys. So only keys and values are
//! copied. The chains and the list of free entries are made anew.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use super::{Copier, Refused, below, here};
use crate::inspect::map::Map;
use crate::inspect::memory::{length, offset};
use crate::layout::map_key;
use crate::layout::schema::OwnedSchema;
use crate::sync::map_state::{FREE, Head, LIVE, with_kind};
use crate::sync::{entry_words, key_hash, map_words, newest, stable_at};

/// How often an entry is copied again if its key is removed meanwhile.
const TRIES: usize = 16;

/// The most bytes of a key in an error.
const LONGEST: usize = 128;

/// The bytes of a key, and of its value.
type KeyAndValue = (Vec<u8>, Vec<u8>);

/// An entry that was used, in its slot.
struct Used {
    state: u32,
    version: u64,
    /// The hash of its key, if the key is kept.
    hash: Option<u32>,
}

impl Copier<'_> {
    /// Copies the keys that are in the map, each with its newest value and version.
    pub(super) fn map(
        &mut self,
        schema: &OwnedSchema,
        (key, value, capacity): (&OwnedSchema, &OwnedSchema, u64),
        at: usize,
    ) -> Result<(), Refused> {
        let map = Map::of(schema, (key, value, capacity), self.memory, at).map_err(here)?;
        let (seed, changes) = (map.seed().map_err(here)?, map.changes().map_err(here)?);
        let mut floor = map.floor().map_err(here)?;
        let mut used: Vec<Used> = Vec::new();
        // While the entries are copied, a key may be removed from one and inserted in another. Then the greater version
        // is the newer one.
        let mut indices: HashMap<Vec<u8>, usize> = HashMap::new();
        for index in 0..map.high_water().map_err(here)? {
            self.visits()?;
            let (mut entry, copied) = self.entry(&map, key, index, seed)?;
            if let Some((bytes, value)) = copied {
                entry.hash = Some(key_hash(seed, &bytes));
                let is_newer = match indices.entry(bytes.clone()) {
                    Entry::Vacant(vacant) => {
                        vacant.insert(used.len());
                        true
                    }
                    Entry::Occupied(mut other) => {
                        let older = &mut used[*other.get()];
                        let is_newer = older.version < entry.version;
                        if is_newer {
                            older.hash = None;
                            self.erase(&map, *other.get() as u64, at)?;
                            other.insert(used.len());
                        }
                        is_newer
                    }
                };
                if is_newer {
                    let slot = newest(stable_at(entry.version)).1 as u64 * map.offsets.slot_size;
                    self.put_at(at, map.in_entry(index, map.offsets.key), &bytes)?;
                    self.put_at(at, map.in_entry(index, map.offsets.slot_0 + slot), &value)?;
                } else {
                    entry.hash = None;
                }
            }
            used.push(entry);
        }
        // The next version of a key is greater than all versions that it had.
        let removed = used.iter().filter(|entry| entry.hash.is_none()).map(|entry| entry.version);
        floor = floor.max(removed.max().unwrap_or(0));
        self.link(&map, &used, at)?;
        self.copies(8 * 4)?;
        let len = used.iter().filter(|entry| entry.hash.is_some()).count();
        self.put_at(at, map_words::LEN, &(len as u32).to_le_bytes())?;
        self.put_at(at, map_words::HIGH_WATER, &(used.len() as u32).to_le_bytes())?;
        self.put_at(at, map_words::CHANGES, &changes.to_le_bytes())?;
        self.put_at(at, map_words::FLOOR, &floor.to_le_bytes())?;
        self.put_at(at, map_words::SEED, &seed.to_le_bytes())
    }

    /// Copies the key and the value of an entry, if the key is in the map. Without a seed no process finds a key.
    fn entry(
        &mut self,
        map: &Map<'_>,
        key_type: &OwnedSchema,
        index: u64,
        seed: u64,
    ) -> Result<(Used, Option<KeyAndValue>), Refused> {
        // The words.
        self.copies(16)?;
        let mut has_room = false;
        for _ in 0..TRIES {
            let Some(key) = map.live_key(index).map_err(here)?.filter(|_| seed != 0) else { break };
            if !has_room {
                self.copies((map.key_len + map.value_len) as u64)?;
                has_room = true;
            }
            let copy = map.value(&key, &mut self.waits).map_err(|why| {
                let json = map_key::json_of(key_type, &key.bytes, LONGEST).unwrap_or_default();
                below(here(why), || format!("[{json}]"))
            })?;
            if let Some(copy) = copy {
                let entry = Used { state: key.state, version: copy.version, hash: None };
                return Ok((entry, Some((key.bytes, copy.bytes))));
            }
        }
        let state = map.state(index).map_err(here)?;
        let (version, _) = map.version(index).map_err(here)?;
        Ok((Used { state, version, hash: None }, None))
    }

    /// Makes the chains and the list of free entries, both in the order of the entries.
    fn link(&mut self, map: &Map<'_>, used: &[Used], at: usize) -> Result<(), Refused> {
        let mut free = map_words::FREE;
        // The head of each chain, and where the next entry of it is linked.
        let mut chains: HashMap<u64, (Head, u64)> = HashMap::new();
        for (index, entry) in (0_u64..).zip(used) {
            self.visits()?;
            let word = |word: u64| map.in_entry(index, word);
            let link = index as u32 + 1;
            let state = match entry.hash {
                Some(hash) => {
                    self.put_at(at, word(entry_words::HASH), &hash.to_le_bytes())?;
                    match chains.entry(map.head(hash)) {
                        Entry::Vacant(chain) => {
                            chain.insert((Head { first: link, filter: 0 }.with(hash), word(entry_words::NEXT)));
                        }
                        Entry::Occupied(mut chain) => {
                            let (head, end) = *chain.get();
                            self.put_at(at, end, &link.to_le_bytes())?;
                            chain.insert((head.with(hash), word(entry_words::NEXT)));
                        }
                    }
                    LIVE
                }
                None => {
                    self.put_at(at, free, &link.to_le_bytes())?;
                    free = word(entry_words::NEXT);
                    FREE
                }
            };
            self.put_at(at, word(entry_words::STATE), &with_kind(entry.state, state).to_le_bytes())?;
            self.put_at(at, word(entry_words::SEQUENCE), &stable_at(entry.version).to_le_bytes())?;
        }
        for (place, (head, _)) in chains {
            self.put_at(at, place, &head.word().to_le_bytes())?;
        }
        Ok(())
    }

    /// Takes back the key and the value of an entry.
    fn erase(&mut self, map: &Map<'_>, index: u64, at: usize) -> Result<(), Refused> {
        let len = map.offsets.stride - map.offsets.key;
        let zeros = vec![0; length(len).map_err(here)?];
        self.put_at(at, map.in_entry(index, map.offsets.key), &zeros)
    }

    /// Writes bytes at an offset in the part that begins at `at`.
    fn put_at(&mut self, at: usize, by: u64, bytes: &[u8]) -> Result<(), Refused> {
        self.put(offset(at, by).map_err(here)?, bytes)
    }
}

#[cfg(test)]
mod tests;
