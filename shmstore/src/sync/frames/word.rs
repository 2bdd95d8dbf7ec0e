//! The words of frames: the state of a slot, the newest frame, and a pin.
//!
//! | word | bits | what |
//! |---|---|---|
//! | slot, *free* | all | 0 |
//! | slot, *writing(T)* | 62–63 | 1 |
//! | | 0–28 | token of the process that fills the slot |
//! | slot, *published(n)* | 62–63 | 2 |
//! | | 0–59 | number of the frame, from 1 |
//! | newest | 4–63 | number of the newest frame. 0 if there is none |
//! | | 0–3 | its slot |
//! | pin | 0–28 | token of the process that reads the slot. 0 if the entry is not used |
//! | | 32–36 | the slot, plus 1 |
//!
//! The loom models build this file a second time.

const TOKEN: u64 = (1 << 29) - 1;
const STATE_SHIFT: u32 = 62;
const NUMBER: u64 = (1 << 60) - 1;
const SLOT_BITS: u32 = 4;
const PINNED_SHIFT: u32 = 32;
const PINNED: u64 = 31;

/// The word of a slot that no process fills, and that has no frame.
pub(crate) const FREE: u64 = 0;

/// The word of a slot that the process `token` fills.
#[inline(always)]
pub(crate) const fn writing(token: u32) -> u64 {
    1 << STATE_SHIFT | token as u64
}

/// The word of a slot with this frame.
#[inline(always)]
pub(crate) const fn published(number: u64) -> u64 {
    2 << STATE_SHIFT | number & NUMBER
}

/// The token of the process that fills a slot. 0 if no process fills it.
#[inline(always)]
pub(crate) const fn writer(word: u64) -> u32 {
    if word >> STATE_SHIFT == 1 { (word & TOKEN) as u32 } else { 0 }
}

/// The number of the frame in a slot. 0 if it has none.
#[inline(always)]
pub(crate) const fn number(word: u64) -> u64 {
    if word >> STATE_SHIFT == 2 { word & NUMBER } else { 0 }
}

/// The number after this one. 0 is the number of no frame.
#[inline(always)]
pub(crate) const fn next_number(number: u64) -> u64 {
    if number == NUMBER { 1 } else { number + 1 }
}

/// The number of publications from the frame `earlier` to the frame `later`.
#[inline(always)]
pub(crate) const fn publications(earlier: u64, later: u64) -> u64 {
    later.wrapping_sub(earlier) & NUMBER
}

/// The newest frame: its number and its slot. A peer may have stored any word, so the slot is checked before it is
/// used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FrameAt {
    pub(crate) number: u64,
    pub(crate) slot: u64,
}

impl FrameAt {
    #[inline(always)]
    pub(crate) const fn of(word: u64) -> Self {
        Self { number: word >> SLOT_BITS, slot: word & ((1 << SLOT_BITS) - 1) }
    }

    #[inline(always)]
    pub(crate) const fn word(self) -> u64 {
        self.number << SLOT_BITS | self.slot
    }
}

/// The word of a pin.
#[inline(always)]
pub(crate) const fn pin(token: u32, slot: u64) -> u64 {
    (slot + 1) << PINNED_SHIFT | token as u64
}

/// The token of the process that has a pin. 0 if the entry is not used.
#[inline(always)]
pub(crate) const fn reader(pin: u64) -> u32 {
    (pin & TOKEN) as u32
}

/// The slot that a pin names. Not less than the number of slots if a peer has stored anything else than a pin.
#[inline(always)]
pub(crate) const fn slot_of_pin(pin: u64) -> u64 {
    (pin >> PINNED_SHIFT & PINNED).wrapping_sub(1)
}

/// The slot that a pin names, as a bit: 1 for slot 0, 2 for slot 1. 0 if the entry is not used.
#[inline(always)]
pub(crate) const fn pinned_bit(pin: u64) -> u64 {
    (1 << (pin >> PINNED_SHIFT & PINNED)) >> 1
}
