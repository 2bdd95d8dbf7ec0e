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

pub(super) use broadcast::Broadcast;
pub(super) use queue::{Queue, Span};

/// The unit in which reads of slots are counted: part of a page. A slot of a page or more counts as one page, which has
/// its word.
const UNIT: u64 = 64;
const PAGE: u64 = 4096;

/// The slots of a part, each with a word and a value.
#[derive(Clone, Copy)]
pub(super) struct Ring<'m> {
    memory: Memory<'m>,
    /// The start of the part.
    at: usize,
    offsets: RingOffsets,
    capacity: u64,
    value_len: usize,
}

impl<'m> Ring<'m> {
    /// `offsets` are the ones that this program computes. The part has the same ones if its size and alignment match.
    fn of(
        name: &str,
        offsets: Option<RingOffsets>,
        (schema, value, capacity): (&OwnedSchema, &OwnedSchema, u64),
        (memory, at): (Memory<'m>, usize),
    ) -> Result<Self, String> {
        let offsets =
            offsets.filter(|offsets| offsets.size == schema.size() && offsets.align == schema.align()).ok_or_else(
                || format!("no `{name}` of this program is {} bytes, aligned to {}", schema.size(), schema.align()),
            )?;
        Ok(Self { memory, at, offsets, capacity, value_len: length(value.size())? })
    }

    /// Loads a word of eight bytes at an offset in the part.
    fn word(&self, at: u64) -> Result<u64, String> {
        let at = offset(self.at, at)?;
        match self.memory {
            Memory::Live(live) => Ok(live.word(at)?.load(Acquire)),
            Memory::Copy(_) => integer(self.memory, at, 8),
        }
    }

    /// The start of a position's slot, from the start of the part.
    pub(super) fn slot(&self, position: u64) -> u64 {
        self.offsets.slots + position % self.capacity * self.offsets.stride
    }

    /// The start of the value in a position's slot, from the start of the part.
    pub(super) fn value(&self, position: u64) -> u64 {
        self.slot(position) + self.offsets.value
    }

    fn slot_word(&self, position: u64) -> Result<u64, String> {
        self.word(self.slot(position))
    }

    /// Copies the value of a position. `is_whole` gets the slot's word before and after the copy.
    ///
    /// Returns the word after the copy, or `None` if the bytes are not of one value.
    fn copy(&self, position: u64, is_whole: impl Fn(u64, u64) -> bool) -> Result<Option<(u64, Vec<u8>)>, String> {
        let before = self.slot_word(position)?;
        if !is_whole(before, before) {
            return Ok(None);
        }
        let bytes = self.memory.bytes(offset(self.at, self.value(position))?, self.value_len)?;
        fence(Acquire);
        let after = self.slot_word(position)?;
        Ok(is_whole(before, after).then_some((after, bytes)))
    }

    /// The number of slots.
    pub(super) fn capacity(&self) -> u64 {
        self.capacity
    }

    /// The cost of reading one slot, in units. The kernel may have to allocate memory for it.
    pub(super) fn cost(&self) -> u64 {
        self.offsets.stride.min(PAGE) / UNIT
    }
}
