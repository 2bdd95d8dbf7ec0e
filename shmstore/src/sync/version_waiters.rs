//! Waiters for a newer version: a flag in the lock word, which tells the holder of them, and a bell, on which they
//! sleep.
//!
//! A waiter reads the bell, sets the flag, checks for its version, and sleeps unless the bell has rung since. A store
//! clears the flag. If the flag was set, it rings the bell and wakes all sleepers.
//!
//! The flag may be that of a waiter for the version after this one, which is not asleep yet. It finds that the bell has
//! rung, and begins again. If waiters slept on the sequence number instead of a bell, this one would sleep on, without
//! a flag.
//!
//! The loom models build this file a second time, with loom's atomics.

use super::atomics::Ordering::{AcqRel, Relaxed, SeqCst};
use super::atomics::{AtomicU32, compiler_fence, fence, fence_after_rmw};
use super::lock_word::{TOKEN, VERSION_WAITERS};

/// The state that a waiter found when it announced itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Announced {
    /// The value of the bell. The waiter may sleep while the bell has this value.
    pub(super) bell: u32,
    /// A process holds the lock, and may store without touching its word. It must execute a barrier before the waiter
    /// checks for its version.
    pub(super) is_held: bool,
}

/// Announces a waiter for a newer version. The waiter must then check for its version.
///
/// The release of a lock and the announcement change the same word. So either the release sees the flag, or the waiter
/// sees all stores that were made under the lock.
pub(super) fn announce(lock: &AtomicU32, bell: &AtomicU32) -> Announced {
    let bell = bell.load(Relaxed);
    let before = lock.fetch_or(VERSION_WAITERS, AcqRel);
    fence(SeqCst);
    Announced { bell, is_held: before & TOKEN != 0 }
}

/// Rings the bell, after the flag was cleared. The caller must then wake the sleepers.
pub(super) fn ring(bell: &AtomicU32) {
    bell.fetch_add(1, AcqRel);
}

/// Clears the flag and rings the bell if a process waits, after a store of an exclusive writer. Returns `true` if it
/// did.
///
/// The flag is checked by a plain load, which needs a full barrier on both sides. With `fences` the writer's barrier is
/// here. Without it, each waiter has the kernel execute a barrier in the writer's thread, at any instruction, after it
/// has announced itself. So the compiler must keep the store before the load.
#[inline(always)]
pub(super) fn take(lock: &AtomicU32, bell: &AtomicU32, fences: bool) -> bool {
    if fences {
        fence(SeqCst);
    } else {
        compiler_fence(SeqCst);
    }
    lock.load(Relaxed) & VERSION_WAITERS != 0 && take_flag(lock, bell)
}

/// Clears the flag and rings the bell if a process waits, as [`take`] does, after news that came without the lock, by a
/// read-modify-write just before. Returns `true` if it did.
///
/// No waiter has the kernel execute a barrier for a process that does not hold the lock, so it executes one itself.
#[inline(always)]
pub(super) fn take_after_rmw(lock: &AtomicU32, bell: &AtomicU32) -> bool {
    fence_after_rmw();
    take(lock, bell, false)
}

#[cold]
fn take_flag(lock: &AtomicU32, bell: &AtomicU32) -> bool {
    let was_up = lock.fetch_and(!VERSION_WAITERS, AcqRel) & VERSION_WAITERS != 0;
    if was_up {
        ring(bell);
    }
    was_up
}
