//! The slots of a `Frames` of any type. Every word of them may have any value.

#[cfg(test)]
pub(crate) mod samples;
#[cfg(test)]
mod tests;

use std::sync::atomic::Ordering::Acquire;
use std::sync::atomic::fence;
use std::time::Duration;

use super::memory::{Memory, OUTSIDE, integer, length, offset};
use super::snapshot::Waits;
use crate::layout::schema::OwnedSchema;
use crate::sync::frames::word::{self, FrameAt};
use crate::sync::{FramesOffsets, frames_words};

/// The types of a `Frames`.
#[derive(Clone, Copy)]
pub(crate) struct FramesTypes<'s> {
    pub(crate) frames: &'s OwnedSchema,
    pub(crate) element: &'s OwnedSchema,
    pub(crate) meta: &'s OwnedSchema,
    pub(crate) capacity: u64,
    pub(crate) slots: u64,
}

/// The places of the words and frames in a `Frames`, from its start.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FramesPlaces {
    offsets: FramesOffsets,
    pub(crate) capacity: u64,
    pub(crate) slots: u64,
    element_size: u64,
    meta_len: usize,
}

impl FramesPlaces {
    pub(crate) fn of(types: FramesTypes<'_>) -> Result<Self, String> {
        let FramesTypes { frames, element, meta, capacity, slots } = types;
        let layout = |schema: &OwnedSchema| (schema.size(), schema.align());
        let offsets = FramesOffsets::of(layout(element), capacity, slots, layout(meta));
        let offsets = offsets.filter(|offsets| (offsets.size, offsets.align) == layout(frames)).ok_or_else(|| {
            format!("no `Frames` of this program is {} bytes, aligned to {}", frames.size(), frames.align())
        })?;
        Ok(Self { offsets, capacity, slots, element_size: element.size(), meta_len: length(meta.size())? })
    }

    /// The word of a slot.
    pub(crate) fn word(&self, slot: u64) -> u64 {
        frames_words::SLOTS + 8 * slot
    }

    /// The frame in a slot, which begins with its number of elements.
    pub(crate) fn frame(&self, slot: u64) -> u64 {
        self.offsets.frames + slot * self.offsets.stride
    }

    pub(crate) fn meta(&self, slot: u64) -> u64 {
        self.frame(slot) + self.offsets.meta
    }

    pub(crate) fn elements(&self, slot: u64) -> u64 {
        self.frame(slot) + self.offsets.elements
    }

    fn pin(&self, entry: u64) -> u64 {
        self.offsets.pins + 8 * entry
    }
}

/// A `Frames`.
#[derive(Clone, Copy)]
pub(crate) struct Frames<'m> {
    memory: Memory<'m>,
    /// The start of the part. All of it is within the memory.
    at: usize,
    pub(crate) places: FramesPlaces,
}

/// A frame. Other processes may reuse its slot at any time.
#[derive(Clone, Copy)]
pub(crate) struct Frame<'m> {
    frames: Frames<'m>,
    slot: u64,
}

impl<'m> Frames<'m> {
    pub(crate) fn of(types: FramesTypes<'_>, memory: Memory<'m>, at: usize) -> Result<Self, String> {
        let places = FramesPlaces::of(types)?;
        if offset(at, places.offsets.size)? > memory.len() {
            return Err(OUTSIDE.into());
        }
        Ok(Self { memory, at, places })
    }

    /// Loads a word at an offset in the part, with Acquire.
    fn word(&self, at: u64) -> Result<u64, String> {
        let word = integer(self.memory, offset(self.at, at)?, 8)?;
        fence(Acquire);
        Ok(word)
    }

    /// Returns the newest frame. `None` if there is none yet.
    pub(crate) fn newest(&self) -> Result<Option<FrameAt>, String> {
        let newest = FrameAt::of(self.word(frames_words::NEWEST)?);
        if newest.number == 0 {
            return Ok(None);
        }
        let (FrameAt { slot, .. }, slots) = (newest, self.places.slots);
        if slot >= slots {
            return Err(format!("its newest frame is in slot {slot}, and it has {slots}"));
        }
        Ok(Some(newest))
    }

    /// Returns the number of the newest frame. 0 if there is none yet.
    pub(super) fn number(&self) -> Result<u64, String> {
        Ok(FrameAt::of(self.word(frames_words::NEWEST)?).number)
    }

    /// Returns the frame in a slot.
    pub(crate) fn frame(&self, slot: u64) -> Frame<'m> {
        Frame { frames: *self, slot }
    }

    /// The size of an element, in bytes.
    pub(super) fn element_size(&self) -> u64 {
        self.places.element_size
    }

    /// Returns the number of used pin entries, and the number of slots that processes fill.
    pub(super) fn uses(&self) -> Result<[u64; 2], String> {
        let [mut pins, mut loans] = [0; 2];
        for entry in 0..frames_words::PINS {
            pins += u64::from(word::reader(self.word(self.places.pin(entry))?) != 0);
        }
        for slot in 0..self.places.slots {
            loans += u64::from(word::writer(self.word(self.places.word(slot))?) != 0);
        }
        Ok([pins, loans])
    }

    /// Copies the newest frame, or a part of it, by `copy`. Returns its number and the copy, or `None` if there is
    /// none.
    ///
    /// It repeats the copy if the slot was reused meanwhile. It pins nothing.
    pub(super) fn copy_newest<T>(
        &self,
        waits: &mut Waits,
        mut copy: impl FnMut(Frame<'m>) -> Result<T, String>,
    ) -> Result<Option<(u64, T)>, String> {
        let mut was_there = false;
        let mut attempt = || {
            let Some(FrameAt { number, slot }) = self.newest()? else { return Ok(Some(None)) };
            let is_there = |word: u64| word == word::published(number);
            if !is_there(self.word(self.places.word(slot))?) {
                return Ok(None);
            }
            was_there = true;
            let copied = copy(self.frame(slot))?;
            fence(Acquire);
            Ok(is_there(self.word(self.places.word(slot))?).then_some(Some((number, copied))))
        };
        let copied = match self.memory {
            Memory::Live(_) => waits.repeat(|| attempt().transpose()),
            Memory::Copy(_) => attempt().transpose().ok_or(Duration::ZERO),
        };
        copied.unwrap_or_else(|wait| {
            if !was_there {
                return Err("its newest frame is not in its slot".into());
            }
            let within = wait.as_millis();
            Err(format!("no copy of one frame within {within} ms: frames are published faster than they can be copied"))
        })
    }
}

impl Frame<'_> {
    /// Returns the number of its elements, at most the capacity.
    pub(crate) fn len(&self) -> Result<u64, String> {
        let Frames { places, .. } = self.frames;
        Ok(self.frames.word(places.frame(self.slot))?.min(places.capacity))
    }

    /// Copies its metadata.
    pub(crate) fn meta(&self) -> Result<Vec<u8>, String> {
        let mut bytes = Vec::new();
        self.meta_into(&mut bytes).map(|()| bytes)
    }

    /// Replaces the content of `to` by its metadata.
    pub(super) fn meta_into(&self, to: &mut Vec<u8>) -> Result<(), String> {
        let Frames { places, .. } = self.frames;
        self.bytes_into(places.meta(self.slot), places.meta_len, to)
    }

    /// Copies `count` elements, the first of which is `first`. There are so many within the capacity.
    pub(crate) fn elements(&self, first: u64, count: u64) -> Result<Vec<u8>, String> {
        let mut bytes = Vec::new();
        self.elements_into(first, count, &mut bytes).map(|()| bytes)
    }

    /// The same, to memory that is used again.
    pub(super) fn elements_into(&self, first: u64, count: u64, to: &mut Vec<u8>) -> Result<(), String> {
        let Frames { places, .. } = self.frames;
        let at = places.elements(self.slot) + first * places.element_size;
        self.bytes_into(at, length(count * places.element_size)?, to)
    }

    fn bytes_into(&self, at: u64, len: usize, to: &mut Vec<u8>) -> Result<(), String> {
        Ok(self.frames.memory.bytes_into(offset(self.frames.at, at)?, len, to)?)
    }
}
