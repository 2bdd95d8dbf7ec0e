//! The word of an event: how often it was notified, and whether somebody waits.
//!
//! | from | to | by which |
//! |---|---|---|
//! | n | n, waiting | a waiter that has seen n, before it sleeps |
//! | n, or n, waiting | n + 1 | who notifies all; then wakes all, if somebody was waiting |
//! | n | n + 1 | who notifies one |
//! | n, waiting | n + 1, waiting | who notifies one; then wakes one: others may still sleep |
//! | n, waiting | n | who woke nobody: nobody is asleep. It then wakes all, for those who slept in between |
//!
//! Bit 0 is *waiting*, the bits above count. Count and flag are one word, so nobody can announce himself for a count
//! that has passed; and a waiter sleeps only while the word is as he has left it. A waiter that is killed leaves no more
//! than the flag, which the next notification takes down.
//!
//! Built a second time by the loom models, with loom's atomics.

use super::atomics::AtomicU64;
use super::atomics::Ordering::{AcqRel, Acquire, Relaxed};

/// Somebody sleeps, or is about to.
pub(super) const WAITING: u64 = 1;

/// Who is to be woken by a notification.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Notify {
    One,
    All,
}

/// The count in a word.
#[inline(always)]
pub(super) fn count(word: u64) -> u64 {
    word >> 1
}

/// Counts one notification. Returns the new word, and whether sleepers must be woken.
#[inline(always)]
pub(super) fn notify(word: &AtomicU64, which: Notify) -> (u64, bool) {
    let mut now = word.load(Relaxed);
    loop {
        let kept = if which == Notify::One { now & WAITING } else { 0 };
        let next = (now & !WAITING).wrapping_add(2) | kept;
        match word.compare_exchange_weak(now, next, AcqRel, Relaxed) {
            Ok(_) => return (next, now & WAITING != 0),
            Err(other) => now = other,
        }
    }
}

/// Takes the flag down, after nobody was found asleep. If this is true, somebody may have fallen asleep in between, and
/// relies on the flag: all must be woken, to put it up again.
pub(super) fn nobody_slept(word: &AtomicU64, notified: u64) -> bool {
    notified & WAITING != 0 && word.compare_exchange(notified, notified & !WAITING, AcqRel, Relaxed).is_ok()
}

/// Announces one who has seen the count `seen`. `Err` with the newer count, if there is one; else the word as long as
/// which he may sleep.
pub(super) fn announce(word: &AtomicU64, seen: u64) -> Result<u64, u64> {
    let mut now = word.load(Acquire);
    loop {
        if count(now) > seen {
            return Err(count(now));
        }
        if now & WAITING != 0 {
            return Ok(now);
        }
        match word.compare_exchange_weak(now, now | WAITING, AcqRel, Acquire) {
            Ok(_) => return Ok(now | WAITING),
            Err(other) => now = other,
        }
    }
}
