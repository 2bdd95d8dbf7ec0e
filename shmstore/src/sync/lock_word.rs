//! The word of a lock: who holds it, and who waits.
//!
//! | from | to | by whom |
//! |---|---|---|
//! | free | held by T | a newcomer: a thread of T that has not slept |
//! | free, hand-off | held by T, hand-off | `try_…`, which never waits; newcomers stand back |
//! | free, any | held by T, waiters | a thread of T that has slept: others may still sleep |
//! | held by T, or hand-off | the same, waiters | a newcomer, before it sleeps |
//! | held by T | held by T, waiters, hand-off | one that has slept, woke, and found the lock taken again, before it sleeps |
//! | any, hand-off | the same without | one that has slept, and gives up: another who is passed over puts it up again |
//! | held by T | free | the holder |
//! | held by T, waiters | free | the holder, who then wakes one sleeper |
//! | held by T, waiters, hand-off | free, hand-off | the holder, who then wakes one sleeper, for whom the lock is kept |
//! | held by T | held by U, waiters | a thread of U, once T's process has ended |
//! | any | the same, version waiters | a waiter for a newer version, before it sleeps: see `version_waiters.rs` |
//! | held by T, version waiters | without that flag | the holder, when it frees the lock or has stored: it then wakes all of these |
//! | held by T, any flags | unchanged | the release of a holder other than T: it has lost its lock, and touches nothing |
//!
//! *Held by T* has the token T of the holder's process in the low 29 bits; *free* has zeros there, so a new object's
//! locks are free. Flags that a row does not name stay as they are.
//!
//! Whom a lock is kept for may be dead, and whom a release should wake may be killed before it does: so every sleep is a
//! slice, after which a newcomer counts as one that has slept, and the holder is judged.
//!
//! Built a second time by the loom models, with loom's atomics.

use super::atomics::AtomicU32;
use super::atomics::Ordering::{AcqRel, Relaxed};

/// Somebody sleeps, or is about to: the release must wake one.
pub(super) const WAITERS: u32 = 1 << 31;
/// The lock is meant for one who has waited: newcomers stand back.
pub(super) const HAND_OFF: u32 = 1 << 30;
/// Somebody waits for a newer version: the holder must tell.
pub(super) const VERSION_WAITERS: u32 = 1 << 29;
/// The token of the process that holds the lock, 0 if nobody does.
pub(super) const TOKEN: u32 = !(WAITERS | HAND_OFF | VERSION_WAITERS);

/// How somebody comes to a lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Claim {
    /// Without waiting at all: takes whatever is free.
    Try,
    /// For the first time: leaves alone what is kept for one that has slept.
    Newcomer,
    /// After a sleep.
    Slept,
}

/// What came of one attempt to take the lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Attempt {
    /// The lock is ours.
    Taken,
    /// It is held, or kept for another: this is the word, with our announcement in it if we have made one.
    Held(u32),
}

/// Takes a lock that is free and has no flags, for the process `token`: the fast path.
#[inline(always)]
pub(super) fn try_take(word: &AtomicU32, token: u32) -> bool {
    word.compare_exchange(0, token, AcqRel, Relaxed).is_ok()
}

/// Frees a lock that has no flags: the fast path. If it returns false, [`release`] has to do it.
#[inline(always)]
pub(super) fn try_release(word: &AtomicU32, token: u32) -> bool {
    word.compare_exchange(token, 0, AcqRel, Relaxed).is_ok()
}

/// Takes the lock if it is free, and not kept for another.
pub(super) fn take(word: &AtomicU32, token: u32, claim: Claim) -> Attempt {
    let mut now = word.load(Relaxed);
    while now & TOKEN == 0 && (now & HAND_OFF == 0 || claim != Claim::Newcomer) {
        let taken = match claim {
            Claim::Try | Claim::Newcomer => now | token,
            Claim::Slept => now & !HAND_OFF | WAITERS | token,
        };
        match word.compare_exchange_weak(now, taken, AcqRel, Relaxed) {
            Ok(_) => return Attempt::Taken,
            Err(other) => now = other,
        }
    }
    Attempt::Held(now)
}

/// Takes the lock if it is free; else announces a sleeper, who may then sleep for as long as the word is as returned.
pub(super) fn take_or_announce(word: &AtomicU32, token: u32, claim: Claim) -> Attempt {
    let flags = if claim == Claim::Slept { WAITERS | HAND_OFF } else { WAITERS };
    loop {
        let Attempt::Held(now) = take(word, token, claim) else { return Attempt::Taken };
        let announced = now | flags;
        if now == announced || word.compare_exchange(now, announced, AcqRel, Relaxed).is_ok() {
            return Attempt::Held(announced);
        }
    }
}

/// Takes down what keeps the lock for one that has slept, who gives up.
pub(super) fn give_up(word: &AtomicU32) {
    if word.load(Relaxed) & HAND_OFF != 0 {
        word.fetch_and(!HAND_OFF, AcqRel);
    }
}

/// Takes the lock from the process `dead`, which has ended, if it still is the holder.
pub(super) fn take_over(word: &AtomicU32, dead: u32, token: u32) -> bool {
    let mut now = word.load(Relaxed);
    while now & TOKEN == dead {
        let taken = now & VERSION_WAITERS | WAITERS | token;
        match word.compare_exchange_weak(now, taken, AcqRel, Relaxed) {
            Ok(_) => return true,
            Err(other) => now = other,
        }
    }
    false
}

/// Frees the lock that `token` holds, and returns the word as it was: whether to wake a sleeper ([`WAITERS`]), and
/// those who wait for a version ([`VERSION_WAITERS`]). `None` if another token was in the word: somebody took the lock
/// from us, against the protocol. Then the word is as it was.
pub(super) fn release(word: &AtomicU32, token: u32) -> Option<u32> {
    let mut now = word.load(Relaxed);
    while now & TOKEN == token {
        match word.compare_exchange_weak(now, now & HAND_OFF, AcqRel, Relaxed) {
            Ok(_) => return Some(now),
            Err(other) => now = other,
        }
    }
    None
}
