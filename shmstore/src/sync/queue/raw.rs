//! A `Queue` of items of any type.
//!
//! # Safety
//!
//! As `raw.rs`.
#![allow(unsafe_code)]

use super::conditions::{FreeSlot, Items};
use super::core::Core;
use super::delivery::Taken;
use super::memory::Words;
use crate::error::{PartName, PopError, PushError};
use crate::layout::schema::Kind;
use crate::sync::backoff::Limit;
use crate::sync::raw::RawPart;
use crate::sync::ring::Ring;
use crate::sync::shape::{Bytes, Shape};
use crate::sync::untyped::RingOffsets;
use crate::sync::waiting::Condition;

#[derive(Clone, Copy)]
pub(crate) struct RawQueue<'a> {
    core: Core<'a>,
    shape: Bytes,
}

/// An item that this process has taken.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RawTaken {
    taken: Taken,
    token: u32,
}

impl<'a> RawPart<'a> {
    /// The queue. `None` if the part is none.
    pub(crate) fn queue(self) -> Option<RawQueue<'a>> {
        let &Kind::Queue { capacity, value } = self.schema().kind() else { return None };
        let at = RingOffsets::of_queue(value.size() as u64, value.align() as u64, capacity as u64)?;
        // SAFETY: the part is a `Queue`, which begins with these words.
        let Words { producers, consumers } = unsafe { self.words(0) };
        // SAFETY: the slots of the queue are at these offsets, mapped while `'a` lasts.
        let ring = unsafe { Ring::of(self.start(), &at, capacity as u64) };
        let core = Core { producers, consumers, ring, part: self.part() };
        Some(RawQueue { core, shape: Bytes::new(value.size(), value.align()) })
    }
}

impl<'a> RawQueue<'a> {
    pub(crate) fn push(self, bytes: &[u8], limit: Limit) -> Result<(), PushError> {
        // SAFETY: a slot of this queue, whose items have the shape.
        let fill = |_, slot| unsafe { self.shape.copy_in(bytes, slot) };
        self.core.push(limit, 1, fill).map(drop)
    }

    pub(crate) fn pop(self, bytes: &mut [u8], limit: Limit) -> Result<(), PopError> {
        // SAFETY: a slot of this queue, whose items have the shape.
        let copy = |_, slot| unsafe { self.shape.copy_out(slot, bytes) };
        self.core.pop(limit, 1, copy).map(drop)
    }

    /// Takes an item for this process, and copies it.
    pub(crate) fn take(self, bytes: &mut [u8], limit: Limit) -> Result<RawTaken, PopError> {
        let (taken, token) = self.core.take(limit)?;
        // SAFETY: a slot of this queue, whose items have the shape.
        unsafe { self.shape.copy_out(self.core.ring.value(taken.index), bytes) };
        Ok(RawTaken { taken, token })
    }

    /// Finishes an item. Returns `false` if this process no longer has it.
    pub(crate) fn finish(self, taken: RawTaken) -> bool {
        self.core.finish(taken.taken)
    }

    /// Brings an item back to the queue.
    pub(crate) fn give_back(self, taken: RawTaken) {
        self.core.give_back(taken.taken);
    }

    pub(crate) fn len(self) -> u64 {
        self.core.len()
    }

    pub(crate) fn outstanding(self) -> u64 {
        self.core.outstanding()
    }

    pub(crate) fn capacity(self) -> u64 {
        self.core.ring.capacity()
    }

    pub(crate) fn name(self) -> PartName {
        self.core.part.name()
    }

    /// The condition that there is an item.
    pub(crate) fn has_item(self) -> Condition<'a> {
        Items(self.core).sleeps_for()
    }

    /// The condition that there is a free slot.
    pub(crate) fn has_room(self) -> Condition<'a> {
        FreeSlot(self.core).sleeps_for()
    }

    pub(crate) fn reap(self) {
        self.core.reap();
    }
}

impl RawTaken {
    /// The token of the process that has the item.
    pub(crate) fn token(self) -> u32 {
        self.token
    }

    pub(crate) fn deliveries(self) -> u32 {
        self.taken.deliveries()
    }
}
