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
//! The loom models build this file a second time, with loom's atomics.

use super::atomics::Ordering::{AcqRel, Acquire, Relaxed, Release};
use super::atomics::{AtomicU64, fence, fence_after_rmw};
use super::word::{self, FREE, FrameAt, next_number, number, publications, published, writer, writing};

/// The most attempts of a reader to pin the newest frame without the lock.
const ATTEMPTS: u32 = 16;

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

/// A pin of this process, on a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pin {
    pub(super) token: u32,
    pub(super) frame: FrameAt,
    entry: usize,
}

impl Pin {
    fn word(&self) -> u64 {
        word::pin(self.token, self.frame.slot)
    }
}

/// The outcome of an attempt to pin a frame. All but the first one may come after a pin was on a slot for a moment. A
/// writer that waits for a slot may have seen it there, so the caller must wake the writers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pinning {
    Pinned(Pin),
    /// As [`Pinned`](Self::Pinned), but the pin was on other slots before.
    Moved(Pin),
    /// There is no such frame, or no longer.
    NoFrame,
    /// All entries for pins are used.
    Full,
    /// The frame was replaced at each attempt, or the words are damaged.
    Disturbed,
}

/// Returns the newest frame. Its number is 0 if there is none. What its writer has stored before is visible.
#[inline(always)]
pub(super) fn newest<W: FrameWords>(words: &W) -> FrameAt {
    FrameAt::of(load(words.newest()))
}

/// Loads a word, and makes visible what was stored before it. The memory may be mapped read-only, where a load must be
/// relaxed.
#[inline(always)]
fn load(word: &AtomicU64) -> u64 {
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
fn slot_of<W: FrameWords>(words: &W, number: u64) -> Option<u64> {
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
    let mut skipped = pinned_slots(words) | if newest.number == 0 { 0 } else { 1 << newest.slot };
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
    let skipped = pinned_slots(words) | if newest.number == 0 { 0 } else { 1 << newest.slot };
    oldest(words, newest.number, skipped).is_some()
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

/// Pins the newest frame for the process `token`.
#[inline(always)]
pub(super) fn pin_newest<W: FrameWords>(words: &W, token: u32) -> Pinning {
    let now = newest(words);
    if now.number == 0 {
        return Pinning::NoFrame;
    }
    let Some(entry) = take_entry(words, token, now.slot) else { return Pinning::Full };
    let pin = Pin { token, frame: now, entry };
    if is_valid(words, pin) { Pinning::Pinned(pin) } else { pin_next(*words, pin) }
}

/// Moves a pin to the newest frame, again and again, until it is valid.
#[cold]
fn pin_next<W: FrameWords>(words: W, mut pin: Pin) -> Pinning {
    for _ in 1..ATTEMPTS {
        let now = newest(&words);
        if !move_pin(&words, &mut pin, now) {
            return Pinning::Disturbed;
        }
        if is_valid(&words, pin) {
            return Pinning::Moved(pin);
        }
    }
    unpin(&words, pin);
    Pinning::Disturbed
}

/// Pins the frame with this number.
#[inline]
pub(super) fn pin<W: FrameWords>(words: &W, token: u32, number: u64) -> Pinning {
    let newest = newest(words).number;
    let Some(slot) = slot_of(words, number).filter(|_| number != 0 && number <= newest) else {
        return Pinning::NoFrame;
    };
    let Some(entry) = take_entry(words, token, slot) else { return Pinning::Full };
    let pin = Pin { token, frame: FrameAt { number, slot }, entry };
    if is_valid(words, pin) {
        return Pinning::Pinned(pin);
    }
    unpin(words, pin);
    Pinning::NoFrame
}

/// Pins the frame after `seen`, or the oldest later one that is there.
pub(super) fn pin_after<W: FrameWords>(words: &W, token: u32, seen: u64) -> Pinning {
    let (mut seen, mut has_moved) = (seen, false);
    for _ in words.slots() {
        let newest = newest(words).number;
        let numbers = words.slots().iter().map(|word| number(word.load(Relaxed)));
        let Some(next) = numbers.filter(|number| *number > seen && *number <= newest).min() else { break };
        match pin(words, token, next) {
            Pinning::NoFrame => seen = next,
            Pinning::Pinned(pin) if has_moved => return Pinning::Moved(pin),
            pinning => return pinning,
        }
        has_moved = true;
    }
    // The newest frame can always be pinned.
    match pin_newest(words, token) {
        Pinning::Pinned(pin) if has_moved => Pinning::Moved(pin),
        pinning => pinning,
    }
}

/// The entry with which a process begins its search for one that is not used, modulo their number. Eight entries are on
/// a line, so each process begins on a line of its own.
#[inline(always)]
pub(super) fn first_entry(token: u32) -> usize {
    token as usize * 8
}

/// Stores a pin in an entry that is not used. `None` if there is none.
#[inline(always)]
fn take_entry<W: FrameWords>(words: &W, token: u32, slot: u64) -> Option<usize> {
    let pins = words.pins();
    let first = first_entry(token);
    for at in 0..pins.len() {
        let entry = (first + at) % pins.len();
        if pins[entry].compare_exchange(0, word::pin(token, slot), AcqRel, Relaxed).is_ok() {
            return Some(entry);
        }
    }
    None
}

/// Moves a pin to another frame. Returns `false` if a peer has taken the entry away.
fn move_pin<W: FrameWords>(words: &W, pin: &mut Pin, to: FrameAt) -> bool {
    let old = pin.word();
    pin.frame = to;
    words.pins()[pin.entry].compare_exchange(old, pin.word(), AcqRel, Relaxed).is_ok()
}

/// Returns `true` if the slot of a pin that was just stored still has the frame. Then no process writes the slot.
#[inline(always)]
fn is_valid<W: FrameWords>(words: &W, pin: Pin) -> bool {
    words.reached(Reached::PinStored);
    fence_after_rmw();
    let is_valid = has_frame(words, pin.frame);
    if is_valid {
        words.reached(Reached::PinValidated);
    }
    is_valid
}

/// Returns `true` if a frame is in its slot. A peer may have stored any slot in the newest frame.
#[inline(always)]
fn has_frame<W: FrameWords>(words: &W, frame: FrameAt) -> bool {
    let word = words.slots().get(frame.slot as usize);
    frame.number != 0 && word.is_some_and(|word| load(word) == published(frame.number))
}

/// Returns `true` if the slot of the frame was not loaned since, so that all that was loaded from it is of the frame.
/// For readers without a pin.
#[inline(always)]
pub(super) fn is_still_there<W: FrameWords>(words: &W, frame: FrameAt) -> bool {
    fence(Acquire);
    has_frame(words, frame)
}

/// Returns `true` if a pin is as it was. The word of its slot may change for a moment, while a loan gives way to the
/// pin.
pub(super) fn is_intact<W: FrameWords>(words: &W, pin: Pin) -> bool {
    words.pins()[pin.entry].load(Relaxed) == pin.word()
}

/// Removes a pin. Returns `false` if another process has removed it, because it believed that this one was dead.
#[inline(always)]
pub(super) fn unpin<W: FrameWords>(words: &W, pin: Pin) -> bool {
    words.pins()[pin.entry].compare_exchange(pin.word(), 0, AcqRel, Relaxed).is_ok()
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
