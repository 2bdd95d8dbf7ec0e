//! The protocol of a queue: how items come into slots and out of them.
//!
//! | slot of position p, lap L | meaning | next |
//! |---|---|---|
//! | free(L) | the item of p is not there yet | a producer copies it in, and stores full(L) |
//! | full(L) | the item waits | a pop copies it out, and stores free(L + 1). A take stores taken(L, T) |
//! | taken(L, T) | process T works on the item | `done` stores free(L + 1). If T gives up or is dead: full(L) again |
//! | free(L + 1) | the item is finished | the slot waits for the item of position p + N |
//!
//! Each change is one atomic store or compare-exchange. A process may be killed after any of them. So the positions
//! `tail` and `cursor` are lower bounds. A process that has the lock steps over slots that were already used.
//!
//! *Below the cursor* are items that were delivered. They are finished, taken, or full again. A return adds 1 to
//! `returned`. If `returned` differs from `scanned`, a consumer searches below the cursor for a returned item. If it
//! finds none, it stores in `scanned` the value of `returned` from before the search.
//!
//! Every store that a successor relies on is Release. The compiler may exchange relaxed stores, and the process may be
//! killed between them. `fence(Release)` before a copy is for a process that looks without a lock: it cannot take bytes
//! of the next item for bytes of this one.
//!
//! This file has the slots and the producers' side, and `delivery.rs` the consumers' side. The loom models build both a
//! second time, with loom's atomics.

use super::atomics::Ordering::{Acquire, Relaxed, Release};
use super::atomics::{AtomicU64, fence};
use super::word::{free, full, lap, lap_of, next_lap};

/// The slots of a queue.
pub(super) trait Slots: Copy {
    /// The number of slots.
    fn capacity(&self) -> u64;

    /// The word of a slot. The index is less than the capacity.
    fn word(&self, index: u64) -> &AtomicU64;

    /// Called when an operation has reached this point. Tests kill the process here.
    fn reached(&self, _: Reached) {}
}

/// A point between two stores of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reached {
    /// A push has copied its item, and the slot is not full yet.
    Copied,
    /// A push has published its item, and `tail` does not count it yet.
    Pushed,
    /// A pop has freed the slot, and `cursor` does not count it yet.
    Popped,
    /// The slot is taken, and `cursor` does not count it yet.
    Taken,
    /// The slot is full again, and `returned` does not count it yet.
    Returned,
}

/// A position, with its slot and its lap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) position: u64,
    pub(super) index: u64,
    pub(super) lap: u64,
}

impl Place {
    #[inline(always)]
    pub(super) fn of(position: u64, capacity: u64) -> Self {
        Self { position, index: position % capacity, lap: lap_of(position, capacity) }
    }

    #[inline(always)]
    pub(super) fn next(self, capacity: u64) -> Self {
        let position = self.position.wrapping_add(1);
        if self.index + 1 < capacity {
            Self { position, index: self.index + 1, lap: self.lap }
        } else {
            Self { position, index: 0, lap: next_lap(self.lap) }
        }
    }
}

/// The slot at the tail, as a producer finds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Room {
    Free,
    /// A producer that died has published an item there. The item may even be finished.
    Step,
    /// The queue is full, or damaged.
    None,
}

#[inline(always)]
fn room(word: u64, place: Place) -> Room {
    if word == free(place.lap) {
        Room::Free
    } else if lap(word) == place.lap || word == free(next_lap(place.lap)) {
        Room::Step
    } else {
        Room::None
    }
}

/// Pushes an item at the tail. `fill` gets the index of the slot, and writes the item. Returns `false` if there is no
/// room. The caller has the producers' lock.
#[inline(always)]
pub(super) fn push<S: Slots>(slots: &S, tail: &AtomicU64, place: &mut Place, fill: impl FnOnce(u64)) -> bool {
    if slots.word(place.index).load(Acquire) != free(place.lap) && !find_room(*slots, tail, place) {
        return false;
    }
    let word = slots.word(place.index);
    fence(Release);
    fill(place.index);
    slots.reached(Reached::Copied);
    word.store(full(place.lap), Release);
    slots.reached(Reached::Pushed);
    *place = place.next(slots.capacity());
    tail.store(place.position, Release);
    true
}

/// Steps over the items that dead producers have published and not counted. Returns `false` if there is no room.
///
/// `slots` is passed by value. A reference would keep the compiler from treating the caller's slots as constants.
#[cold]
fn find_room<S: Slots>(slots: S, tail: &AtomicU64, place: &mut Place) -> bool {
    for _ in 0..=slots.capacity() {
        match room(slots.word(place.index).load(Acquire), *place) {
            Room::Free => return true,
            Room::Step => {
                *place = place.next(slots.capacity());
                tail.store(place.position, Release);
            }
            Room::None => break,
        }
    }
    false
}

/// Returns the position after the last item, which may be one more than `tail` says. Without a lock.
pub(super) fn end<S: Slots>(slots: &S, tail: &AtomicU64) -> u64 {
    let place = Place::of(tail.load(Relaxed), slots.capacity());
    let is_behind = room(slots.word(place.index).load(Relaxed), place) == Room::Step;
    place.position.wrapping_add(u64::from(is_behind))
}

/// Returns `true` if a push may find room. Without a lock.
pub(super) fn has_room<S: Slots>(slots: &S, tail: &AtomicU64) -> bool {
    let place = Place::of(tail.load(Relaxed), slots.capacity());
    room(slots.word(place.index).load(Relaxed), place) != Room::None
}
