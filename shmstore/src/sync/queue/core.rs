//! A queue of values of any type: the operations on its words, and the waits for items and for room.
//!
//! The typed queue copies values in and out of the slots that these operations name. It makes a core anew for each call,
//! from constants. The cold functions take it by value, so that it need not be in memory on the fast paths.

use std::cell::OnceCell;
use std::time::Duration;

use super::memory::{Consumers, Producers};
use super::protocol::{self, Place, Taken};
use super::word::{is_full, is_taken};
use crate::error::{Awaited, Busy, PartName, PopError, PushError, WaitError};
use crate::segment::this_process;
use crate::segment::this_process::registry::segment_at;
use crate::sync::atomics::Ordering::{Acquire, Relaxed};
use crate::sync::atomics::{AtomicU32, fence};
use crate::sync::backoff::{Left, Limit};
use crate::sync::copy::Unit;
use crate::sync::describe::PartRef;
use crate::sync::ring::Ring;
use crate::sync::side::{Held, Side, Sided};
use crate::sync::waiting::{Waitable, wait};
use crate::sys::failpoint::{self, Step};
use crate::sys::shm::Access;

/// One of so many deliveries looks for the items of dead processes.
const DELIVERIES_TO_REAP: u64 = 1024;

#[derive(Clone, Copy)]
pub(super) struct Core<'a> {
    pub(super) producers: &'a Producers,
    pub(super) consumers: &'a Consumers,
    pub(super) ring: Ring<'a>,
    pub(super) part: PartRef,
}

impl<'a> Core<'a> {
    /// Pushes up to `count` items, as many as have room, and waits for room for one. `fill` gets the number of an item,
    /// and the memory for it.
    #[inline(always)]
    pub(super) fn push(
        &self,
        limit: Limit,
        count: usize,
        mut fill: impl FnMut(usize, *mut Unit),
    ) -> Result<usize, PushError> {
        let mut left = Left::of(limit);
        loop {
            let held = self.lock(&self.producers.side, left.limit())?;
            let mut place = self.place_of_producers();
            let pushed = self.fill(&mut place, count, &mut fill);
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

    /// Pushes up to `count` items without waiting, and returns how many. The caller has the producers' lock.
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

    /// Waits until there may be room.
    #[cold]
    pub(super) fn wait_for_room(self, left: &mut Left) -> Result<(), PushError> {
        let capacity = self.ring.capacity();
        if left.limit() == Limit::Never {
            return Err(PushError::Full { queue: self.part.kind(), capacity, waited: Duration::ZERO });
        }
        wait(&Room(self), Access::ReadWrite, left.duration()).map_err(|error| match error {
            WaitError::Removed { awaited } => PushError::Removed { awaited },
            WaitError::AnchorLost { awaited, anchor } => PushError::AnchorLost { awaited, anchor },
            _ => PushError::Full { queue: self.part.name(), capacity, waited: left.waited() },
        })
    }

    /// Pops up to `count` items, as many as there are, and waits for one. `copy` gets the number of an item, and its
    /// memory.
    #[inline(always)]
    pub(super) fn pop(
        &self,
        limit: Limit,
        count: usize,
        mut copy: impl FnMut(usize, *const Unit),
    ) -> Result<usize, PopError> {
        let mut left = Left::of(limit);
        loop {
            let held = self.lock(&self.consumers.side, left.limit())?;
            let mut place = self.place_of_consumers();
            let popped = self.drain(&mut place, count, &mut copy);
            if popped > 0 || count == 0 {
                drop(held);
                self.reap_now_and_then(place, popped);
                return Ok(popped);
            }
            held.free_without_news();
            self.wait_for_item(&mut left)?;
        }
    }

    /// Pops up to `count` items without waiting, and returns how many. The caller has the consumers' lock.
    #[inline(always)]
    pub(super) fn drain(&self, place: &mut Place, count: usize, copy: &mut impl FnMut(usize, *const Unit)) -> usize {
        let (ring, delivery) = (self.ring, self.consumers.delivery());
        let mut popped = 0;
        while popped < count && delivery.pop(&ring, place, |index| copy(popped, ring.value(index).cast_const())) {
            popped += 1;
        }
        popped
    }

    /// Takes an item for this process, and waits for one. Returns the process's token, too.
    #[inline(always)]
    pub(super) fn take(&self, limit: Limit) -> Result<(Taken, u32), PopError> {
        let mut left = Left::of(limit);
        loop {
            let held = self.lock(&self.consumers.side, left.limit())?;
            let mut place = self.place_of_consumers();
            let token = held.token();
            let taken = self.consumers.delivery().take(&self.ring, &mut place, token);
            held.free_without_news();
            match taken {
                Some(taken) => {
                    self.reap_now_and_then(place, 1);
                    return Ok((taken, token));
                }
                None => self.wait_for_item(&mut left)?,
            }
        }
    }

    /// Returns the items of dead processes after one of many deliveries. `place` is that after the last one.
    #[inline(always)]
    pub(super) fn reap_now_and_then(&self, place: Place, deliveries: usize) {
        if place.position % DELIVERIES_TO_REAP < deliveries as u64 {
            self.reap();
        }
    }

    /// Waits until there may be an item. Returns the items of dead processes first.
    #[cold]
    pub(super) fn wait_for_item(self, left: &mut Left) -> Result<(), PopError> {
        if left.limit() == Limit::Never {
            let is_again = left.is_first() && self.reap();
            return if is_again { Ok(()) } else { Err(Self::empty(self.part.kind(), Duration::ZERO)) };
        }
        wait(&Items(self), Access::ReadWrite, left.duration()).map_err(|error| match error {
            WaitError::Removed { awaited } => PopError::Removed { awaited },
            WaitError::AnchorLost { awaited, anchor } => PopError::AnchorLost { awaited, anchor },
            _ => Self::empty(self.part.name(), left.waited()),
        })
    }

    fn empty(queue: PartName, waited: Duration) -> PopError {
        PopError::Empty { queue, waited }
    }

    /// Finishes an item. Returns `false` if it was taken from this process.
    #[inline]
    pub(super) fn finish(&self, taken: Taken) -> bool {
        let is_ours = protocol::finish(&self.ring, taken);
        if is_ours {
            failpoint::reach(Step::JobDone);
            self.consumers.side.wake_without_lock();
        }
        is_ours
    }

    /// Returns an item to the queue.
    #[cold]
    pub(super) fn give_back(self, taken: Taken) {
        if self.consumers.delivery().give_back(&self.ring, taken) {
            self.producers.side.wake_without_lock();
        }
    }

    /// Returns the items of dead processes to the queue. Returns `true` if there may be an item now.
    #[cold]
    fn reap(self) -> bool {
        let ours = this_process::token();
        // Looked up only if another process has an item, and each process is judged once.
        let segment = OnceCell::new();
        let mut judged = Vec::<(u32, bool)>::new();
        let is_dead = |token| {
            if token == ours {
                return false;
            }
            if let Some((_, is_dead)) = judged.iter().find(|(known, _)| *known == token) {
                return *is_dead;
            }
            let segment = segment.get_or_init(|| segment_at(self.part.address()));
            let is_dead = segment.as_ref().is_some_and(|segment| segment.token_is_dead(token));
            judged.push((token, is_dead));
            is_dead
        };
        let has_reaped = self.consumers.delivery().reap(&self.ring, is_dead);
        if has_reaped {
            self.producers.side.wake_without_lock();
        }
        has_reaped
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

    /// The number of items that were never delivered, at most the capacity.
    fn new_items(&self, cursor: u64) -> u64 {
        fence(Acquire);
        let new = self.producers.tail.load(Relaxed).wrapping_sub(cursor);
        if new as i64 <= 0 { 0 } else { new.min(self.ring.capacity()) }
    }

    /// The number of items that are taken and not finished.
    pub(super) fn outstanding(&self) -> u64 {
        let cursor = self.consumers.cursor.load(Relaxed);
        let unfinished = self.consumers.delivery().unfinished(self.ring, cursor);
        unfinished.filter(|(_, word)| is_taken(*word)).count() as u64
    }

    /// The places where items may wait, in the order of delivery. The item of a producer that died before it counted it
    /// may be at the cursor of a queue without items.
    pub(super) fn places(&self) -> impl Iterator<Item = Place> + use<'a> {
        let capacity = self.ring.capacity();
        let cursor = self.consumers.cursor.load(Relaxed);
        let returned = self.consumers.delivery().unfinished(self.ring, cursor).map(|(place, _)| place);
        returned.chain((0..self.new_items(cursor).max(1)).map(move |at| Place::of(cursor.wrapping_add(at), capacity)))
    }
}

/// Room for an item.
struct Room<'a>(Core<'a>);

impl Waitable for Room<'_> {
    type Change = ();
    type Word = AtomicU32;

    fn look(&self) -> Option<()> {
        protocol::has_room(&self.0.ring, &self.0.producers.tail).then_some(())
    }

    fn word(&self) -> &AtomicU32 {
        self.0.consumers.side.bell()
    }

    fn announce(&self, access: Access) -> Result<u32, ()> {
        Ok(self.0.consumers.side.announce(access))
    }

    fn slept(&self) {
        self.0.reap();
    }

    fn describe(&self) -> Awaited {
        Awaited::Room { queue: self.0.part.name() }
    }
}

/// An item.
struct Items<'a>(Core<'a>);

impl Waitable for Items<'_> {
    type Change = ();
    type Word = AtomicU32;

    fn look(&self) -> Option<()> {
        self.0.consumers.delivery().has_item(&self.0.ring).then_some(())
    }

    fn word(&self) -> &AtomicU32 {
        self.0.producers.side.bell()
    }

    fn announce(&self, access: Access) -> Result<u32, ()> {
        Ok(self.0.producers.side.announce(access))
    }

    fn slept(&self) {
        self.0.reap();
    }

    fn describe(&self) -> Awaited {
        Awaited::Item { queue: self.0.part.name() }
    }
}
