//! The word of a lock: its holder, and its waiters.
//!
//! | from | to | by |
//! |---|---|---|
//! | free | held by T | a newcomer: a thread of T that has not slept |
//! | free, hand-off | held by T, hand-off | `try_…`, which never waits. Newcomers leave the lock alone |
//! | free, any | held by T, waiters | a thread of T that has slept. Others may still sleep |
//! | held by T, or hand-off | the same, waiters | a newcomer, before it sleeps |
//! | held by T | held by T, waiters, hand-off | a thread that slept, and found the lock taken again, before it sleeps |
//! | any, hand-off | the same without | a thread that slept, and gives up. The next to sleep in vain sets it again |
//! | held by T | free | the holder |
//! | held by T, waiters | free | the holder, which then wakes one sleeper |
//! | held by T, waiters, hand-off | free, hand-off | the holder. It then wakes one sleeper, which is to take the lock |
//! | held by T | held by U, waiters | a thread of U, after T's process has ended |
//! | held by T, version waiters | free, version waiters | the holder, if it has stored nothing |
//! | any | the same, version waiters | a waiter for a newer version, before it sleeps: see `version_waiters.rs` |
//! | held by T, version waiters | without that flag | the holder, after a store or a release. It then wakes them all |
//! | held by T, any flags | unchanged | a release by another process than T's, which has lost its lock |
//!
//! *Held by T* has the token T of the holder's process in the low 29 bits. *Free* has zeros there, so the locks of a
//! new object are free. Flags that a row does not name stay as they are.
//!
//! The process for which a lock is kept may be dead. The process that should wake a sleeper may be killed before it
//! does. So every sleep is a slice. After it a newcomer counts as a thread that has slept, and asks whether the holder
//! is alive.
//!
//! The loom models build this file a second time, with loom's atomics.

use super::atomics::AtomicU32;
use super::atomics::Ordering::{AcqRel, Relaxed};

/// A waiter sleeps, or is about to. The release must wake one.
pub(super) const WAITERS: u32 = 1 << 31;
/// The lock is kept for a thread that has slept. Newcomers leave it alone.
pub(super) const HAND_OFF: u32 = 1 << 30;
/// A process waits for a newer version. The holder must wake it.
pub(super) const VERSION_WAITERS: u32 = 1 << 29;
/// The token of the process that holds the lock. 0 if it is free.
pub(super) const TOKEN: u32 = !(WAITERS | HAND_OFF | VERSION_WAITERS);

/// How a thread comes to a lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Claim {
    /// Without waiting. Takes the lock even if it is kept for another thread.
    Try,
    /// For the first time. Leaves a lock alone that is kept for another thread.
    Newcomer,
    /// After a sleep.
    Slept,
}

/// The outcome of an attempt to take the lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Attempt {
    /// This thread has the lock.
    Taken,
    /// The lock is held, or kept for another thread. This is the word, with this thread's announcement if there is one.
    Held(u32),
}

/// The fast path: takes a lock that is free and has no flags, for the process `token`.
#[inline(always)]
pub(super) fn try_take(word: &AtomicU32, token: u32) -> bool {
    word.compare_exchange(0, token, AcqRel, Relaxed).is_ok()
}

/// The fast path: frees a lock that has no flags. If it returns `false`, [`release`] must be called.
#[inline(always)]
pub(super) fn try_release(word: &AtomicU32, token: u32) -> bool {
    word.compare_exchange(token, 0, AcqRel, Relaxed).is_ok()
}

/// Takes the lock if it is free, and not kept for another thread.
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

/// Takes the lock if it is free. Otherwise announces a sleeper, which may sleep while the word is the returned one.
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

/// Clears the hand-off, for a thread that has slept and gives up.
pub(super) fn give_up(word: &AtomicU32) {
    if word.load(Relaxed) & HAND_OFF != 0 {
        word.fetch_and(!HAND_OFF, AcqRel);
    }
}

/// Takes the lock from the process `dead`, which has ended, if that is still the holder.
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

/// Frees the lock that `token` holds, and returns the word as it was. Its flags say whether to wake a sleeper
/// ([`WAITERS`]) and the waiters for a version ([`VERSION_WAITERS`]). Flags in `kept` stay.
///
/// Returns `None` and changes nothing if there is another token in the word. Then a process broke the protocol.
pub(super) fn release(word: &AtomicU32, token: u32, kept: u32) -> Option<u32> {
    let mut now = word.load(Relaxed);
    while now & TOKEN == token {
        match word.compare_exchange_weak(now, now & (HAND_OFF | kept), AcqRel, Relaxed) {
            Ok(_) => return Some(now),
            Err(other) => now = other,
        }
    }
    None
}
