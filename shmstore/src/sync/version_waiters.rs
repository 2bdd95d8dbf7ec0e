//! Those who wait for a newer version: a flag in the lock word, by which the holder knows of them, and a bell, on which
//! they sleep.
//!
//! A waiter reads the bell, puts up the flag, looks whether its version is there, and sleeps unless the bell was rung
//! since it was read. Who stores takes the flag down, and if it was up rings the bell and wakes all who sleep there. Had
//! the flag been of one who waits for the version after this one, and is not asleep yet, he finds the bell rung, and
//! begins again. (On the sequence number instead of a bell of its own he would sleep on, without a flag.)
//!
//! Built a second time by the loom models, with loom's atomics.

use super::atomics::Ordering::{AcqRel, Relaxed, SeqCst};
use super::atomics::{AtomicU32, compiler_fence, fence};
use super::lock_word::{TOKEN, VERSION_WAITERS};

/// What a waiter has found when he announced himself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Announced {
    /// The bell: he may sleep for as long as it is this.
    pub(super) bell: u32,
    /// Whether somebody holds the lock, who may go on to store without touching its word: he must be made to execute a
    /// barrier, before the waiter looks for his version.
    pub(super) is_held: bool,
}

/// Announces somebody who waits for a newer version. He then has to look whether it is there.
///
/// Whoever stores under the lock and frees it is told by the release: both change the same word, so either the release
/// sees the flag, or the waiter sees the store.
pub(super) fn announce(lock: &AtomicU32, bell: &AtomicU32) -> Announced {
    let bell = bell.load(Relaxed);
    let before = lock.fetch_or(VERSION_WAITERS, AcqRel);
    fence(SeqCst);
    Announced { bell, is_held: before & TOKEN != 0 }
}

/// Rings the bell, for one who has taken the flag down: who is asleep must then be woken.
pub(super) fn ring(bell: &AtomicU32) {
    bell.fetch_add(1, AcqRel);
}

/// Tells a holder that keeps the lock from store to store whether somebody waits for what it has just stored; then it has
/// taken the flag down and rung the bell.
///
/// It looks for the flag with a plain load, which takes a full barrier on both sides. With `fences` the holder's is here.
/// Without, waiters have the kernel make its thread execute one, between any two instructions, after they have announced
/// themselves: so the compiler must keep the store before the look.
#[inline(always)]
pub(super) fn take(lock: &AtomicU32, bell: &AtomicU32, fences: bool) -> bool {
    if fences {
        fence(SeqCst);
    } else {
        compiler_fence(SeqCst);
    }
    lock.load(Relaxed) & VERSION_WAITERS != 0 && take_flag(lock, bell)
}

#[cold]
fn take_flag(lock: &AtomicU32, bell: &AtomicU32) -> bool {
    let was_up = lock.fetch_and(!VERSION_WAITERS, AcqRel) & VERSION_WAITERS != 0;
    if was_up {
        ring(bell);
    }
    was_up
}
