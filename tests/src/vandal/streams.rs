//! Lies in the words of queues and broadcasts: see `docs/format.md` for where they are.

use super::{Vandal, Word};
use crate::raw::Raw;

const TAIL: usize = 16;
const CONSUMERS: usize = 128;
const RETURNED: usize = 144;
const CURSOR: usize = 152;
const HEAD: usize = 160;
const SLOTS_OF_QUEUE: usize = 256;
const SLOTS_OF_BROADCAST: usize = 128;
const FULL: u64 = 1 << 32;

impl Vandal {
    pub(super) fn lie_in_a_stream(&mut self, raw: &Raw, word: Word) {
        let (Word::Queue(at, len, capacity) | Word::Broadcast(at, len, capacity)) = word else { return };
        let is_queue = matches!(word, Word::Queue(..));
        let part = self.payload + at;
        match self.random.within(0..16) {
            0..=1 => {
                let lock = self.lock_word(raw);
                let side = if is_queue && self.random.one_in(2) { CONSUMERS } else { 0 };
                self.write(raw, part + side, &lock.to_le_bytes());
            }
            2 => {
                // Flags, bell and mark.
                let side = if is_queue && self.random.one_in(2) { CONSUMERS } else { 0 };
                let word = part + side + 4 * self.random.within(1..4);
                let number = self.random.number() as u32 >> self.random.within(0..32);
                self.write(raw, word, &number.to_le_bytes());
            }
            3..=5 => {
                let positions: &[usize] = if is_queue { &[TAIL, CURSOR, HEAD] } else { &[TAIL] };
                let position = part + positions[self.random.within(0..positions.len())];
                let number = self.number(raw, position);
                self.write(raw, position, &number.to_le_bytes());
            }
            6 if is_queue => {
                let number = self.number(raw, part + RETURNED);
                self.write(raw, part + RETURNED, &number.to_le_bytes());
            }
            7 => self.write_noise(raw, part, part + len),
            // What was damaged works again, for a while.
            8..=10 => self.write(raw, part, &vec![0; len]),
            _ => self.lie_in_a_ring_slot(raw, part, (len, capacity), is_queue),
        }
    }

    fn lie_in_a_ring_slot(&mut self, raw: &Raw, part: usize, (len, capacity): (usize, usize), is_queue: bool) {
        let slots = if is_queue { SLOTS_OF_QUEUE } else { SLOTS_OF_BROADCAST };
        let slot = part + slots + (len - slots) / capacity * self.random.within(0..capacity);
        let there = self.number(raw, slot);
        let word = match self.random.within(0..4) {
            // Taken, by anybody: also by this process's like, or by one that is dead.
            0 if is_queue => there & !(FULL - 1) | FULL | self.token(raw) | (self.random.number() % 8) << 29,
            1 if is_queue => there & !(FULL - 1) | FULL,
            // A lap or an item further, or back.
            2 => there.wrapping_add((self.random.number() % 5).wrapping_sub(2) << if is_queue { 33 } else { 1 }),
            _ => there,
        };
        self.write(raw, slot, &word.to_le_bytes());
    }

    /// No look and no copy is whole while this goes on.
    pub(super) fn storm_in_a_slot(&mut self, raw: &Raw, word: Word, round: u64) {
        let (Word::Queue(at, ..) | Word::Broadcast(at, ..)) = word else { return };
        let part = self.payload + at;
        let (slot, number) = match word {
            Word::Queue(..) => (SLOTS_OF_QUEUE, (round << 33) | (FULL * (round & 1))),
            _ => (SLOTS_OF_BROADCAST, round),
        };
        self.write(raw, part + slot, &number.to_le_bytes());
        self.write(raw, part + TAIL, &round.to_le_bytes());
    }
}
