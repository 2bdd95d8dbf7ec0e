//! The protocol of frames: how a slot is loaned, published, pinned and given back.
//!
//! A frame becomes visible by one store, of the word `newest`. Before that, it is private to the process whose token
//! stands in the word of its slot. A pin is a word with a token and a slot. No process writes a slot that a pin names.
//!
//! - A writer stores *writing* in the word of a slot, executes a full fence, and then looks at all pins. A reader
//!   stores its pin, executes a full fence, and then looks at the word. So at least one of them sees the other, and
//!   gives way.
//! - The slot of the newest frame is never loaned. So a reader always finds a frame.
//! - Writers loan and publish under one lock, so numbers have no gap, and each is given once.
//! - A process may be killed after the store of the word and before the store of the newest frame. The next process
//!   that has the lock stores it.
//! - A word with the token of a dead process is moved on by a compare-and-swap of exactly this word.
//!
//! Every store that a successor relies on is Release, because the compiler may exchange relaxed stores, and the process
//! may be killed between them.
//!
//! `pins.rs` has the readers' side. The loom models build both a second time, with loom's atomics.

use super::atomics::Ordering::{AcqRel, Acquire, Relaxed, Release};
use super::atomics::{AtomicU64, fence, fence_after_rmw};
use super::word::{self, FREE, FrameAt, next_number, number, publications, published, writer, writing};

/// The words of frames.
pub(super) trait FrameWords: Copy {
    /// The newest frame.
    fn newest(&self) -> &AtomicU64;

    /// A word for each slot.
    fn slots(&self) -> &[AtomicU64];

    /// The pins.
    fn pins(&self) -> &[AtomicU64];

    /// Called when an operation has reached this point. Tests kill the process here.
    fn reached(&self, _: Reached) {}
}

/// A point between two steps of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reached {
    /// A slot says that it is being written, and the pins are not looked at again yet.
    Claimed,
    /// No pin names the slot.
    Looked,
    /// The word of the slot says that the frame is published, and the newest frame is still another one.
    Word,
    /// The frame is the newest one.
    Newest,
    /// The pin is stored, and the word of the slot is not checked yet.
    PinStored,
    /// The pin is valid.
    PinValidated,
}

/// Returns the newest frame. Its number is 0 if there is none. What its writer has stored before is visible.
#[inline(always)]
pub(super) fn newest<W: FrameWords>(words: &W) -> FrameAt {
    FrameAt::of(load(words.newest()))
}

/// Loads a word, and makes visible what was stored before it. The memory may be mapped read-only, where a load must be
/// relaxed.
#[inline(always)]
pub(super) fn load(word: &AtomicU64) -> u64 {
    let now = word.load(Relaxed);
    fence(Acquire);
    now
}

/// Completes the publication of a process that died in it. Returns `true` if there was one. The caller has the lock.
#[inline(always)]
pub(super) fn recover<W: FrameWords>(words: &W) -> bool {
    let next = next_number(newest(words).number);
    match slot_of(words, next) {
        Some(slot) => {
            words.newest().store(FrameAt { number: next, slot }.word(), Release);
            true
        }
        None => false,
    }
}

/// Returns `true` if a process may have died in a publication. Only loads.
pub(super) fn is_half_published<W: FrameWords>(words: &W) -> bool {
    slot_of(words, next_number(newest(words).number)).is_some()
}

/// The slot with this frame.
#[inline(always)]
pub(super) fn slot_of<W: FrameWords>(words: &W, number: u64) -> Option<u64> {
    let wanted = published(number);
    words.slots().iter().position(|word| word.load(Relaxed) == wanted).map(|slot| slot as u64)
}

/// The outcome of an attempt to loan a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Loaned {
    pub(super) slot: Option<u64>,
    /// A slot said for a moment that it is being written. A writer that waits may have seen that, although the slot can
    /// be loaned by now.
    pub(super) has_backed_off: bool,
}

/// Loans the oldest slot that no pin names, to the process `token`. The caller has the lock.
#[inline(always)]
pub(super) fn loan<W: FrameWords>(words: &W, token: u32) -> Loaned {
    let newest = newest(words);
    let mut skipped = unusable_slots(words, newest);
    let mut has_backed_off = false;
    while let Some(slot) = oldest(words, newest.number, skipped) {
        let word = &words.slots()[slot as usize];
        let old = word.swap(writing(token), AcqRel);
        words.reached(Reached::Claimed);
        fence_after_rmw();
        if pinned_slots(words) >> slot & 1 == 0 {
            words.reached(Reached::Looked);
            return Loaned { slot: Some(slot), has_backed_off };
        }
        // A reader was faster, and may have seen the old word.
        word.store(old, Release);
        skipped |= 1 << slot;
        has_backed_off = true;
    }
    Loaned { slot: None, has_backed_off }
}

/// The slots that pins name, and that of the newest frame, a bit for each.
#[inline(always)]
fn unusable_slots<W: FrameWords>(words: &W, newest: FrameAt) -> u64 {
    pinned_slots(words) | if newest.number == 0 { 0 } else { 1 << newest.slot }
}

/// The slots that pins name, a bit for each.
#[inline(always)]
fn pinned_slots<W: FrameWords>(words: &W) -> u64 {
    // Most entries are not used. So eight of them are read at a time, and read once more if there is a pin.
    let in_slots = |slots, pin: &AtomicU64| slots | word::pinned_bit(pin.load(Relaxed));
    let lines = words.pins().chunks_exact(8);
    let mut pinned = lines.remainder().iter().fold(0, in_slots);
    for line in lines {
        if line.iter().fold(0, |pins, pin| pins | pin.load(Relaxed)) != 0 {
            pinned = line.iter().fold(pinned, in_slots);
        }
    }
    // What was read under a pin that is gone happened before the loan writes.
    fence(Acquire);
    pinned
}

/// The slot with the oldest frame, or without any, that is not skipped and that no process fills.
#[inline(always)]
fn oldest<W: FrameWords>(words: &W, newest: u64, skipped: u64) -> Option<u64> {
    let mut found = None;
    for (slot, word) in words.slots().iter().enumerate() {
        let word = word.load(Relaxed);
        let age = if word == FREE { u64::MAX } else { publications(number(word), newest) };
        if skipped >> slot & 1 == 0 && (word == FREE || number(word) != 0) && found.is_none_or(|(_, most)| age > most) {
            found = Some((slot as u64, age));
        }
    }
    found.map(|(slot, _)| slot)
}

/// Returns `true` if a slot can perhaps be loaned. Only loads.
pub(super) fn has_room<W: FrameWords>(words: &W) -> bool {
    let newest = newest(words);
    oldest(words, newest.number, unusable_slots(words, newest)).is_some()
}

/// Publishes the frame in a slot that the process `token` has loaned, and returns its number. `None` if the process no
/// longer has the slot. The caller has the lock, and has called [`recover`].
#[inline(always)]
pub(super) fn publish<W: FrameWords>(words: &W, token: u32, slot: u64) -> Option<u64> {
    let word = &words.slots()[slot as usize];
    if word.load(Relaxed) != writing(token) {
        return None;
    }
    let number = next_number(newest(words).number);
    word.store(published(number), Release);
    words.reached(Reached::Word);
    words.newest().store(FrameAt { number, slot }.word(), Release);
    words.reached(Reached::Newest);
    Some(number)
}

/// Gives a loaned slot back without a frame. Returns `false` if the process no longer has the slot.
#[inline(always)]
pub(super) fn give_back<W: FrameWords>(words: &W, token: u32, slot: u64) -> bool {
    words.slots()[slot as usize].compare_exchange(writing(token), FREE, AcqRel, Relaxed).is_ok()
}

/// Removes the pins and the loans of dead processes, without the lock. Returns `true` if there were any. Then the
/// caller must wake the writers that wait for a slot. A slot that becomes free may still have pins of other processes.
pub(super) fn reap<W: FrameWords>(words: &W, mut is_dead: impl FnMut(u32) -> bool) -> bool {
    let mut has_reaped = false;
    for pin in words.pins() {
        let now = pin.load(Relaxed);
        // No process has the token 0.
        if now != 0 && (word::reader(now) == 0 || is_dead(word::reader(now))) {
            has_reaped |= pin.compare_exchange(now, 0, AcqRel, Relaxed).is_ok();
        }
    }
    for slot in words.slots() {
        let now = slot.load(Relaxed);
        let is_garbage = now != FREE && number(now) == 0 && writer(now) == 0;
        if is_garbage || writer(now) != 0 && is_dead(writer(now)) {
            has_reaped |= slot.compare_exchange(now, FREE, AcqRel, Relaxed).is_ok();
        }
    }
    has_reaped
}
