//! The operations of a broadcast on its words and slots.
//!
//! # Safety
//!
//! As `broadcast.rs`.
#![allow(unsafe_code)]

use std::marker::PhantomData;
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
use crate::sync::copy::{copy_in, copy_out, prepare_copy_in};
use crate::sync::describe::PartRef;
use crate::sync::ring::Ring;
use crate::sync::side::Held;
use crate::sync::waiting::wait_for;
use crate::sys::shm::Access;
use crate::value::bits;

/// The time limit for a copy of the newest item.
const TO_COPY: Duration = Duration::from_millis(100);

pub(super) struct Core<'a, V> {
    pub(super) senders: &'a Senders,
    pub(super) ring: Ring<'a>,
    pub(super) part: PartRef,
    _value: PhantomData<V>,
}

impl<V> Clone for Core<'_, V> {
    #[inline(always)]
    fn clone(&self) -> Self {
        *self
    }
}

impl<V> Copy for Core<'_, V> {}

impl<'a, V: ShmValue> Core<'a, V> {
    #[inline(always)]
    pub(super) fn new(senders: &'a Senders, ring: Ring<'a>, part: PartRef) -> Self {
        Self { senders, ring, part, _value: PhantomData }
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

    /// Sends items, and returns their numbers. The caller has the senders' lock.
    #[inline(always)]
    pub(super) fn send(&self, place: &mut Place, values: &[V]) -> Range<u64> {
        let mut first = None;
        for value in values {
            let position = protocol::send(&self.ring, &self.senders.tail, place, |index| {
                let slot = self.ring.value(index);
                prepare_copy_in::<V>(slot);
                // SAFETY: a slot of this broadcast, aligned, a whole number of units. `value` is a V, which has no
                // padding.
                unsafe { copy_in(value, slot) }
            });
            first.get_or_insert(position);
        }
        first.unwrap_or(place.position)..place.position
    }

    /// Copies the item at a place. Never waits. All bytes of `value` are initialized if the item was there.
    #[inline(always)]
    fn try_copy(&self, place: &mut Place, value: &mut MaybeUninit<V>) -> Received {
        receive(&self.ring, &self.senders.tail, place, |index| {
            // SAFETY: a slot of this broadcast, aligned, a whole number of units. `value` has room for a V.
            unsafe { copy_out(self.ring.value(index), value.as_mut_ptr()) }
        })
    }

    /// Receives the item at a place. Waits for it.
    #[inline(always)]
    pub(super) fn receive(&self, place: &mut Place, access: Access, limit: Limit) -> Result<V, RecvError> {
        let mut value = MaybeUninit::uninit();
        match self.try_copy(place, &mut value) {
            Received::Item => {}
            Received::Lagged { missed } => return Err(RecvError::Lagged { missed }),
            Received::NotYet => self.wait_and_copy(place, access, limit, &mut value)?,
        }
        // SAFETY: all bytes were copied.
        unsafe { bits::checked(value) }.map_err(RecvError::InvalidValue)
    }

    /// Waits for the item at a place, and copies it. All bytes of `value` are initialized if it succeeds.
    #[cold]
    fn wait_and_copy(
        self,
        place: &mut Place,
        access: Access,
        limit: Limit,
        value: &mut MaybeUninit<V>,
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

    /// Returns the newest item and its number.
    pub(super) fn newest(&self) -> Result<Option<(u64, V)>, RecvError> {
        let (mut started, mut before) = (None, None);
        loop {
            let next = self.next_to_send().position;
            if next == 0 {
                return Ok(None);
            }
            // An item that was overwritten has later ones. If there is none, a peer has damaged the broadcast.
            if before.replace(next) == Some(next) {
                return Err(RecvError::NeverWhole { broadcast: self.part.name() });
            }
            let position = next - 1;
            let mut value = MaybeUninit::uninit();
            if self.try_copy(&mut self.place_of(position), &mut value) == Received::Item {
                // SAFETY: all bytes were copied.
                let value = unsafe { bits::checked(value) };
                return value.map(|value| Some((position, value))).map_err(RecvError::InvalidValue);
            }
            if started.get_or_insert_with(Instant::now).elapsed() >= TO_COPY {
                return Err(RecvError::NeverWhole { broadcast: self.part.name() });
            }
        }
    }
}
