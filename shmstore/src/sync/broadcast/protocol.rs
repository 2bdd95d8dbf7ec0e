//! The protocol of a broadcast: how items are sent and received.
//!
//! Item k is in slot k mod N. The sequence number of the slot is 2k + 1 while the item is being written, and 2k + 2
//! once it is there. Items count from 0, so the zeros of a new object are slots without an item.
//!
//! `tail` is a lower bound of the number of sent items. A sender may be killed after it has published its item, and
//! before it has counted it. So every process that needs the number steps over the items that are there.
//!
//! The copy of another machine's broadcast [skips](skip_to) the items that it did not get. A slot then says that an
//! item of the next lap is being written, so all processes take the skipped item for an overwritten one. If a process
//! is killed in a skip, some slots say so of items far ahead. Every process steps over these slots, too. If all slots
//! are ahead of `tail`, the least item that a slot can take is the next one.
//!
//! Every store that a successor relies on is Release. The compiler may exchange relaxed stores, and the process may be
//! killed between them. The fences pair as in `seqlock.rs`.
//!
//! The loom models build this file a second time, with loom's atomics.

use super::atomics::Ordering::{Acquire, Relaxed, Release};
use super::atomics::{AtomicU64, fence};

/// The last position that the comparison of sequence numbers can tell from an earlier one. No item ever gets so far.
pub(crate) const LAST: u64 = (1 << 62) - 1;

/// The slots of a broadcast.
pub(super) trait Slots: Copy {
    /// The number of slots.
    fn capacity(&self) -> u64;

    /// The sequence number of a slot. The index is less than the capacity.
    fn sequence(&self, index: u64) -> &AtomicU64;

    /// Called when a send has reached this point. Tests kill the process here.
    fn reached(&self, _: Reached) {}
}

/// A point between two stores of a send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reached {
    /// The sequence number is odd, and nothing is copied.
    Odd,
    /// The item is copied, and the sequence number is still odd.
    Copied,
    /// The item is published, and `tail` does not count it yet.
    Sent,
    /// A slot says that its item is skipped, and `tail` does not count it yet.
    Skipped,
}

/// A position, with its slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) position: u64,
    pub(super) index: u64,
}

impl Place {
    #[inline(always)]
    pub(super) fn of(position: u64, capacity: u64) -> Self {
        Self { position, index: position % capacity }
    }

    #[inline(always)]
    fn next(self, capacity: u64) -> Self {
        let index = if self.index + 1 < capacity { self.index + 1 } else { 0 };
        Self { position: self.position.wrapping_add(1), index }
    }

    /// The sequence number of the slot once the item of this position is there.
    #[inline(always)]
    pub(super) fn there(self) -> u64 {
        self.position.wrapping_mul(2).wrapping_add(2)
    }
}

/// Sends an item at the tail, and returns its number. `fill` gets the index of the slot, and writes the item. The
/// caller has the senders' lock.
#[inline(always)]
pub(super) fn send<S: Slots>(slots: &S, tail: &AtomicU64, place: &mut Place, fill: impl FnOnce(u64)) -> u64 {
    let capacity = slots.capacity();
    for step in 0..=capacity {
        if !is_there(slots.sequence(place.index).load(Acquire), place.there()) {
            break;
        }
        *place = if step < capacity { place.next(capacity) } else { after_a_cut(slots, *place) };
        tail.store(place.position, Release);
    }
    let sent = *place;
    let sequence = slots.sequence(sent.index);
    sequence.store(sent.there().wrapping_sub(1), Release);
    slots.reached(Reached::Odd);
    fence(Release);
    fill(sent.index);
    slots.reached(Reached::Copied);
    sequence.store(sent.there(), Release);
    slots.reached(Reached::Sent);
    *place = sent.next(capacity);
    tail.store(place.position, Release);
    sent.position
}

/// Returns `true` if the sequence number of a slot says that an item was sent to it. The item may have been overwritten
/// since.
#[inline(always)]
fn is_there(sequence: u64, there: u64) -> bool {
    sequence.wrapping_sub(there) as i64 >= 0
}

/// Returns `true` if a slot is ahead of an item, which was skipped or overwritten.
fn is_skipped(sequence: u64, there: u64) -> bool {
    sequence != there && is_there(sequence, there)
}

/// Returns `true` if an item was sent to the slot with this sequence number, which is at least `there` from then on.
pub(super) fn was_sent(sequence: &AtomicU64, there: u64) -> bool {
    is_there(sequence.load(Relaxed), there)
}

/// The place of the next item to send. Its position is the number of sent items. Only loads.
pub(super) fn next_to_send<S: Slots>(slots: &S, tail: &AtomicU64) -> Place {
    let capacity = slots.capacity();
    let mut place = Place::of(tail.load(Relaxed), capacity);
    fence(Acquire);
    for step in 0..=capacity {
        if !is_there(slots.sequence(place.index).load(Relaxed), place.there()) {
            break;
        }
        place = if step < capacity { place.next(capacity) } else { after_a_cut(slots, place) };
    }
    fence(Acquire);
    place
}

/// The place of the next item to send if the slots are a whole lap ahead of `tail`: its process was killed in a skip,
/// or the others are fast. It is the least item that a slot can take.
#[cold]
fn after_a_cut<S: Slots>(slots: &S, place: Place) -> Place {
    let capacity = slots.capacity();
    let words = (0..capacity).map(|index| slots.sequence(index).load(Relaxed));
    let least = words.map(|word| next_in_slot(word, capacity)).min().unwrap_or(0);
    Place::of(least.max(place.position), capacity)
}

/// The number of the item that a slot with this sequence number can take: the one that is being written, or the one
/// after the item that is there.
pub(crate) fn next_in_slot(sequence: u64, capacity: u64) -> u64 {
    let half = sequence / 2;
    if sequence % 2 == 1 { half } else { half.wrapping_sub(1).wrapping_add(capacity) }
}

/// The largest position that [`skip_to`] takes. The slots then have sequence numbers of the next lap.
pub(crate) fn last_skip(capacity: u64) -> u64 {
    LAST - capacity
}

/// Skips items, so that the next one to send has number `position`. Returns the number of the next one, which is more
/// if that many were sent. The caller has the senders' lock.
pub(super) fn skip_to<S: Slots>(slots: &S, tail: &AtomicU64, position: u64) -> u64 {
    let capacity = slots.capacity();
    let next = next_to_send(slots, tail).position;
    if position <= next {
        return next;
    }
    for skipped in next.max(position.saturating_sub(capacity))..position {
        let next_lap = Place::of(skipped.wrapping_add(capacity), capacity);
        let being_written = next_lap.there().wrapping_sub(1);
        slots.sequence(next_lap.index).store(being_written, Release);
        slots.reached(Reached::Skipped);
    }
    tail.store(position, Release);
    position
}

/// The outcome of an attempt to receive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Received {
    /// The item was copied, and the position has moved to the next one.
    Item,
    /// The item was not sent yet.
    NotYet,
    /// The item was overwritten. The position has moved on, past `missed` items.
    Lagged { missed: u64 },
}

/// Copies the item at a place. `copy` gets the index of the slot. Only loads. Unless the outcome is [`Received::Item`],
/// the copied bytes mean nothing.
#[inline(always)]
pub(super) fn receive<S: Slots>(slots: &S, tail: &AtomicU64, place: &mut Place, copy: impl FnOnce(u64)) -> Received {
    let sequence = slots.sequence(place.index);
    let before = sequence.load(Relaxed);
    if before == place.there() {
        fence(Acquire);
        copy(place.index);
        fence(Acquire);
        if sequence.load(Relaxed) == before {
            *place = place.next(slots.capacity());
            return Received::Item;
        }
    } else if !is_there(before, place.there()) {
        return Received::NotYet;
    }
    lagged(*slots, tail, place)
}

/// How far behind the oldest item a subscriber goes on that lagged: a quarter of the slots, and two at least. With one,
/// a subscriber of few slots that is as fast as the sender may always come while the sender writes that very item.
pub(crate) const fn margin(capacity: u64) -> u64 {
    let margin = if capacity / 4 > 2 { capacity / 4 } else { 2 };
    if margin < capacity { margin } else { capacity - 1 }
}

/// Moves the position of an overwritten item past the oldest quarter of the slots, and past skipped items. The oldest
/// items are overwritten next, so from the oldest one a subscriber would lag again and again behind a fast sender.
#[cold]
fn lagged<S: Slots>(slots: S, tail: &AtomicU64, place: &mut Place) -> Received {
    let capacity = slots.capacity();
    let next = next_to_send(&slots, tail).position;
    // A skipped item may be newer than the oldest one.
    let oldest = next.saturating_sub(capacity);
    let is_behind = next >= capacity && place.position <= oldest;
    let wanted = if is_behind { oldest.saturating_add(margin(capacity)) } else { 0 };
    let missed = wanted.saturating_sub(place.position).max(1);
    let before = place.position;
    *place = Place::of(before.wrapping_add(missed), capacity);
    for _ in 0..capacity {
        let sequence = slots.sequence(place.index).load(Relaxed);
        if !is_skipped(sequence, place.there()) {
            break;
        }
        *place = place.next(capacity);
    }
    Received::Lagged { missed: place.position.wrapping_sub(before) }
}
