//! Writes over a segment as a hostile process would: random bytes, and those that hurt most.
//!
//! What is written follows from a seed alone, but for what it copies from the segment: the tokens of those who use it.

mod frames;
mod maps;
mod streams;

use std::mem::offset_of;

use shmstore::{CacheAligned, Frames, Versioned};

use crate::objects::{Choosy, EveryPart};
use crate::random::Random;
use crate::raw::{Raw, field};

/// Where the words of the parts of [`EveryPart`] are, from the start of the object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Word {
    /// Where a `Versioned` begins, and how long it is.
    Versioned(usize, usize),
    Lock(usize),
    Event(usize),
    Value(usize),
    /// Where a `Queue` begins, how long it is, and its capacity. The same of a `Broadcast` and a `Map`.
    Queue(usize, usize, usize),
    Broadcast(usize, usize, usize),
    Map(usize, usize, usize),
    /// Where a `Frames` begins, how long it is, and its slots.
    Frames(usize, usize, u64),
}

macro_rules! versioned {
    ($field:ident, $next:ident) => {
        Word::Versioned(offset_of!(EveryPart, $field), offset_of!(EveryPart, $next) - offset_of!(EveryPart, $field))
    };
}

macro_rules! stream {
    ($kind:ident, $field:ident, $next:ident, $capacity:literal) => {
        Word::$kind(
            offset_of!(EveryPart, $field),
            offset_of!(EveryPart, $next) - offset_of!(EveryPart, $field),
            $capacity,
        )
    };
}

macro_rules! frames {
    ($field:ident, $frames:ty, $slots:literal) => {
        Word::Frames(offset_of!(EveryPart, $field), size_of::<$frames>(), $slots)
    };
}

const SHARDS: usize = offset_of!(EveryPart, shards);
const SHARD: usize = size_of::<CacheAligned<Versioned<u64>>>();
/// Where the sequence number of a `Versioned` is: see `docs/format.md`. Its lock word is its first, its flags the next.
const SEQUENCE: usize = 64;

const WORDS: [Word; 28] = [
    Word::Value(offset_of!(EveryPart, count)),
    Word::Value(offset_of!(EveryPart, mode)),
    Word::Value(offset_of!(EveryPart, flag)),
    Word::Value(offset_of!(EveryPart, letter)),
    Word::Value(offset_of!(EveryPart, level)),
    versioned!(position, choosy),
    versioned!(choosy, label),
    versioned!(label, list),
    versioned!(list, block),
    versioned!(block, lock),
    Word::Lock(offset_of!(EveryPart, lock)),
    Word::Event(offset_of!(EveryPart, event)),
    stream!(Queue, queue, crates, 5),
    stream!(Queue, queue, crates, 5),
    stream!(Queue, crates, feed, 2),
    stream!(Broadcast, feed, blocks, 4),
    stream!(Broadcast, feed, blocks, 4),
    stream!(Broadcast, blocks, map, 2),
    stream!(Map, map, book, 5),
    stream!(Map, map, book, 5),
    stream!(Map, book, choices, 2),
    frames!(choices, Frames<Choosy, 5, 3, Choosy>, 3),
    frames!(choices, Frames<Choosy, 5, 3, Choosy>, 3),
    frames!(images, Frames<u8, 16_384, 3>, 3),
    Word::Versioned(SHARDS, SHARD),
    Word::Versioned(SHARDS + SHARD, SHARD),
    Word::Versioned(SHARDS + 2 * SHARD, SHARD),
    Word::Versioned(SHARDS + 3 * SHARD, SHARD),
];

const TOKEN: u64 = (1 << 29) - 1;
const SLOT: usize = 32;
/// Where the inode of the file with the lock bytes is, in the header.
const LOCK_INODE: usize = 192;

/// A writer that keeps to no protocol.
pub struct Vandal {
    random: Random,
    /// The segment as its creator left it.
    pristine: Vec<u8>,
    slots: usize,
    slot_count: usize,
    payload: usize,
    written: u64,
}

impl Vandal {
    /// One who knows the segment as it is now, whole.
    pub fn new(random: Random, raw: &Raw) -> Self {
        let number = |field| raw.get(field) as usize;
        Self {
            random,
            pristine: raw.bytes(),
            slots: number(field::SLOTS_OFFSET),
            slot_count: number(field::SLOT_COUNT),
            payload: number(field::PAYLOAD_OFFSET),
            written: 0,
        }
    }

    pub fn written(&self) -> u64 {
        self.written
    }

    /// Asserts that the bytes behind the object are as they were: nobody writes there, unless it was led out of bounds. (A
    /// header that lies may lead it to the gap between table and object, where a larger table would be.)
    pub fn check_untouched(&self, raw: &Raw) {
        let end = self.payload + size_of::<EveryPart>();
        let rest = raw.read(end..raw.len());
        assert!(rest.len() > 1024, "the object fills its segment");
        let touched = rest.iter().position(|&byte| byte != 0);
        assert_eq!(touched, None, "somebody has written behind the object, so many bytes after its end");
    }

    /// Makes header, schema and participants as they were.
    pub fn mend(&self, raw: &Raw) {
        raw.write(0, &self.pristine[..self.payload]);
    }

    /// Frees the locks of the writers of frames in a segment that this one leaves: a publication has no limit.
    pub fn leave(&mut self, raw: &Raw) {
        for word in WORDS {
            if let Word::Frames(at, ..) = word {
                self.write(raw, self.payload + at, &[0; 4]);
            }
        }
    }

    /// Writes once, somewhere; now and then a thousand times at one place, without a pause.
    pub fn strike(&mut self, raw: &Raw) {
        if raw.len() != self.pristine.len() {
            return;
        }
        match self.random.within(0..64) {
            0 => self.mend(raw),
            1..=3 => self.lie_in_the_header(raw),
            4..=5 => self.write_noise(raw, 0, self.slots),
            6..=19 => self.lie_in_a_slot(raw),
            20..=23 => self.write_noise(raw, self.payload, self.payload + size_of::<EveryPart>()),
            24 if self.random.one_in(16) => self.storm(raw),
            _ => {
                let word = WORDS[self.random.within(0..WORDS.len())];
                self.lie_in_a_part(raw, word);
            }
        }
    }

    fn write(&mut self, raw: &Raw, at: usize, bytes: &[u8]) {
        raw.write(at, bytes);
        self.written += 1;
    }

    fn write_noise(&mut self, raw: &Raw, from: usize, to: usize) {
        let len = self.random.within(1..64);
        let bytes: Vec<u8> = (0..len).map(|_| self.random.number() as u8).collect();
        let at = self.random.within(from..to - len + 1);
        self.write(raw, at, &bytes);
    }

    fn lie_in_the_header(&mut self, raw: &Raw) {
        if self.random.one_in(8) {
            let number = self.number(raw, LOCK_INODE);
            return self.write(raw, LOCK_INODE + 8 * self.random.clone().within(0..2), &number.to_le_bytes());
        }
        let field = field::ALL[self.random.within(0..field::ALL.len())];
        let number =
            if field == field::STATE { self.random.within(0..5) as u64 } else { self.number(raw, field.offset) };
        self.write(raw, field.offset, &number.to_le_bytes()[..field.len.min(8)]);
    }

    /// A number as it hurts: an end, a bit, a neighbour of what is there, or noise.
    fn number(&mut self, raw: &Raw, at: usize) -> u64 {
        let there = u64::from_le_bytes(raw.read(at..at + 8).try_into().expect("eight bytes"));
        let random = self.random.number();
        let ends = [0, 1, 2, 3, u64::MAX, u64::MAX - 1, u64::MAX - 2, 1 << 63, i64::MAX as u64, 1 << 32, (1 << 32) - 1];
        match random % 4 {
            0 | 1 => ends[self.random.within(0..ends.len())],
            2 => there.wrapping_add(self.random.number() % 9).wrapping_sub(4),
            _ => self.random.number() >> ((random >> 8) % 64),
        }
    }

    /// A token of somebody who uses the segment, of a slot that was made up, or of nobody.
    fn token(&mut self, raw: &Raw) -> u64 {
        match self.random.within(0..6) {
            0 => 0,
            1 => self.random.number() & TOKEN,
            2 => [1, TOKEN][self.random.within(0..2)],
            _ => {
                let slot = self.slots + SLOT * self.random.within(0..self.slot_count);
                u64::from_le_bytes(raw.read(slot..slot + 8).try_into().expect("eight bytes")) & TOKEN
            }
        }
    }

    fn lie_in_a_slot(&mut self, raw: &Raw) {
        let slot = self.slots + SLOT * self.random.within(0..self.slot_count);
        if self.random.one_in(2) {
            let token = self.token(raw);
            let pids = [0, 1, std::process::id().into(), 4_194_303, self.random.number() & 0x3f_ffff];
            let there = u64::from_le_bytes(raw.read(slot..slot + 8).try_into().expect("eight bytes"));
            let pid = if self.random.one_in(2) { there >> 29 & 0x3f_ffff } else { pids[self.random.within(0..5)] };
            let state = self.random.number() % 8;
            let beyond = if self.random.one_in(8) { self.random.number() << 54 } else { 0 };
            let word = if self.random.one_in(8) { 0 } else { token | pid << 29 | state << 51 | beyond };
            return self.write(raw, slot, &word.to_le_bytes());
        }
        // Namespaces, start, since: what is judged, and what is shown.
        let (at, len) = [(8, 4), (12, 4), (16, 8), (24, 8)][self.random.within(0..4)];
        let number = if self.random.one_in(4) { 0 } else { self.number(raw, slot + at.min(24)) };
        self.write(raw, slot + at, &number.to_le_bytes()[..len]);
    }

    fn lock_word(&mut self, raw: &Raw) -> u32 {
        (self.token(raw) | (self.random.number() % 8) << 29) as u32
    }

    fn lie_in_a_part(&mut self, raw: &Raw, word: Word) {
        match word {
            Word::Queue(..) | Word::Broadcast(..) => self.lie_in_a_stream(raw, word),
            Word::Map(at, len, capacity) => self.lie_in_a_map(raw, at, len, capacity),
            Word::Frames(at, len, slots) => self.lie_in_frames(raw, at, len, slots),
            Word::Value(at) | Word::Event(at) => {
                let number = self.number(raw, self.payload + at);
                self.write(raw, self.payload + at, &number.to_le_bytes());
            }
            Word::Lock(at) => {
                let lock = self.lock_word(raw);
                let state = if self.random.one_in(4) { self.random.number() as u32 } else { 0 };
                self.write(raw, self.payload + at, &lock.to_le_bytes());
                self.write(raw, self.payload + at + 4, &state.to_le_bytes());
            }
            Word::Versioned(at, len) => match self.random.within(0..8) {
                0..=2 => {
                    let at = self.payload + at + SEQUENCE;
                    let sequence = self.number(raw, at);
                    self.write(raw, at, &sequence.to_le_bytes());
                }
                3..=5 => {
                    let lock = self.lock_word(raw);
                    self.write(raw, self.payload + at, &lock.to_le_bytes());
                }
                6 => {
                    let flags = if self.random.one_in(2) { self.random.number() as u32 } else { 3 };
                    self.write(raw, self.payload + at + 4, &flags.to_le_bytes());
                }
                _ => self.write_noise(raw, self.payload + at, self.payload + at + len),
            },
        }
    }

    /// No copy is whole and no sleep lasts while this goes on.
    fn storm(&mut self, raw: &Raw) {
        let word = WORDS[self.random.within(0..WORDS.len())];
        for round in 0..1000_u64 {
            match word {
                Word::Versioned(at, _) => {
                    self.write(raw, self.payload + at + SEQUENCE, &(round * 8).to_le_bytes());
                    let lock = (round as u32 & 7) << 29 | 1;
                    self.write(raw, self.payload + at, &lock.to_le_bytes());
                }
                Word::Queue(..) | Word::Broadcast(..) => self.storm_in_a_slot(raw, word, round),
                Word::Map(at, len, capacity) => self.storm_in_a_map(raw, at, len, capacity, round),
                Word::Frames(at, _, slots) => self.storm_in_frames(raw, at, slots, round),
                word => self.lie_in_a_part(raw, word),
            }
        }
    }
}
