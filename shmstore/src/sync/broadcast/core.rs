//! The operations of a broadcast on its words and slots.
//!
//! # Safety
//!
//! As `broadcast.rs`.
#![allow(unsafe_code)]

use std::mem::MaybeUninit;
use std::ops::Range;
use std::time::{Duration, Instant};

use super::memory::Senders;
use super::protocol::{self, Place, Received, Slots, next_to_send, receive};
use super::wait::Sent;
use crate::error::{Busy, RecvError};
use crate::layout::ShmValue;
use crate::sync::atomics::Ordering::Acquire;
use crate::sync::backoff::{Left, Limit};
use crate::sync::describe::PartRef;
use crate::sync::ring::Ring;
use crate::sync::shape::{Shape, Typed};
use crate::sync::side::Held;
use crate::sync::waiting::wait_for;
use crate::sys::shm::Access;
use crate::value::bits;

/// The time limit for a copy of the newest item.
const TO_COPY: Duration = Duration::from_millis(100);

/// A broadcast of items of any shape.
#[derive(Clone, Copy)]
pub(super) struct CoreOf<'a, S> {
    pub(super) senders: &'a Senders,
    // INVARIANT: its items have the shape.
    pub(super) ring: Ring<'a>,
    pub(super) part: PartRef,
    shape: S,
}

/// A broadcast of items of a type of this program.
pub(super) type Core<'a, V> = CoreOf<'a, Typed<V>>;

impl<'a, S: Shape> CoreOf<'a, S> {
    /// # Safety
    ///
    /// The items of the ring have this shape.
    #[inline(always)]
    pub(super) unsafe fn new(senders: &'a Senders, ring: Ring<'a>, shape: S, part: PartRef) -> Self {
        Self { senders, ring, part, shape }
    }

    #[inline(always)]
    pub(super) fn lock(&self, limit: Limit) -> Result<Held<'a>, Busy> {
        let part = self.part;
        self.senders.side.lock(limit).map_err(|error| part.busy(error))
    }

    /// The place at the tail.
    #[inline(always)]
    pub(super) fn place(&self) -> Place {
        self.place_of(self.senders.tail.load(Acquire))
    }

    #[inline(always)]
    pub(super) fn place_of(&self, position: u64) -> Place {
        Place::of(position, Slots::capacity(&self.ring))
    }

    pub(super) fn next_to_send(&self) -> Place {
        next_to_send(&self.ring, &self.senders.tail)
    }

    /// Sends an item, and returns its number. The caller has the senders' lock.
    #[inline(always)]
    pub(super) fn send(&self, place: &mut Place, value: &S::Value) -> u64 {
        protocol::send(&self.ring, &self.senders.tail, place, |index| {
            let slot = self.ring.value(index);
            self.shape.prepare_copy_in(slot);
            // SAFETY: a slot of this shape, by the invariant of the ring.
            unsafe { self.shape.copy_in(value, slot) }
        })
    }

    /// Skips items, so that the next one has number `position`. Returns the number of the next one. The caller has the
    /// senders' lock.
    pub(super) fn skip_to(&self, position: u64) -> u64 {
        protocol::skip_to(&self.ring, &self.senders.tail, position)
    }

    /// Copies the item at a place. Never waits. All bytes of `value` are initialized if the item was there.
    #[inline(always)]
    fn try_copy(&self, place: &mut Place, value: &mut S::Buffer) -> Received {
        receive(&self.ring, &self.senders.tail, place, |index| {
            // SAFETY: a slot of this shape, by the invariant of the ring.
            unsafe { self.shape.copy_out(self.ring.value(index), value) }
        })
    }

    /// Copies the item at a place. Waits for it. All bytes of `value` are initialized if it succeeds.
    #[inline(always)]
    pub(super) fn receive_into(
        &self,
        place: &mut Place,
        access: Access,
        limit: Limit,
        value: &mut S::Buffer,
    ) -> Result<(), RecvError> {
        match self.try_copy(place, value) {
            Received::Item => Ok(()),
            Received::Lagged { missed } => Err(RecvError::Lagged { missed }),
            Received::NotYet => (*self).wait_and_copy(place, access, limit, value),
        }
    }

    /// Waits for the item at a place, and copies it. All bytes of `value` are initialized if it succeeds.
    #[cold]
    fn wait_and_copy(
        self,
        place: &mut Place,
        access: Access,
        limit: Limit,
        value: &mut S::Buffer,
    ) -> Result<(), RecvError> {
        let position = place.position;
        let mut left = Left::of(limit);
        loop {
            if limit == Limit::Never {
                return Err(RecvError::Empty { broadcast: self.part.kind(), position, waited: Duration::ZERO });
            }
            if left.is_over() {
                return Err(RecvError::Empty { broadcast: self.part.name(), position, waited: left.waited() });
            }
            let waited = wait_for(&Sent { core: self, place: *place, access }, left.duration());
            let empty = || RecvError::Empty { broadcast: self.part.name(), position, waited: left.waited() };
            waited.map_err(|error| RecvError::of_wait(error).unwrap_or_else(empty))?;
            match self.try_copy(place, value) {
                Received::Item => return Ok(()),
                Received::NotYet => {}
                Received::Lagged { missed } => return Err(RecvError::Lagged { missed }),
            }
        }
    }

    /// Copies the newest item, and returns its number. `None` if no item was sent, or if all that are still there were
    /// skipped. All bytes of `value` are initialized if there is one.
    pub(super) fn newest_into(&self, value: &mut S::Buffer) -> Result<Option<u64>, RecvError> {
        let (mut started, mut before) = (None, None);
        loop {
            let next = self.next_to_send().position;
            if next == 0 {
                return Ok(None);
            }
            // An item that was overwritten has later ones. If there is none, a peer has damaged the broadcast.
            if before.replace(next) == Some(next) {
                return self.newest_before_a_skip(next, value);
            }
            let position = next - 1;
            if self.try_copy(&mut self.place_of(position), value) == Received::Item {
                return Ok(Some(position));
            }
            if started.get_or_insert_with(Instant::now).elapsed() >= TO_COPY {
                return Err(RecvError::NeverWhole { broadcast: self.part.name() });
            }
        }
    }

    /// As [`newest_into`](Self::newest_into), if the item before `next` was skipped, or a peer has damaged the
    /// broadcast.
    #[cold]
    fn newest_before_a_skip(&self, next: u64, value: &mut S::Buffer) -> Result<Option<u64>, RecvError> {
        for position in (next.saturating_sub(Slots::capacity(&self.ring))..next).rev() {
            match self.try_copy(&mut self.place_of(position), value) {
                Received::Item => return Ok(Some(position)),
                Received::Lagged { .. } => {}
                // Every item before the next one was sent or skipped.
                Received::NotYet => return Err(RecvError::NeverWhole { broadcast: self.part.name() }),
            }
        }
        Ok(None)
    }
}

impl<V: ShmValue> Core<'_, V> {
    /// Sends items, calls `sent` after each, and returns their numbers. The caller has the senders' lock.
    #[inline(always)]
    pub(super) fn send_all(&self, place: &mut Place, values: &[V], mut sent: impl FnMut()) -> Range<u64> {
        let mut first = None;
        for value in values {
            first.get_or_insert(self.send(place, value));
            sent();
        }
        first.unwrap_or(place.position)..place.position
    }

    /// Receives the item at a place. Waits for it.
    #[inline(always)]
    pub(super) fn receive(&self, place: &mut Place, access: Access, limit: Limit) -> Result<V, RecvError> {
        let mut value = MaybeUninit::uninit();
        self.receive_into(place, access, limit, &mut value)?;
        // SAFETY: all bytes were copied.
        unsafe { bits::checked(value) }.map_err(RecvError::InvalidValue)
    }

    /// Returns the newest item and its number. `None` if no item was sent.
    pub(super) fn newest(&self) -> Result<Option<(u64, V)>, RecvError> {
        let mut value = MaybeUninit::uninit();
        let Some(position) = self.newest_into(&mut value)? else { return Ok(None) };
        // SAFETY: all bytes were copied.
        let value = unsafe { bits::checked(value) };
        value.map(|value| Some((position, value))).map_err(RecvError::InvalidValue)
    }
}
