//! A `Broadcast` of items of any type.
//!
//! # Safety
//!
//! As `raw.rs`.
#![allow(unsafe_code)]

use super::core::CoreOf;
use super::memory::Senders;
use super::protocol::{LAST, Place, last_skip};
use super::wait::Sent;
use crate::error::{Busy, PartName, RecvError};
use crate::layout::schema::Kind;
use crate::sync::backoff::{Left, Limit};
use crate::sync::raw::RawPart;
use crate::sync::ring::Ring;
use crate::sync::shape::Bytes;
use crate::sync::untyped::RingOffsets;
use crate::sync::waiting::Condition;
use crate::sys::shm::Access;

#[derive(Clone, Copy)]
pub(crate) struct RawBroadcast<'a>(CoreOf<'a, Bytes>);

/// The place of a subscriber.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RawPlace(Place);

impl RawPlace {
    pub(crate) fn position(self) -> u64 {
        self.0.position
    }
}

impl<'a> RawPart<'a> {
    /// The broadcast. `None` if the part is none.
    pub(crate) fn broadcast(self) -> Option<RawBroadcast<'a>> {
        let &Kind::Broadcast { capacity, value } = self.schema().kind() else { return None };
        let at = RingOffsets::of_broadcast(value.size() as u64, value.align() as u64, capacity as u64)?;
        // SAFETY: the part is a `Broadcast`, which begins with these words.
        let senders: &Senders = unsafe { self.words(0) };
        // SAFETY: the slots of the broadcast are at these offsets, mapped while `'a` lasts.
        let ring = unsafe { Ring::of(self.start(), &at, capacity as u64) };
        let shape = Bytes::new(value.size(), value.align());
        // SAFETY: the items have this shape.
        Some(RawBroadcast(unsafe { CoreOf::new(senders, ring, shape, self.part()) }))
    }
}

impl<'a> RawBroadcast<'a> {
    /// Sends an item, and returns its number.
    pub(crate) fn send(self, bytes: &[u8], limit: Limit) -> Result<u64, Busy> {
        let _held = self.0.senders.side.lock_within(&mut Left::of(limit), self.0.part)?;
        Ok(self.0.send(&mut self.0.place(), bytes))
    }

    /// Skips items, so that the next one has number `position`. Returns the number of the next one. The position is at
    /// most [`last_skip`](Self::last_skip).
    pub(crate) fn skip_to(self, position: u64, limit: Limit) -> Result<u64, Busy> {
        let _held = self.0.senders.side.lock_within(&mut Left::of(limit), self.0.part)?;
        Ok(self.0.skip_to(position))
    }

    /// The largest position that can be skipped to.
    pub(crate) fn last_skip(self) -> u64 {
        last_skip(self.0.ring.capacity())
    }

    /// The number of items that were sent.
    pub(crate) fn sent(self) -> u64 {
        self.0.next_to_send().position
    }

    /// The place of a subscriber that begins with the item of this number.
    pub(crate) fn place_of(self, position: u64) -> RawPlace {
        RawPlace(self.0.place_of(position.min(LAST)))
    }

    pub(crate) fn receive(self, place: &mut RawPlace, bytes: &mut [u8], limit: Limit) -> Result<(), RecvError> {
        self.0.receive_into(&mut place.0, Access::ReadWrite, limit, bytes)
    }

    /// Copies the newest item, and returns its number. `None` if no item was sent.
    pub(crate) fn newest(self, bytes: &mut [u8]) -> Result<Option<u64>, RecvError> {
        self.0.newest_into(bytes)
    }

    /// The condition that the item at a place was sent.
    pub(crate) fn is_sent(self, place: RawPlace) -> Condition<'a> {
        Sent { core: self.0, place: place.0, access: Access::ReadWrite }.sleeps_for()
    }

    pub(crate) fn name(self) -> PartName {
        self.0.part.name()
    }
}
