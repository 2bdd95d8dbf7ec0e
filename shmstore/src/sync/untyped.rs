//! The words of parts whose type this program does not know: their offsets and their meaning.

use super::atomics::AtomicU64;
use super::lock_word::TOKEN;
use super::seqlock;
use crate::sync::copy::UNIT;

/// The size of a cache line in bytes.
pub(super) const LINE: u64 = 64;

/// The offsets and sizes of a `Versioned`, in bytes: see the table of `versioned_cell.rs`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct VersionedOffsets {
    pub(crate) sequence: u64,
    /// Slot 1 follows slot 0.
    pub(crate) slot_0: u64,
    pub(crate) slot_size: u64,
    /// The size of the whole.
    pub(crate) size: u64,
    pub(crate) align: u64,
}

impl VersionedOffsets {
    /// Returns the offsets for a value of this size and alignment. `None` if no memory is that large.
    pub(crate) const fn of(size: u64, align: u64) -> Option<Self> {
        const SEQUENCE: u64 = LINE;
        const WORDS: u64 = SEQUENCE + 16;
        if !align.is_power_of_two() || align > 1 << 32 || size > 1 << 62 {
            return None;
        }
        let unit = if align > UNIT as u64 { align } else { UNIT as u64 };
        let slot_size = size.next_multiple_of(unit);
        let slot_0 = WORDS.next_multiple_of(unit);
        let slot_0 = if slot_size % LINE == 0 { slot_0.next_multiple_of(LINE) } else { slot_0 };
        let align = if align > LINE { align } else { LINE };
        let size = (slot_0 + 2 * slot_size).next_multiple_of(align);
        Some(Self { sequence: SEQUENCE, slot_0, slot_size, size, align })
    }
}

/// The offsets and sizes of a `Queue` or `Broadcast`, in bytes: see the tables of `queue/memory.rs` and
/// `broadcast/memory.rs`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RingOffsets {
    /// The first slot.
    pub(crate) slots: u64,
    /// The value, from the start of its slot. The word is at 0.
    pub(crate) value: u64,
    /// From one slot to the next.
    pub(crate) stride: u64,
    /// The size of the whole.
    pub(crate) size: u64,
    pub(crate) align: u64,
}

impl RingOffsets {
    /// The greatest capacity of a queue or broadcast.
    pub(crate) const MOST: u64 = (1 << 31) - 1;

    /// Returns the offsets for a queue of values of this size and alignment. `None` if no memory is that large.
    pub(crate) const fn of_queue(size: u64, align: u64, capacity: u64) -> Option<Self> {
        Self::of(queue_words::END, size, align, capacity)
    }

    /// Returns the offsets for a broadcast of values of this size and alignment. `None` if no memory is that large.
    pub(crate) const fn of_broadcast(size: u64, align: u64, capacity: u64) -> Option<Self> {
        Self::of(broadcast_words::END, size, align, capacity)
    }

    pub(super) const fn of(words: u64, size: u64, align: u64, capacity: u64) -> Option<Self> {
        const UNIT_SIZE: u64 = UNIT as u64;
        if !align.is_power_of_two() || align > 1 << 32 || size > 1 << 60 || capacity > Self::MOST {
            return None;
        }
        let value = if align > UNIT_SIZE { align } else { UNIT_SIZE };
        let align = if align > LINE { align } else { LINE };
        let slots = words.next_multiple_of(align);
        let stride = (value + size.next_multiple_of(UNIT_SIZE)).next_multiple_of(align);
        match stride.checked_mul(capacity) {
            Some(all) if all <= i64::MAX as u64 - slots => {
                Some(Self { slots, value, stride, size: slots + all, align })
            }
            _ => None,
        }
    }
}

/// The offsets and sizes of a `Map`, in bytes: see the tables of `map/memory.rs`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct MapOffsets {
    /// The first entry. The words before it are at [`map_words`].
    pub(crate) entries: u64,
    /// The key, from the start of its entry. The words before it are at [`entry_words`].
    pub(crate) key: u64,
    /// Slot 0 of the value, from the start of its entry. Slot 1 follows it.
    pub(crate) slot_0: u64,
    pub(crate) slot_size: u64,
    /// From one entry to the next.
    pub(crate) stride: u64,
    /// The size of the whole.
    pub(crate) size: u64,
    pub(crate) align: u64,
}

impl MapOffsets {
    /// Returns the offsets for a map of keys and values of these sizes and alignments. `None` if no memory is that
    /// large.
    pub(crate) const fn of(key: (u64, u64), value: (u64, u64), capacity: u64) -> Option<Self> {
        const UNIT_SIZE: u64 = UNIT as u64;
        const MOST: u64 = 1 << 60;
        let ((key_size, key_align), (value_size, value_align)) = (key, value);
        let is_possible = key_align.is_power_of_two() && value_align.is_power_of_two();
        if !is_possible || key_align > 1 << 32 || value_align > 1 << 32 || key_size > MOST || value_size > MOST {
            return None;
        }
        if capacity > RingOffsets::MOST {
            return None;
        }
        let unit = if value_align > UNIT_SIZE { value_align } else { UNIT_SIZE };
        let align = if key_align > value_align { key_align } else { value_align };
        let align = if align > LINE { align } else { LINE };
        let key = entry_words::END.next_multiple_of(key_align);
        let slot_0 = (key + key_size.next_multiple_of(UNIT_SIZE)).next_multiple_of(unit);
        let slot_size = value_size.next_multiple_of(unit);
        let stride = (slot_0 + 2 * slot_size).next_multiple_of(align);
        let entries = (map_words::HEADS + 2 * 8 * capacity).next_multiple_of(align);
        match stride.checked_mul(capacity) {
            Some(all) if all <= i64::MAX as u64 - entries => {
                Some(Self { entries, key, slot_0, slot_size, stride, size: entries + all, align })
            }
            _ => None,
        }
    }
}

/// The offsets and sizes of a `Frames`, in bytes: see the tables of `frames/memory.rs`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FramesOffsets {
    /// The first pin entry.
    pub(crate) pins: u64,
    /// The first frame. The words before it are at [`frames_words`].
    pub(crate) frames: u64,
    /// The metadata, from the start of its frame. The number of elements is at 0.
    pub(crate) meta: u64,
    /// The first element, from the start of its frame.
    pub(crate) elements: u64,
    /// From one frame to the next.
    pub(crate) stride: u64,
    /// The size of the whole.
    pub(crate) size: u64,
    pub(crate) align: u64,
}

impl FramesOffsets {
    /// The bytes after the metadata, and after the elements, that belong to them. So the last unit of each is whole.
    pub(crate) const SPARE: u64 = UNIT as u64 - 1;

    /// Returns the offsets for `slots` frames of up to `capacity` elements. `element` and `meta` are the size and the
    /// alignment of an element and of the metadata. `None` if no memory is that large.
    pub(crate) const fn of(element: (u64, u64), capacity: u64, slots: u64, meta: (u64, u64)) -> Option<Self> {
        const UNIT_SIZE: u64 = UNIT as u64;
        const MOST: u64 = 1 << 58;
        const SPARE: u64 = FramesOffsets::SPARE;
        let ((element_size, element_align), (meta_size, meta_align)) = (element, meta);
        let is_possible = element_align.is_power_of_two() && meta_align.is_power_of_two();
        if !is_possible || element_align > 1 << 32 || meta_align > 1 << 32 || meta_size > MOST {
            return None;
        }
        let Some(bytes) = element_size.checked_mul(capacity) else { return None };
        if bytes > MOST || slots > frames_words::MOST_SLOTS {
            return None;
        }
        let element_align = if element_align > LINE { element_align } else { LINE };
        let align = if element_align > meta_align { element_align } else { meta_align };
        let pins = (frames_words::SLOTS + 8 * slots).next_multiple_of(LINE);
        let frames = (pins + 8 * frames_words::PINS).next_multiple_of(align);
        let meta = if meta_align > UNIT_SIZE { meta_align } else { UNIT_SIZE };
        let elements = (meta + meta_size + SPARE).next_multiple_of(element_align);
        let stride = (elements + bytes + SPARE).next_multiple_of(align);
        match stride.checked_mul(slots) {
            Some(all) if all <= i64::MAX as u64 - frames => {
                Some(Self { pins, frames, meta, elements, stride, size: frames + all, align })
            }
            _ => None,
        }
    }
}

/// The offsets of the words of a `Frames`.
pub(crate) mod frames_words {
    pub(crate) const LOCK: u64 = 0;
    pub(crate) const ROOM: u64 = 64;
    pub(crate) const NEWEST: u64 = 128;
    pub(crate) const SLOTS: u64 = 136;
    /// The number of pin entries.
    pub(crate) const PINS: u64 = 64;
    pub(crate) const LEAST_SLOTS: u64 = 3;
    pub(crate) const MOST_SLOTS: u64 = 16;
}

/// The offsets of the words of a `Map`.
pub(crate) mod map_words {
    pub(crate) const LOCK: u64 = 0;
    pub(crate) const INTENT: u64 = 16;
    pub(crate) const LEN: u64 = 24;
    pub(crate) const HIGH_WATER: u64 = 28;
    pub(crate) const FREE: u64 = 32;
    pub(crate) const CHANGES: u64 = 40;
    pub(crate) const FLOOR: u64 = 48;
    pub(crate) const SEED: u64 = 128;
    pub(crate) const HEADS: u64 = 256;
}

/// The offsets of the words of an entry of a `Map`, from its start.
pub(crate) mod entry_words {
    pub(crate) const STATE: u64 = 0;
    pub(crate) const NEXT: u64 = 4;
    pub(crate) const HASH: u64 = 8;
    pub(crate) const LOCK: u64 = 16;
    pub(crate) const SEQUENCE: u64 = 32;
    pub(crate) const END: u64 = 48;
}

/// The offsets of the words of a `Queue`.
pub(crate) mod queue_words {
    pub(crate) const PRODUCERS_LOCK: u64 = 0;
    pub(crate) const TAIL: u64 = 16;
    pub(crate) const CONSUMERS_LOCK: u64 = 128;
    pub(crate) const RETURNED: u64 = 144;
    pub(crate) const CURSOR: u64 = 152;
    pub(crate) const HEAD: u64 = 160;
    pub(crate) const END: u64 = 256;
}

/// The offsets of the words of a `Broadcast`.
pub(crate) mod broadcast_words {
    pub(crate) const LOCK: u64 = 0;
    pub(crate) const TAIL: u64 = 16;
    pub(crate) const END: u64 = 128;
}

/// Copies the newest version of a `Versioned` once, by `copy`, which gets the index of the slot. Returns the version,
/// or `None` if a writer may have disturbed the copy. Only loads.
pub(crate) fn try_copy(sequence: &AtomicU64, copy: impl FnOnce(usize)) -> Option<u64> {
    seqlock::try_read(sequence, copy)
}

/// Returns the version that is valid at a sequence number, and the index of its slot.
pub(crate) fn newest(sequence: u64) -> (u64, usize) {
    (seqlock::version(sequence), seqlock::free_slot(sequence) ^ 1)
}

/// Returns the sequence number while a version is stable.
pub(crate) fn stable_at(version: u64) -> u64 {
    seqlock::stable_at(version)
}

/// Returns the token in a lock word. 0 if the lock is free.
pub(crate) fn holder(word: u32) -> u32 {
    word & TOKEN
}
