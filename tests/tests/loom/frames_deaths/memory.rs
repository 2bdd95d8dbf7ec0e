//! The words of memory: those of three slots with their pins, the contents of the slots, and what the model notes.

use super::atomics::AtomicU64;
use super::protocol::FrameWords;

pub(super) const K: usize = 3;
/// The pins of most models, and those of a line, which a loan reads at a time.
pub(super) const PINS: usize = 2;
pub(super) const LINE: usize = 8;
/// The greatest number of a frame.
pub(super) const LAST: usize = 8;

// The words of memory.
pub(super) const LOCK: usize = 0;
pub(super) const NEWEST: usize = 1;
pub(super) const SLOTS: usize = 2;
pub(super) const PIN_WORDS: usize = SLOTS + K;
/// The content of a slot: two words, which are equal if it is whole.
pub(super) const CONTENTS: usize = PIN_WORDS + LINE;
/// A note of the model: the content of each frame.
pub(super) const NOTES: usize = CONTENTS + 2 * K;
pub(super) const WORDS: usize = NOTES + LAST + 1;

pub(super) struct Words {
    newest: AtomicU64,
    slots: Vec<AtomicU64>,
    pins: Vec<AtomicU64>,
}

impl FrameWords for &Words {
    fn newest(&self) -> &AtomicU64 {
        &self.newest
    }

    fn slots(&self) -> &[AtomicU64] {
        &self.slots
    }

    fn pins(&self) -> &[AtomicU64] {
        &self.pins
    }
}

impl Words {
    /// The words, with so many pins.
    pub(super) fn with(pins: usize) -> Self {
        let [slots, pins] = [SLOTS..PIN_WORDS, PIN_WORDS..PIN_WORDS + pins].map(|words| words.map(AtomicU64).collect());
        Self { newest: AtomicU64(NEWEST), slots, pins }
    }
}
