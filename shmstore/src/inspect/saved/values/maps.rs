//! Maps in a saved object: as if no process had attached them.
//!
//! Entries are copied one after the other, while other processes insert and remove keys. So only keys and values are
//! copied. The chains and the list of free entries are made anew.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use super::{Copier, Refused, below, here};
use crate::inspect::image::Used;
use crate::inspect::map::Map;
use crate::inspect::memory::length;
use crate::layout::map_key;
use crate::layout::schema::OwnedSchema;

/// How often an entry is copied again if its key is removed meanwhile.
const TRIES: usize = 16;

/// The most bytes of a key in an error.
const LONGEST: usize = 128;

/// The bytes of a key, and of its value.
type KeyAndValue = (Vec<u8>, Vec<u8>);

impl Copier<'_> {
    /// Copies the keys that are in the map, each with its newest value and version.
    pub(super) fn map(
        &mut self,
        schema: &OwnedSchema,
        (key, value, capacity): (&OwnedSchema, &OwnedSchema, u64),
        at: usize,
    ) -> Result<(), Refused> {
        let map = Map::of(schema, (key, value, capacity), self.memory, at).map_err(here)?;
        // It is no longer than the part, so the entries need not be counted.
        self.copies(schema.size())?;
        let (seed, changes) = (map.seed().map_err(here)?, map.changes().map_err(here)?);
        let mut floor = map.floor().map_err(here)?;
        let mut used: Vec<Used> = Vec::new();
        // While the entries are copied, a key may be removed from one and inserted in another. Then the greater version
        // is the newer one.
        let mut indices: HashMap<Vec<u8>, usize> = HashMap::new();
        for index in 0..map.high_water().map_err(here)? {
            let (mut entry, copied) = self.entry(&map, key, index, seed)?;
            if let Some((bytes, value)) = copied {
                entry.is_live = match indices.entry(bytes.clone()) {
                    Entry::Vacant(vacant) => {
                        vacant.insert(used.len());
                        true
                    }
                    Entry::Occupied(mut other) => {
                        let older = &mut used[*other.get()];
                        let is_newer = older.version < entry.version;
                        if is_newer {
                            older.is_live = false;
                            self.erase(&map, *other.get() as u64, at)?;
                            other.insert(used.len());
                        }
                        is_newer
                    }
                };
                if entry.is_live {
                    self.put_at(at, map.places.key(index), &bytes)?;
                    self.put_at(at, map.places.value(index, entry.version), &value)?;
                }
            }
            used.push(entry);
        }
        // The next version of a key is greater than all versions that it had.
        let removed = used.iter().filter(|entry| !entry.is_live).map(|entry| entry.version);
        floor = floor.max(removed.max().unwrap_or(0));
        self.image.finish_map(&map.places, at, &used, [seed, changes, floor]).map_err(here)
    }

    /// Copies the key and the value of an entry, if the key is in the map. Without a seed no process finds a key.
    fn entry(
        &mut self,
        map: &Map<'_>,
        key_type: &OwnedSchema,
        index: u64,
        seed: u64,
    ) -> Result<(Used, Option<KeyAndValue>), Refused> {
        for _ in 0..TRIES {
            let Some(key) = map.live_key(index).map_err(here)?.filter(|_| seed != 0) else { break };
            let copy = map.value(&key, &mut self.waits).map_err(|why| {
                let json = map_key::json_of(key_type, &key.bytes, LONGEST).unwrap_or_default();
                below(here(why), || format!("[{json}]"))
            })?;
            if let Some(copy) = copy {
                let entry = Used { state: key.state, version: copy.version, is_live: true };
                return Ok((entry, Some((key.bytes, copy.bytes))));
            }
        }
        let state = map.state(index).map_err(here)?;
        let (version, _) = map.version(index).map_err(here)?;
        Ok((Used { state, version, is_live: false }, None))
    }

    /// Takes back the key and the value of an entry.
    fn erase(&mut self, map: &Map<'_>, index: u64, at: usize) -> Result<(), Refused> {
        let zeros = vec![0; length(map.places.offsets.stride - map.places.offsets.key).map_err(here)?];
        self.put_at(at, map.places.key(index), &zeros)
    }
}

#[cfg(test)]
mod tests;
