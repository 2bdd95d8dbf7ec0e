//! The protocol of a queue: how items come into slots and out of them.
//!
//! | slot at position p, lap L | what | next |
//! |---|---|---|
//! | free(L) | the item of p is not there yet | a producer copies it in, and stores full(L) |
//! | full(L) | the item waits | a consumer copies it out and stores free(L + 1), or stores taken(L, T) |
//! | taken(L, T) | process T works on the item | T stores free(L + 1). T gives up, or is dead: full(L) again |
//! | free(L + 1) | the item is finished | the slot is that of position p + N |
//!
//! Each of these is one atomic store or compare-exchange. A process may be killed after any of them. So the positions
//! `tail` and `cursor` are lower bounds, and each process that has a lock steps over slots that are further.
//!
//! *Below the cursor* are items that were delivered: finished, taken, or full again. A returned item is found there,
//! because its return was counted in `returned`. A consumer that finds none there notes the count in `scanned`.
//!
//! Every store that a successor relies on is Release, as the compiler may exchange relaxed stores, and a process is
//! killed between two instructions. `fence(Release)` before a copy keeps a process that looks without a lock from
//! taking the bytes of the next item for those of this one.
//!
//! The loom models build this file a second time, with loom's atomics.

use super::atomics::Ordering::{AcqRel, Acquire, Relaxed, Release};
use super::atomics::{AtomicU32, AtomicU64, fence};
use super::word::{deliveries, free, full, is_full, is_taken, lap, lap_of, next_lap, returned, taken_by, token};

/// The slots of a queue.
pub(super) trait Slots: Copy {
    /// The number of slots.
    fn capacity(&self) -> u64;

    /// The word of a slot. The index is less than the capacity.
    fn word(&self, index: u64) -> &AtomicU64;

    /// An operation has come so far. For tests that kill it there.
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
    lap: u64,
}

impl Place {
    #[inline(always)]
    pub(super) fn of(position: u64, capacity: u64) -> Self {
        Self { position, index: position % capacity, lap: lap_of(position, capacity) }
    }

    #[inline(always)]
    fn next(self, capacity: u64) -> Self {
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
    /// A producer that died has published its item there, which may even be finished.
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

/// Pushes an item at the tail, by `fill`, which gets the index of the slot. Returns `false` if there is no room. The
/// caller has the producers' lock.
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

/// Steps over the items that dead producers have published, and not counted. Returns `false` if there is no room.
///
/// The slots are a value, as the caller's are constants if no reference to them is passed on.
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

/// Returns `true` if a push may find room. Without a lock.
pub(super) fn has_room<S: Slots>(slots: &S, tail: &AtomicU64) -> bool {
    let place = Place::of(tail.load(Relaxed), slots.capacity());
    room(slots.word(place.index).load(Relaxed), place) != Room::None
}

/// The words of the consumers.
#[derive(Clone, Copy)]
pub(super) struct Delivery<'a> {
    /// How many items were returned.
    pub(super) returned: &'a AtomicU32,
    /// The count of returned items at which a consumer found none of them.
    pub(super) scanned: &'a AtomicU32,
    /// The next position to deliver.
    pub(super) cursor: &'a AtomicU64,
    /// All positions before it are finished. Only the start of a search.
    pub(super) head: &'a AtomicU64,
}

/// An item that waits.
#[derive(Clone, Copy)]
struct Found {
    place: Place,
    word: u64,
    is_below_cursor: bool,
}

/// An item that a process has taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Taken {
    pub(super) index: u64,
    word: u64,
}

impl Taken {
    /// How often the item was delivered, this time included. Stays at 7.
    pub(super) fn deliveries(&self) -> u32 {
        (deliveries(self.word) + 1).min(7)
    }
}

/// The slot at the cursor, as a consumer finds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Item {
    Full,
    /// A consumer that died has taken or finished the item, and has not counted that.
    Step,
    /// The queue is empty, or damaged.
    None,
}

#[inline(always)]
fn item(word: u64, place: Place) -> Item {
    if lap(word) == place.lap {
        if is_full(word) {
            Item::Full
        } else if is_taken(word) {
            Item::Step
        } else {
            Item::None
        }
    } else if lap(word) == next_lap(place.lap) {
        Item::Step
    } else {
        Item::None
    }
}

impl Delivery<'_> {
    /// Pops an item by `copy`, which gets the index of the slot. Returns `false` if the queue is empty. The caller has
    /// the consumers' lock.
    #[inline(always)]
    pub(super) fn pop<S: Slots>(&self, slots: &S, place: &mut Place, mut copy: impl FnMut(u64)) -> bool {
        if self.is_next(slots, *place) {
            copy(place.index);
            self.finish(slots, *place);
            self.step(slots, place);
        } else {
            let Some(found) = self.find(*slots, place) else { return false };
            copy(found.place.index);
            self.finish(slots, found.place);
            if !found.is_below_cursor {
                self.step(slots, place);
            }
        }
        true
    }

    /// Takes an item for the process `token`. `None` if the queue is empty. The caller has the consumers' lock, and
    /// may copy the item without it.
    #[inline(always)]
    pub(super) fn take<S: Slots>(&self, slots: &S, place: &mut Place, token: u32) -> Option<Taken> {
        let taken;
        if self.is_next(slots, *place) {
            taken = Taken { index: place.index, word: taken_by(full(place.lap), token) };
            self.mark(slots, taken);
            self.step(slots, place);
        } else {
            let found = self.find(*slots, place)?;
            taken = Taken { index: found.place.index, word: taken_by(found.word, token) };
            self.mark(slots, taken);
            if !found.is_below_cursor {
                self.step(slots, place);
            }
        }
        Some(taken)
    }

    /// Returns `true` if the item at the cursor is the next to deliver: it waits, and no item was returned.
    #[inline(always)]
    fn is_next<S: Slots>(&self, slots: &S, place: Place) -> bool {
        !self.has_returned() && slots.word(place.index).load(Acquire) == full(place.lap)
    }

    #[inline(always)]
    fn finish<S: Slots>(&self, slots: &S, place: Place) {
        slots.word(place.index).store(free(next_lap(place.lap)), Release);
        slots.reached(Reached::Popped);
    }

    #[inline(always)]
    fn mark<S: Slots>(&self, slots: &S, taken: Taken) {
        slots.word(taken.index).store(taken.word, Release);
        slots.reached(Reached::Taken);
    }

    #[inline(always)]
    fn step<S: Slots>(&self, slots: &S, place: &mut Place) {
        *place = place.next(slots.capacity());
        self.cursor.store(place.position, Release);
    }

    /// Finds the next item to deliver: a returned one first. `None` if the queue is empty.
    ///
    /// The slots are a value, as the caller's are constants if no reference to them is passed on.
    #[cold]
    fn find<S: Slots>(self, slots: S, place: &mut Place) -> Option<Found> {
        let counted = self.returned.load(Acquire);
        let mut found = None;
        if counted != self.scanned.load(Relaxed) {
            found = self.find_returned(&slots, place.position, counted);
        }
        found.or_else(|| self.find_item(&slots, place))
    }

    /// Steps over the items that dead consumers have taken or finished, and not counted. `None` if the queue is empty.
    fn find_item<S: Slots>(&self, slots: &S, place: &mut Place) -> Option<Found> {
        for _ in 0..=slots.capacity() {
            let word = slots.word(place.index).load(Acquire);
            match item(word, *place) {
                Item::Full => return Some(Found { place: *place, word, is_below_cursor: false }),
                Item::Step => self.step(slots, place),
                Item::None => break,
            }
        }
        None
    }

    /// Finds the oldest returned item. `counted` is the count of returned items before the search.
    fn find_returned<S: Slots>(&self, slots: &S, cursor: u64, counted: u32) -> Option<Found> {
        let mut first = cursor;
        let mut found = None;
        for (place, word) in self.unfinished(*slots, cursor) {
            first = first.min(place.position);
            if is_full(word) {
                found = Some(Found { place, word, is_below_cursor: true });
                break;
            }
        }
        self.move_head(first);
        if found.is_none() {
            self.scanned.store(counted, Release);
        }
        found
    }

    /// The items below the cursor that are not finished, oldest first. Only loads, and at most as many as there are
    /// slots.
    pub(super) fn unfinished<S: Slots>(&self, slots: S, cursor: u64) -> impl Iterator<Item = (Place, u64)> + use<S> {
        let capacity = slots.capacity();
        let start = self.head.load(Relaxed).min(cursor).max(cursor.saturating_sub(capacity));
        let mut place = Place::of(start, capacity);
        std::iter::from_fn(move || {
            while place.position < cursor {
                let here = place;
                place = place.next(capacity);
                let word = slots.word(here.index).load(Relaxed);
                if lap(word) == here.lap {
                    fence(Acquire);
                    return Some((here, word));
                }
            }
            None
        })
    }

    /// Returns the items of dead processes to the queue. Returns `true` if a consumer may find one now, which the
    /// caller then wakes. Without a lock.
    pub(super) fn reap<S: Slots>(&self, slots: &S, mut is_dead: impl FnMut(u32) -> bool) -> bool {
        let cursor = self.cursor.load(Acquire);
        let (mut first, mut has_reaped) = (cursor, false);
        for (place, word) in self.unfinished(*slots, cursor) {
            first = first.min(place.position);
            if is_taken(word) && is_dead(token(word)) {
                has_reaped |= self.give_back(slots, Taken { index: place.index, word });
            } else if is_full(word) && self.returned.load(Relaxed) == self.scanned.load(Relaxed) {
                // The process that returned it died before it counted that.
                self.returned.fetch_add(1, AcqRel);
                has_reaped = true;
            }
        }
        self.move_head(first);
        has_reaped
    }

    /// Notes that all positions before `first` are finished, which they stay.
    fn move_head(&self, first: u64) {
        if self.head.load(Relaxed) < first {
            self.head.fetch_max(first, Release);
        }
    }

    /// Returns an item to the queue, and counts that. Returns `false` if another process has done it. The caller then
    /// wakes the consumers.
    pub(super) fn give_back<S: Slots>(&self, slots: &S, taken: Taken) -> bool {
        let word = slots.word(taken.index);
        let is_back = word.compare_exchange(taken.word, returned(taken.word), AcqRel, Relaxed).is_ok();
        if is_back {
            slots.reached(Reached::Returned);
            self.returned.fetch_add(1, AcqRel);
        }
        is_back
    }

    /// Returns `true` if a consumer may find an item. Without a lock.
    pub(super) fn has_item<S: Slots>(&self, slots: &S) -> bool {
        let place = Place::of(self.cursor.load(Relaxed), slots.capacity());
        item(slots.word(place.index).load(Relaxed), place) != Item::None || self.has_returned()
    }

    /// Returns `true` if an item was returned, and no consumer has found that none is left.
    #[inline(always)]
    pub(super) fn has_returned(&self) -> bool {
        self.returned.load(Relaxed) != self.scanned.load(Relaxed)
    }
}

/// Finishes an item that this process has taken. Returns `false` if it was taken from it. The caller then wakes the
/// producers.
#[inline(always)]
pub(super) fn finish<S: Slots>(slots: &S, taken: Taken) -> bool {
    let finished = free(next_lap(lap(taken.word)));
    slots.word(taken.index).compare_exchange(taken.word, finished, AcqRel, Relaxed).is_ok()
}

/// Looks at the item of a slot, without a lock and by loads only. `copy` gets the index of the slot. Returns `false` if
/// there is no item that waits, or it went away meanwhile. Then the copied bytes mean nothing.
pub(super) fn look<S: Slots>(slots: &S, place: Place, copy: impl FnOnce(u64)) -> bool {
    let word = slots.word(place.index);
    let before = word.load(Relaxed);
    if lap(before) != place.lap || !is_full(before) {
        return false;
    }
    fence(Acquire);
    copy(place.index);
    fence(Acquire);
    word.load(Relaxed) == before
}
