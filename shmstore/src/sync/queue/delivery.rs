//! The consumers' side of the protocol: see `protocol.rs`.
//!
//! The loom models build this file a second time, with loom's atomics.

use super::atomics::Ordering::{AcqRel, Acquire, Relaxed, Release};
use super::atomics::{AtomicU32, AtomicU64, fence};
use super::protocol::{Place, Reached, Slots};
use super::word::{deliveries, free, full, is_full, is_taken, lap, next_lap, returned, taken_by, token};

/// The words of the consumers.
#[derive(Clone, Copy)]
pub(super) struct Delivery<'a> {
    /// How many items were returned.
    pub(super) returned: &'a AtomicU32,
    /// The value of `returned` before the last search that found no returned item.
    pub(super) scanned: &'a AtomicU32,
    /// The next position to deliver.
    pub(super) cursor: &'a AtomicU64,
    /// All positions before it are finished. It only says where a search begins.
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
    /// How often the item was delivered, this time included. Counts up to 7.
    pub(super) fn deliveries(&self) -> u32 {
        (deliveries(self.word) + 1).min(7)
    }
}

/// The slot at the cursor, as a consumer finds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Item {
    Full,
    /// A consumer that died has taken or finished the item, and not moved the cursor.
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
    /// Pops an item. `copy` gets the index of the slot, and reads the item. Returns `false` if the queue is empty. The
    /// caller has the consumers' lock.
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
            self.step_unless(found.is_below_cursor, slots, place);
        }
        true
    }

    /// Takes an item for the process `token`. Returns `None` if the queue is empty. The caller has the consumers' lock,
    /// and may free it before it copies the item.
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
            self.step_unless(found.is_below_cursor, slots, place);
        }
        Some(taken)
    }

    /// Returns `true` if the item at the cursor waits, and no returned item comes before it.
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

    /// Counts a delivered item, unless it was counted before it was returned.
    #[inline(always)]
    fn step_unless<S: Slots>(&self, is_below_cursor: bool, slots: &S, place: &mut Place) {
        if !is_below_cursor {
            self.step(slots, place);
        }
    }

    #[inline(always)]
    fn step<S: Slots>(&self, slots: &S, place: &mut Place) {
        *place = place.next(slots.capacity());
        self.cursor.store(place.position, Release);
    }

    /// Finds the next item to deliver, a returned one first. Returns `None` if the queue is empty.
    ///
    /// `slots` is passed by value, as in [`find_room`].
    #[cold]
    fn find<S: Slots>(self, slots: S, place: &mut Place) -> Option<Found> {
        let counted = self.returned.load(Acquire);
        let mut found = None;
        if counted != self.scanned.load(Relaxed) {
            found = self.find_returned(&slots, place.position, counted);
        }
        found.or_else(|| self.find_item(&slots, place))
    }

    /// Finds the next item from the cursor on. Steps over items that dead consumers have taken or finished without
    /// moving the cursor. Returns `None` if there is none.
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

    /// Finds the oldest returned item. `counted` is the value of `returned` before the search.
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

    /// The items below the cursor that are not finished, oldest first, at most as many as there are slots. Only loads.
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

    /// Brings the items of dead processes back to the queue, without a lock. Returns `true` if a consumer may find one
    /// now. Then the caller must wake the consumers.
    pub(super) fn reap<S: Slots>(&self, slots: &S, mut is_dead: impl FnMut(u32) -> bool) -> bool {
        let cursor = self.cursor.load(Acquire);
        let (mut first, mut has_reaped) = (cursor, false);
        for (place, word) in self.unfinished(*slots, cursor) {
            first = first.min(place.position);
            if is_taken(word) && is_dead(token(word)) {
                has_reaped |= self.give_back(slots, Taken { index: place.index, word });
            } else if is_full(word) && self.returned.load(Relaxed) == self.scanned.load(Relaxed) {
                // The process that returned the item died before it added 1 to `returned`.
                self.returned.fetch_add(1, AcqRel);
                has_reaped = true;
            }
        }
        self.move_head(first);
        has_reaped
    }

    /// Returns `true` if an item before `position` is not finished: a process has it, or it was returned. Moves `head`,
    /// so that this takes few loads if it is asked after each delivery. Without a lock.
    #[inline(always)]
    pub(super) fn has_older<S: Slots>(&self, slots: &S, position: u64) -> bool {
        let head = self.head.load(Relaxed);
        if head == position {
            return false;
        }
        let place = Place::of(head, slots.capacity());
        if head.wrapping_add(1) == position && lap(slots.word(place.index).load(Relaxed)) != place.lap {
            // It may lower what another process has stored just now. A search then begins with finished items.
            self.head.store(position, Release);
            return false;
        }
        self.has_unfinished(*slots, position)
    }

    #[cold]
    fn has_unfinished<S: Slots>(self, slots: S, position: u64) -> bool {
        let first = self.unfinished(slots, position).next().map_or(position, |(place, _)| place.position);
        self.move_head(first);
        first < position
    }

    /// Notes that all positions before `first` are finished. They stay finished.
    fn move_head(&self, first: u64) {
        if self.head.load(Relaxed) < first {
            self.head.fetch_max(first, Release);
        }
    }

    /// Brings an item back to the queue, and counts its return. Returns `true` if this call did it. Then the caller
    /// must wake the consumers.
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

    /// Returns `true` if an item was returned since the last search that found none.
    #[inline(always)]
    pub(super) fn has_returned(&self) -> bool {
        self.returned.load(Relaxed) != self.scanned.load(Relaxed)
    }
}

/// Finishes an item that this process has taken. Returns `false` if the process no longer has it. After `true`, the
/// caller must wake the producers.
#[inline(always)]
pub(super) fn finish<S: Slots>(slots: &S, taken: Taken) -> bool {
    let finished = free(next_lap(lap(taken.word)));
    slots.word(taken.index).compare_exchange(taken.word, finished, AcqRel, Relaxed).is_ok()
}

/// Copies the waiting item of a slot, without a lock and by loads only. `copy` gets the index of the slot. Returns
/// `false` if no item waits there, or if it was taken meanwhile. Then the copied bytes mean nothing.
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
