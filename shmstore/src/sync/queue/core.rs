//! A queue of values of any type: the operations on its words, and the waits for items and for free slots.
//!
//! The typed queue copies values in and out of the slots that these operations name. It makes a new core for each call,
//! from constants. The cold functions take the core by value, so that the fast paths need not have it in memory.

use std::time::Duration;

use super::conditions::{FreeSlot, Items};
use super::delivery::{Taken, finish, look};
use super::memory::{Consumers, Producers};
use super::protocol::{self, Place};
use super::word::{is_full, is_taken};
use crate::error::{Busy, PartName, PopError, PushError};
use crate::sync::atomics::Ordering::{Acquire, Relaxed, Release};
use crate::sync::atomics::{AtomicU64, fence};
use crate::sync::backoff::{Left, Limit};
use crate::sync::copy::Unit;
use crate::sync::describe::PartRef;
use crate::sync::ring::Ring;
use crate::sync::side::{Held, Side};
use crate::sync::waiting::wait_for;
use crate::sys::failpoint::{self, Step};

#[derive(Clone, Copy)]
pub(super) struct Core<'a> {
    pub(super) producers: &'a Producers,
    pub(super) consumers: &'a Consumers,
    pub(super) ring: Ring<'a>,
    pub(super) part: PartRef,
}

impl<'a> Core<'a> {
    /// Pushes as many of `count` items as there are free slots, and waits for one slot. `fill` gets the index of an
    /// item, and the memory for it.
    #[inline(always)]
    pub(super) fn push(
        &self,
        limit: Limit,
        count: usize,
        mut fill: impl FnMut(usize, *mut Unit),
    ) -> Result<usize, PushError> {
        let mut left = Left::of(limit);
        loop {
            let held = self.producers.side.lock_within(&mut left, self.part)?;
            let pushed = self.fill(&mut self.place_of_producers(), count, &mut fill);
            if pushed > 0 || count == 0 {
                return Ok(pushed);
            }
            held.free_without_news();
            self.wait_for_room(&mut left)?;
        }
    }

    #[inline(always)]
    pub(super) fn lock(&self, side: &'a Side, limit: Limit) -> Result<Held<'a>, Busy> {
        let part = self.part;
        side.lock(limit).map_err(|error| part.busy(error))
    }

    #[inline(always)]
    pub(super) fn place_of_producers(&self) -> Place {
        Place::of(self.producers.tail.load(Acquire), self.ring.capacity())
    }

    #[inline(always)]
    pub(super) fn place_of_consumers(&self) -> Place {
        Place::of(self.consumers.cursor.load(Acquire), self.ring.capacity())
    }

    /// Pushes up to `count` items without waiting, and returns their number. The caller has the producers' lock.
    #[inline(always)]
    pub(super) fn fill(&self, place: &mut Place, count: usize, fill: &mut impl FnMut(usize, *mut Unit)) -> usize {
        let ring = self.ring;
        let mut pushed = 0;
        while pushed < count
            && protocol::push(&ring, &self.producers.tail, place, |index| fill(pushed, ring.value(index)))
        {
            pushed += 1;
        }
        pushed
    }

    /// Waits until a slot may be free.
    #[cold]
    pub(super) fn wait_for_room(self, left: &mut Left) -> Result<(), PushError> {
        let capacity = self.ring.capacity();
        if left.limit() == Limit::Never {
            return Err(PushError::Full { queue: self.part.kind(), capacity, waited: Duration::ZERO });
        }
        if left.is_over() {
            return Err(PushError::Full { queue: self.part.name(), capacity, waited: left.waited() });
        }
        let waited = wait_for(&FreeSlot(self), left.duration());
        let full = || PushError::Full { queue: self.part.name(), capacity, waited: left.waited() };
        waited.map_err(|error| PushError::of_wait(error).unwrap_or_else(full))
    }

    /// Waits until the slot may be free at the place of an exclusive producer.
    #[cold]
    pub(super) fn wait_for_room_at(self, place: Place, left: &mut Left) -> Result<(), PushError> {
        keep(&self.producers.tail, place);
        self.wait_for_room(left)
    }

    /// Pops as many items as wait, up to `count`, and waits for one. `copy` gets the index of an item, and its memory.
    #[inline(always)]
    pub(super) fn pop(
        &self,
        limit: Limit,
        count: usize,
        mut copy: impl FnMut(usize, *const Unit),
    ) -> Result<usize, PopError> {
        let mut left = Left::of(limit);
        loop {
            let held = self.consumers.side.lock_within(&mut left, self.part)?;
            let mut place = self.place_of_consumers();
            let popped = self.drain(&mut place, count, &mut copy);
            if popped > 0 || count == 0 {
                drop(held);
                self.reap_if_due(place);
                return Ok(popped);
            }
            held.free_without_news();
            self.wait_for_item(&mut left)?;
        }
    }

    /// Pops up to `count` items without waiting, and returns their number. The caller has the consumers' lock.
    #[inline(always)]
    pub(super) fn drain(&self, place: &mut Place, count: usize, copy: &mut impl FnMut(usize, *const Unit)) -> usize {
        let (ring, delivery) = (self.ring, self.consumers.delivery());
        let mut popped = 0;
        while popped < count && delivery.pop(&ring, place, |index| copy(popped, ring.value(index).cast_const())) {
            popped += 1;
        }
        popped
    }

    /// Takes an item for this process, and waits for one. Also returns the process's token.
    #[inline(always)]
    pub(super) fn take(&self, limit: Limit) -> Result<(Taken, u32), PopError> {
        let mut left = Left::of(limit);
        loop {
            let held = self.consumers.side.lock_within(&mut left, self.part)?;
            let (mut place, token) = (self.place_of_consumers(), held.token());
            let taken = self.consumers.delivery().take(&self.ring, &mut place, token);
            held.free_without_news();
            if let Some(taken) = taken {
                self.reap_if_due(place);
                return Ok((taken, token));
            }
            self.wait_for_item(&mut left)?;
        }
    }

    /// Waits until there may be an item. A call that never waits reaps once instead.
    #[cold]
    pub(super) fn wait_for_item(self, left: &mut Left) -> Result<(), PopError> {
        if left.limit() == Limit::Never {
            let is_again = left.is_first() && self.reap();
            return if is_again { Ok(()) } else { Err(Self::empty(self.part.kind(), Duration::ZERO)) };
        }
        if left.is_over() {
            return Err(Self::empty(self.part.name(), left.waited()));
        }
        let waited = wait_for(&Items(self), left.duration());
        let empty = || Self::empty(self.part.name(), left.waited());
        waited.map_err(|error| PopError::of_wait(error).unwrap_or_else(empty))
    }

    /// Waits until there may be an item at the place of an exclusive consumer, or a returned one.
    #[cold]
    pub(super) fn wait_for_item_at(self, place: Place, left: &mut Left) -> Result<(), PopError> {
        keep(&self.consumers.cursor, place);
        self.wait_for_item(left)
    }

    fn empty(queue: PartName, waited: Duration) -> PopError {
        PopError::Empty { queue, waited }
    }

    /// Finishes an item, and wakes the producers. Returns `false` if this process no longer has the item.
    #[inline]
    pub(super) fn finish(&self, taken: Taken) -> bool {
        let is_ours = finish(&self.ring, taken);
        if is_ours {
            failpoint::reach(Step::JobDone);
            self.consumers.side.wake_without_lock();
        }
        is_ours
    }

    /// Brings an item back to the queue, and wakes the consumers.
    #[cold]
    pub(super) fn give_back(self, taken: Taken) {
        if self.consumers.delivery().give_back(&self.ring, taken) {
            self.producers.side.wake_without_lock();
        }
    }

    /// The number of items that wait.
    pub(super) fn len(&self) -> u64 {
        let cursor = self.consumers.cursor.load(Relaxed);
        let delivery = self.consumers.delivery();
        let returned = if delivery.has_returned() {
            delivery.unfinished(self.ring, cursor).filter(|(_, word)| is_full(*word)).count() as u64
        } else {
            0
        };
        (self.new_items(cursor) + returned).min(self.ring.capacity())
    }

    /// The number of items from the cursor on, at most the capacity.
    fn new_items(&self, cursor: u64) -> u64 {
        fence(Acquire);
        let new = protocol::end(&self.ring, &self.producers.tail).wrapping_sub(cursor);
        if new as i64 <= 0 { 0 } else { new.min(self.ring.capacity()) }
    }

    /// The number of items that are taken and not finished.
    pub(super) fn outstanding(&self) -> u64 {
        let cursor = self.consumers.cursor.load(Relaxed);
        let unfinished = self.consumers.delivery().unfinished(self.ring, cursor);
        unfinished.filter(|(_, word)| is_taken(*word)).count() as u64
    }

    /// Returns `true` if no item waits.
    pub(super) fn is_empty(&self) -> bool {
        // If items are pushed and popped beside the search, it may miss them all. So it counts only if both positions
        // stay. If they move in two searches, an item has waited during this call.
        for _ in 0..2 {
            let (cursor, new) = self.positions();
            if self.places_of(cursor, new).any(|place| look(&self.ring, place, |_| {})) {
                return false;
            }
            fence(Acquire);
            if (cursor, new) == self.positions() {
                return true;
            }
        }
        false
    }

    /// The cursor, and the number of items from there on.
    fn positions(&self) -> (u64, u64) {
        let cursor = self.consumers.cursor.load(Relaxed);
        (cursor, self.new_items(cursor))
    }

    /// The places where items may wait, in the order of delivery.
    pub(super) fn places(&self) -> impl Iterator<Item = Place> + use<'a> {
        let (cursor, new) = self.positions();
        self.places_of(cursor, new)
    }

    fn places_of(&self, cursor: u64, new: u64) -> impl Iterator<Item = Place> + use<'a> {
        let capacity = self.ring.capacity();
        let returned = self.consumers.delivery().unfinished(self.ring, cursor).map(|(place, _)| place);
        returned.chain((0..new).map(move |at| Place::of(cursor.wrapping_add(at), capacity)))
    }
}

/// Sees to it that a wait looks where an exclusive holder does. A peer that breaks the protocol may have changed the
/// position.
fn keep(position: &AtomicU64, place: Place) {
    if position.load(Relaxed) != place.position {
        position.store(place.position, Release);
    }
}
