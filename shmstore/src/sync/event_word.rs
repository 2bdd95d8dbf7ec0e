//! The word of an event: the number of notifications, and whether a process waits.
//!
//! | from | to | by |
//! |---|---|---|
//! | n | n, waiting | a waiter that has seen n, before it sleeps |
//! | n, or n, waiting | n + 1 | a process that notifies all. It then wakes all if the flag was set |
//! | n | n + 1 | a process that notifies one |
//! | n, waiting | n + 1, waiting | a process that notifies one. It then wakes one, and others may still sleep |
//! | n, waiting | n | a process that found no sleeper. It then wakes all that fell asleep in between |
//! | n, or n, waiting | m, more than n | a process that raises the count. It then wakes all if the flag was set |
//!
//! Bit 0 is *waiting*, and the bits above it count. Count and flag are one word, so a waiter cannot announce itself for
//! a count that has passed. A waiter sleeps only while the word is unchanged. A waiter that is killed leaves at most
//! the flag, which the next notification clears.
//!
//! The loom models build this file a second time, with loom's atomics.

use super::atomics::Ordering::{AcqRel, Acquire, Relaxed};
use super::atomics::{AtomicU64, fence_after_rmw};

/// A waiter sleeps, or is about to.
pub(super) const WAITING: u64 = 1;

/// The waiters that a notification wakes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Notify {
    One,
    All,
}

/// Returns the count in a word.
#[inline(always)]
pub(super) fn count(word: u64) -> u64 {
    word >> 1
}

/// Counts one notification. Returns the new word, and `true` if sleepers must be woken.
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

/// The largest count that a word can have.
pub(super) const MOST: u64 = u64::MAX >> 1;

/// Raises the count to `wanted` if it is lower. Returns the word that it leaves, and `true` if sleepers must be woken.
pub(super) fn advance(word: &AtomicU64, wanted: u64) -> (u64, bool) {
    let raised = wanted.min(MOST) << 1;
    let mut now = word.load(Relaxed);
    loop {
        if now >= raised {
            return (now, false);
        }
        match word.compare_exchange_weak(now, raised, AcqRel, Relaxed) {
            Ok(_) => return (raised, now & WAITING != 0),
            Err(other) => now = other,
        }
    }
}

/// Clears the flag after no sleeper was found. Returns `true` if it did. A waiter that relies on the flag may have
/// fallen asleep in between, so all must be woken, to set it again.
pub(super) fn nobody_slept(word: &AtomicU64, notified: u64) -> bool {
    notified & WAITING != 0 && word.compare_exchange(notified, notified & !WAITING, AcqRel, Relaxed).is_ok()
}

/// Announces a waiter that has seen the count `seen`. Returns the word, during which the waiter may sleep.
///
/// # Errors
///
/// The newer count if there is one.
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

/// Announces a waiter for the next notification, whatever the count is. Returns the word, during which the waiter may
/// sleep. The waiter must check its condition after this.
pub(super) fn announce_any(word: &AtomicU64) -> u64 {
    let announced = word.fetch_or(WAITING, AcqRel) | WAITING;
    fence_after_rmw();
    announced
}

/// Notifies all waiters if one is announced, of news that the caller made by a read-modify-write just before. Returns
/// `true` if sleepers must be woken. So either this finds the waiter, or the waiter finds the news.
#[inline(always)]
pub(super) fn notify_after_rmw(word: &AtomicU64) -> bool {
    fence_after_rmw();
    word.load(Relaxed) & WAITING != 0 && notify_waiters(word)
}

#[cold]
fn notify_waiters(word: &AtomicU64) -> bool {
    notify(word, Notify::All).1
}
