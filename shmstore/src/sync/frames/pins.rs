//! The protocol of pins: how a reader keeps a frame from being overwritten. See `protocol.rs`.
//!
//! The loom models build this file a second time, with loom's atomics.

use super::atomics::Ordering::{AcqRel, Acquire, Relaxed};
use super::atomics::{fence, fence_after_rmw};
use super::protocol::{FrameWords, Reached, load, newest, slot_of};
use super::word::{self, FrameAt, number, published};

/// The most attempts of a reader to pin the newest frame without the lock.
const ATTEMPTS: u32 = 16;

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
