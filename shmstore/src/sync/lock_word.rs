//! The word of a lock: who holds it, and who waits.
//!
//! | from | to | by whom |
//! |---|---|---|
//! | free | held by T | a thread of T that has not slept |
//! | free | held by T, waiters | a thread of T that has slept: others may still sleep |
//! | held by T | held by T, waiters | anyone who is about to sleep |
//! | held by T | free | the holder |
//! | held by T, waiters | free | the holder, who then wakes one sleeper |
//! | held by T, any flags | unchanged | the release of a holder other than T: it has lost its lock, and touches nothing |
//!
//! *Held by T* has the token T of the holder's process in the low 29 bits; *free* has zeros there, so a new object's
//! locks are free. The other flags are no part of this table: every transition keeps them as it finds them.
//!
//! Built a second time by the loom models, with loom's atomics.

use super::atomics::AtomicU32;
use super::atomics::Ordering::{AcqRel, Relaxed};

/// Somebody sleeps, or is about to: the release must wake one.
pub(super) const WAITERS: u32 = 1 << 31;
/// The lock is meant for one who has waited: newcomers stand back.
pub(super) const HAND_OFF: u32 = 1 << 30;
/// Somebody waits for a newer version: the release must tell.
pub(super) const VERSION_WAITERS: u32 = 1 << 29;
/// The token of the process that holds the lock, 0 if nobody does.
pub(super) const TOKEN: u32 = !(WAITERS | HAND_OFF | VERSION_WAITERS);

/// What came of one attempt to take the lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Attempt {
    /// The lock is ours.
    Taken,
    /// It is held: this is the word, with [`WAITERS`] in it if we asked for that.
    Held(u32),
}

/// What came of a release.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Release {
    /// The lock is free, and nobody sleeps.
    Freed,
    /// The lock is free: one sleeper must be woken.
    FreedWithWaiters,
    /// Another token was in the word: somebody took the lock from us, against the protocol. The word is as it was.
    Lost,
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

/// Takes the lock if it is free, whatever its flags. `add` is 0, or [`WAITERS`] from a thread that has slept.
pub(super) fn take(word: &AtomicU32, token: u32, add: u32) -> Attempt {
    let mut now = word.load(Relaxed);
    while now & TOKEN == 0 {
        match word.compare_exchange_weak(now, now | token | add, AcqRel, Relaxed) {
            Ok(_) => return Attempt::Taken,
            Err(other) => now = other,
        }
    }
    Attempt::Held(now)
}

/// Takes the lock if it is free; else announces a waiter, who may then sleep for as long as the word is as returned.
pub(super) fn take_or_announce(word: &AtomicU32, token: u32, add: u32) -> Attempt {
    loop {
        let Attempt::Held(now) = take(word, token, add) else { return Attempt::Taken };
        let announced = now | WAITERS;
        if now == announced || word.compare_exchange(now, announced, AcqRel, Relaxed).is_ok() {
            return Attempt::Held(announced);
        }
    }
}

/// Frees the lock that `token` holds, whatever its flags.
pub(super) fn release(word: &AtomicU32, token: u32) -> Release {
    let mut now = word.load(Relaxed);
    while now & TOKEN == token {
        match word.compare_exchange_weak(now, now & !(TOKEN | WAITERS), AcqRel, Relaxed) {
            Ok(_) if now & WAITERS != 0 => return Release::FreedWithWaiters,
            Ok(_) => return Release::Freed,
            Err(other) => now = other,
        }
    }
    Release::Lost
}
