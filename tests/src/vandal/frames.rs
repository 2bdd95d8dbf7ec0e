//! Lies in the words of frames: see `docs/format.md` for where they are.

use super::Vandal;
use crate::raw::Raw;

const NEWEST: usize = 128;
const SLOTS: usize = 136;
const PINS: usize = 64;
const WRITING: u64 = 1 << 62;
const PUBLISHED: u64 = 2 << 62;
const NUMBER: u64 = (1 << 60) - 1;

/// The offset of the first pin, from the start of the part.
fn pins(slots: u64) -> usize {
    (SLOTS + 8 * slots as usize).next_multiple_of(64)
}

/// The offset of a frame of a part of `len` bytes, whose alignment is 64.
fn frame(len: usize, slots: u64, slot: u64) -> usize {
    let frames = pins(slots) + 8 * PINS;
    frames + (len - frames) / slots as usize * slot as usize
}

impl Vandal {
    pub(super) fn lie_in_frames(&mut self, raw: &Raw, at: usize, len: usize, slots: u64) {
        let part = self.payload + at;
        let slot = self.random.number() % slots;
        match self.random.within(0..24) {
            0 => {
                let lock = self.lock_word(raw);
                self.write(raw, part, &lock.to_le_bytes());
            }
            1 => {
                // Flags, bell, mark, both halves of the room word, and the number of loans.
                let number = self.random.number() as u32 >> self.random.within(0..32);
                self.write(raw, part + 4 * self.random.clone().within(1..7), &number.to_le_bytes());
            }
            2..=4 => {
                let number = self.number(raw, part + NEWEST) >> if self.random.one_in(2) { 4 } else { 0 };
                let slot = if self.random.one_in(8) { self.random.number() & 15 } else { slot };
                self.write(raw, part + NEWEST, &(number << 4 | slot).to_le_bytes());
            }
            5..=9 => {
                let word = part + SLOTS + 8 * slot as usize;
                let newest = raw.number(part + NEWEST) >> 4;
                let lie = match self.random.within(0..4) {
                    0 => WRITING | self.token(raw),
                    // The next frame, the newest one, or one before.
                    1 => PUBLISHED | newest.wrapping_add(1).wrapping_sub(self.random.number() % 4) & NUMBER,
                    2 => PUBLISHED | self.number(raw, word) & NUMBER,
                    _ => self.number(raw, word),
                };
                self.write(raw, word, &lie.to_le_bytes());
            }
            10..=13 => {
                let all = self.random.one_in(8);
                let first = self.random.within(0..PINS);
                let word = match self.random.within(0..4) {
                    0 => self.random.number(),
                    _ => (self.random.number() % (slots + 2)) << 32 | self.token(raw),
                };
                for entry in if all { 0..PINS } else { first..first + 1 } {
                    self.write(raw, part + pins(slots) + 8 * entry, &word.to_le_bytes());
                }
            }
            14..=15 => {
                let word = part + frame(len, slots, slot);
                let number = self.number(raw, word);
                self.write(raw, word, &number.to_le_bytes());
            }
            16 => self.write_noise(raw, part + frame(len, slots, slot), part + frame(len, slots, slot) + 256),
            17 => self.write_noise(raw, part, part + len),
            // What was damaged works again, for a while.
            18..=20 => self.write(raw, part, &vec![0; len]),
            _ => self.publish(raw, part, len, slots, slot),
        }
    }

    /// Frees all slots and pins, and publishes a frame of zeros in one slot.
    fn publish(&mut self, raw: &Raw, part: usize, len: usize, slots: u64, slot: u64) {
        self.write(raw, part, &vec![0; len]);
        let number = 1 + self.random.number() % 9;
        self.write(raw, part + frame(len, slots, slot), &4_u64.to_le_bytes());
        self.write(raw, part + SLOTS + 8 * slot as usize, &(PUBLISHED | number).to_le_bytes());
        self.write(raw, part + NEWEST, &(number << 4 | slot).to_le_bytes());
    }

    /// No pin holds and no look is whole while this goes on.
    pub(super) fn storm_in_frames(&mut self, raw: &Raw, at: usize, slots: u64, round: u64) {
        let (part, slot) = (self.payload + at, round % slots);
        self.write(raw, part + SLOTS + 8 * slot as usize, &(PUBLISHED | round).to_le_bytes());
        self.write(raw, part + NEWEST, &((round + (round & 1)) << 4 | slot).to_le_bytes());
        self.write(raw, part + 16, &round.to_le_bytes());
        let pin = (round % (slots + 2)) << 32 | self.token(raw);
        self.write(raw, part + pins(slots) + 8 * (round as usize % PINS), &pin.to_le_bytes());
    }
}
