//! The slots of a `Queue` or `Broadcast` of any type. Every word of them may have any value.

mod broadcast;
mod queue;
#[cfg(test)]
pub(crate) mod samples;
#[cfg(test)]
pub(super) mod tests;

use std::sync::atomic::Ordering::Acquire;
use std::sync::atomic::fence;

use super::memory::{Memory, integer, length, offset};
use crate::layout::schema::OwnedSchema;
use crate::sync::RingOffsets;

pub(crate) use broadcast::Broadcast;
pub(crate) use queue::{Queue, Span};

/// The unit in which reads of slots are counted: part of a page. A slot of a page or more counts as one page, which has
/// its word.
const UNIT: u64 = 64;
const PAGE: u64 = 4096;

/// The places of the slots in a queue or broadcast, from its start.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RingPlaces {
    offsets: RingOffsets,
    pub(crate) capacity: u64,
}

impl RingPlaces {
    /// `offsets` are the ones that this program computes. The part has the same ones if its size and alignment match.
    fn of(name: &str, offsets: Option<RingOffsets>, schema: &OwnedSchema, capacity: u64) -> Result<Self, String> {
        let is_own = |offsets: &RingOffsets| (offsets.size, offsets.align) == (schema.size(), schema.align());
        let offsets = offsets.filter(is_own).ok_or_else(|| {
            format!("no `{name}` of this program is {} bytes, aligned to {}", schema.size(), schema.align())
        })?;
        Ok(Self { offsets, capacity })
    }

    pub(crate) fn of_queue(schema: &OwnedSchema, value: &OwnedSchema, capacity: u64) -> Result<Self, String> {
        Self::of("Queue", RingOffsets::of_queue(value.size(), value.align(), capacity), schema, capacity)
    }

    pub(crate) fn of_broadcast(schema: &OwnedSchema, value: &OwnedSchema, capacity: u64) -> Result<Self, String> {
        Self::of("Broadcast", RingOffsets::of_broadcast(value.size(), value.align(), capacity), schema, capacity)
    }

    /// The start of a position's slot, which is its word.
    pub(crate) fn slot(&self, position: u64) -> u64 {
        self.offsets.slots + position % self.capacity * self.offsets.stride
    }

    /// The start of the value in a position's slot.
    pub(crate) fn value(&self, position: u64) -> u64 {
        self.slot(position) + self.offsets.value
    }
}

/// The slots of a part, each with a word and a value.
#[derive(Clone, Copy)]
pub(crate) struct Ring<'m> {
    memory: Memory<'m>,
    /// The start of the part.
    at: usize,
    pub(crate) places: RingPlaces,
    value_len: usize,
}

impl<'m> Ring<'m> {
    fn of(places: RingPlaces, value: &OwnedSchema, (memory, at): (Memory<'m>, usize)) -> Result<Self, String> {
        Ok(Self { memory, at, places, value_len: length(value.size())? })
    }

    /// Loads a word of eight bytes at an offset in the part.
    fn word(&self, at: u64) -> Result<u64, String> {
        let at = offset(self.at, at)?;
        match self.memory {
            Memory::Live(live) => Ok(live.word(at)?.load(Acquire)),
            Memory::Copy(_) => integer(self.memory, at, 8),
        }
    }

    fn slot_word(&self, position: u64) -> Result<u64, String> {
        self.word(self.places.slot(position))
    }

    /// Copies the value of a position. `is_whole` gets the slot's word before and after the copy.
    ///
    /// Returns the word after the copy, or `None` if the bytes are not of one value.
    fn copy(&self, position: u64, is_whole: impl Fn(u64, u64) -> bool) -> Result<Option<(u64, Vec<u8>)>, String> {
        let mut bytes = Vec::new();
        Ok(self.copy_into(position, is_whole, &mut bytes)?.map(|word| (word, bytes)))
    }

    /// The same, to memory that is used again.
    fn copy_into(
        &self,
        position: u64,
        is_whole: impl Fn(u64, u64) -> bool,
        to: &mut Vec<u8>,
    ) -> Result<Option<u64>, String> {
        let before = self.slot_word(position)?;
        if !is_whole(before, before) {
            return Ok(None);
        }
        self.memory.bytes_into(offset(self.at, self.places.value(position))?, self.value_len, to)?;
        fence(Acquire);
        let after = self.slot_word(position)?;
        Ok(is_whole(before, after).then_some(after))
    }

    /// The number of slots.
    pub(super) fn capacity(&self) -> u64 {
        self.places.capacity
    }

    /// The cost of reading one slot, in units. The kernel may have to allocate memory for it.
    pub(super) fn cost(&self) -> u64 {
        self.places.offsets.stride.min(PAGE) / UNIT
    }
}
