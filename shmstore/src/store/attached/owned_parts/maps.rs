//! What processes own of a map.

use std::sync::atomic::Ordering::{Acquire, Relaxed};
use std::sync::atomic::{AtomicU8, AtomicU32, fence};

use super::Walk;
use crate::layout::map_key;
use crate::layout::path::Step;
use crate::layout::schema::OwnedSchema;
use crate::sync::map_state::{LIVE, kind};
use crate::sync::{self, MapOffsets, entry_words, map_words};

/// The most bytes of the JSON of a key in a path, and of a key that is read for it.
const LONGEST: usize = 256;
const LARGEST: u64 = 4096;

impl<'a> Walk<'a> {
    /// Notes the lock of the whole, under which keys come and go, and the locks of entries.
    pub(super) fn map(
        &mut self,
        schema: &'a OwnedSchema,
        (key, value, capacity): (&'a OwnedSchema, &'a OwnedSchema, u64),
        offset: u64,
    ) {
        let layout = |schema: &OwnedSchema| (schema.size(), schema.align());
        let offsets = MapOffsets::of(layout(key), layout(value), capacity);
        // No program has a map of another layout.
        let Some(offsets) = offsets.filter(|offsets| offsets.size == schema.size()) else { return };
        self.note_lock(offset + map_words::LOCK, format_args!(""));
        let high_water = self.atomic::<AtomicU32>(offset + map_words::HIGH_WATER).map_or(0, |word| word.load(Relaxed));
        for index in 0..u64::from(high_water).min(capacity) {
            if self.is_enough() {
                return;
            }
            // An entry counts as a visit for each of its cache lines, up to a page.
            self.visits_left = self.visits_left.saturating_sub((offsets.stride.min(4096) / 64) as usize);
            let entry = offset + offsets.entries + index * offsets.stride;
            let token = sync::holder(self.lock_word(entry + entry_words::LOCK));
            if token != 0 {
                let key = self.key(key, entry, entry + offsets.key);
                self.note_below(token, key.as_deref().map_or(Step::Entry(index), Step::Key));
            }
        }
    }

    /// Returns the key of an entry as it is in a path. `None` if the entry has none, or a very long one.
    fn key(&self, key: &OwnedSchema, entry: u64, at: u64) -> Option<String> {
        let len = Some(key.size()).filter(|&len| len <= LARGEST)?;
        let state = self.lock_word(entry + entry_words::STATE);
        fence(Acquire);
        let byte = |at: u64| self.atomic::<AtomicU8>(at).map(|byte| byte.load(Relaxed));
        let bytes = (0..len).map(|by| byte(at + by)).collect::<Option<Vec<u8>>>()?;
        fence(Acquire);
        let is_there = kind(state) == LIVE && self.lock_word(entry + entry_words::STATE) == state;
        map_key::json_of(key, &bytes, LONGEST).filter(|_| is_there)
    }
}

#[cfg(test)]
mod tests;
