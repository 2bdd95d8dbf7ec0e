//! Parts of types that this program does not know: where their words are, and what these say.

use super::atomics::AtomicU64;
use super::lock_word::TOKEN;
use super::seqlock;
use crate::sync::copy::UNIT;

/// What processors move between their caches, in bytes.
const LINE: u64 = 64;

/// Where things are in a `Versioned`, in bytes from its start: see the table of `versioned_cell.rs`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct VersionedPlaces {
    pub(crate) sequence: u64,
    /// Slot 0.
    pub(crate) slots: u64,
    /// The size of a slot.
    pub(crate) slot: u64,
    /// The size of all of it.
    pub(crate) size: u64,
    pub(crate) align: u64,
}

impl VersionedPlaces {
    /// For a value of this size and alignment; `None` if that is more than memory can be.
    pub(crate) const fn of(size: u64, align: u64) -> Option<Self> {
        const SEQUENCE: u64 = LINE;
        const WORDS: u64 = SEQUENCE + 16;
        if !align.is_power_of_two() || align > 1 << 32 || size > 1 << 62 {
            return None;
        }
        let unit = if align > UNIT as u64 { align } else { UNIT as u64 };
        let slot = size.next_multiple_of(unit);
        let slots = WORDS.next_multiple_of(unit);
        let slots = if slot % LINE == 0 { slots.next_multiple_of(LINE) } else { slots };
        let align = if align > LINE { align } else { LINE };
        Some(Self { sequence: SEQUENCE, slots, slot, size: (slots + 2 * slot).next_multiple_of(align), align })
    }
}

/// Copies the newest version of a `Versioned` once, by `copy`, which is given the slot. Returns the version; `None` if a writer may
/// have disturbed the copy. Only loads.
pub(crate) fn try_copy(sequence: &AtomicU64, copy: impl FnOnce(usize)) -> Option<u64> {
    seqlock::try_read(sequence, copy)
}

/// The version that is valid at a sequence number, and its slot.
pub(crate) fn newest(sequence: u64) -> (u64, usize) {
    (seqlock::version(sequence), seqlock::free_slot(sequence) ^ 1)
}

/// The sequence number while a version is stable.
pub(crate) fn stable_at(version: u64) -> u64 {
    seqlock::stable_at(version)
}

/// The token in a lock word, 0 if nobody has the lock.
pub(crate) fn holder(word: u32) -> u32 {
    word & TOKEN
}
