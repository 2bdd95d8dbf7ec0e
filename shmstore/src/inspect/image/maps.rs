//! The words of maps, made to fit the keys and values that were put.

use super::Image;
use crate::inspect::map::MapPlaces;
use crate::inspect::memory::offset;
use crate::sync::map_state::{FREE, Head, LIVE, with_kind};
use crate::sync::{entry_words, key_hash, map_words, stable_at};

/// An entry that was used.
pub(crate) struct Used {
    /// A state of the same generation.
    pub(crate) state: u32,
    pub(crate) version: u64,
    /// `true` if its key was put, and is in the map.
    pub(crate) is_live: bool,
}

impl Image {
    /// Writes the words of a map that begins at `at`, after the keys and values.
    ///
    /// It makes the chains and the list of free entries, both in the order of the entries. Without a seed no process
    /// finds a key, so no entry is live then.
    pub(crate) fn finish_map(
        &mut self,
        places: &MapPlaces,
        at: usize,
        used: &[Used],
        [seed, changes, floor]: [u64; 3],
    ) -> Result<(), String> {
        let free = offset(at, map_words::FREE)?;
        for (index, entry) in used.iter().enumerate().rev() {
            let word = |word: u64| offset(at, places.in_entry(index as u64, word));
            let link = index as u32 + 1;
            let (next, kind) = if entry.is_live {
                let hash = key_hash(seed, self.bytes(offset(at, places.key(index as u64))?, places.key_len)?);
                let place = offset(at, places.head(hash))?;
                let head = Head::of(self.word(place, 8)?);
                self.put(place, &Head { first: link, ..head.with(hash) }.word().to_le_bytes())?;
                self.put(word(entry_words::HASH)?, &hash.to_le_bytes())?;
                (head.first, LIVE)
            } else {
                let next = self.word(free, 4)? as u32;
                self.put(free, &link.to_le_bytes())?;
                (next, FREE)
            };
            self.put(word(entry_words::NEXT)?, &next.to_le_bytes())?;
            self.put(word(entry_words::STATE)?, &with_kind(entry.state, kind).to_le_bytes())?;
            self.put(word(entry_words::SEQUENCE)?, &stable_at(entry.version).to_le_bytes())?;
        }
        let len = used.iter().filter(|entry| entry.is_live).count();
        self.put(offset(at, map_words::LEN)?, &(len as u32).to_le_bytes())?;
        self.put(offset(at, map_words::HIGH_WATER)?, &(used.len() as u32).to_le_bytes())?;
        self.put(offset(at, map_words::CHANGES)?, &changes.to_le_bytes())?;
        self.put(offset(at, map_words::FLOOR)?, &floor.to_le_bytes())?;
        self.put(offset(at, map_words::SEED)?, &seed.to_le_bytes())
    }
}
