//! Lies in the words of maps: see `docs/format.md` for where they are.

use super::Vandal;
use crate::raw::Raw;

const INTENT: usize = 16;
/// Len, high water, free list.
const COUNTS: [usize; 3] = [24, 28, 32];
const CHANGES: usize = 40;
const FLOOR: usize = 48;
const SEED: usize = 128;
const HEADS: usize = 256;
const STATE: usize = 0;
const NEXT: usize = 4;
const HASH: usize = 8;
const LOCK_OF_ENTRY: usize = 16;
const SEQUENCE_OF_ENTRY: usize = 32;
const KEY: usize = 48;

/// The offset of an entry, from the start of the map.
fn entry(len: usize, capacity: usize, index: usize) -> usize {
    let entries = (HEADS + 16 * capacity).next_multiple_of(64);
    entries + (len - entries) / capacity * index
}

impl Vandal {
    /// A link to an entry, to none, or out of the map.
    fn link(&mut self, capacity: usize) -> u32 {
        match self.random.within(0..8) {
            0 => 0,
            1 => self.random.number() as u32,
            2 => capacity as u32 + 1,
            _ => 1 + self.random.within(0..capacity) as u32,
        }
    }

    pub(super) fn lie_in_a_map(&mut self, raw: &Raw, at: usize, len: usize, capacity: usize) {
        let map = self.payload + at;
        match self.random.within(0..24) {
            0 => {
                let lock = self.lock_word(raw);
                self.write(raw, map, &lock.to_le_bytes());
            }
            1 => {
                // Flags, bell and mark.
                let number = self.random.number() as u32 >> self.random.within(0..32);
                self.write(raw, map + 4 * self.random.clone().within(1..4), &number.to_le_bytes());
            }
            2..=4 => {
                let operation = self.random.number() % 2;
                let before = self.random.within(0..capacity + 2) as u64;
                let intent = u64::from(self.link(capacity)) | operation << 32 | before << 33;
                self.write(raw, map + INTENT, &intent.to_le_bytes());
            }
            5..=7 => {
                let link = self.link(capacity);
                self.write(raw, map + COUNTS[self.random.clone().within(0..3)], &link.to_le_bytes());
            }
            8 => {
                let word = map + [CHANGES, FLOOR, SEED][self.random.within(0..3)];
                let number = self.number(raw, word);
                self.write(raw, word, &number.to_le_bytes());
            }
            9..=12 => {
                let head = map + HEADS + 8 * self.random.within(0..2 * capacity);
                let filter = [0, u32::MAX, self.random.number() as u32][self.random.within(0..3)];
                let word = u64::from(self.link(capacity)) | u64::from(filter) << 32;
                self.write(raw, head, &word.to_le_bytes());
            }
            13 => self.write_noise(raw, map, map + len),
            // What was damaged works again, for a while.
            14..=16 => self.write(raw, map, &vec![0; len]),
            _ => {
                let entry = map + entry(len, capacity, self.random.within(0..capacity));
                self.lie_in_an_entry(raw, entry, capacity);
            }
        }
    }

    fn lie_in_an_entry(&mut self, raw: &Raw, entry: usize, capacity: usize) {
        match self.random.within(0..8) {
            0..=2 => {
                let there = raw.word(entry + STATE);
                // Another kind, another generation, or both.
                let state = there ^ (self.random.number() as u32 & 15);
                self.write(raw, entry + STATE, &state.to_le_bytes());
            }
            3..=4 => {
                let link = self.link(capacity);
                self.write(raw, entry + NEXT, &link.to_le_bytes());
            }
            5 => {
                let hash = self.random.number() as u32;
                self.write(raw, entry + HASH, &hash.to_le_bytes());
            }
            6 => {
                let lock = self.lock_word(raw);
                self.write(raw, entry + LOCK_OF_ENTRY, &lock.to_le_bytes());
            }
            _ => {
                let word = entry + [SEQUENCE_OF_ENTRY, KEY][self.random.within(0..2)];
                let number = self.number(raw, word);
                self.write(raw, word, &number.to_le_bytes());
            }
        }
    }

    /// No search is undisturbed while this goes on.
    pub(super) fn storm_in_a_map(&mut self, raw: &Raw, at: usize, len: usize, capacity: usize, round: u64) {
        let entry = self.payload + at + entry(len, capacity, round as usize % capacity);
        self.write(raw, entry + STATE, &((round as u32) << 2 | 2).to_le_bytes());
        self.write(raw, entry + SEQUENCE_OF_ENTRY, &(round * 8).to_le_bytes());
    }
}
