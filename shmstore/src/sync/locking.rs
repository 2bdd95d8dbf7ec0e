//! Takes and frees lock words: a short spin, then sleep in slices. A lock of a dead process is taken over.

use std::hint::spin_loop;
use std::ptr;

use super::atomics::AtomicU32;
use super::atomics::Ordering::Acquire;
use super::backoff::{Backoff, Limit};
use super::lock_word::{
    Attempt, Claim, TOKEN, VERSION_WAITERS, WAITERS, give_up, release, take, take_or_announce, take_over, try_release,
    try_take,
};
use super::thread_mark;
use crate::segment::this_process::registry::segment_at;
use crate::sys::failpoint::{self, Step};
use crate::sys::futex::{self, Woken};

/// The pauses of the processor before a thread sleeps. They take about as long as to fall asleep and be woken.
const SPINS: u32 = 1000;
/// The most pauses between two loads of the word. Each load takes the cache line from the holder. A holder that keeps
/// its line takes and frees the lock many times while the line would move once.
const LONGEST_PAUSE: u32 = 64;

/// How a lock was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Taken {
    /// It was free.
    Free,
    /// The process of its holder had ended.
    FromDeadOwner,
}

/// Why a lock was not taken.
#[derive(Debug)]
pub(super) enum AcquireError {
    /// The process with this token holds it.
    Busy { holder: u32, backoff: Backoff },
    /// This thread holds it, and would wait for itself.
    HeldByThisThread,
}

/// Takes the lock for the process `token`. `mark` is the word with the mark of the holder's thread: see
/// [`thread_mark`].
#[inline(always)]
pub(super) fn acquire(word: &AtomicU32, mark: &AtomicU32, token: u32, limit: Limit) -> Result<Taken, AcquireError> {
    if try_take(word, token) { Ok(Taken::Free) } else { acquire_slowly(word, mark, token, limit) }
}

#[cold]
fn acquire_slowly(word: &AtomicU32, mark: &AtomicU32, token: u32, limit: Limit) -> Result<Taken, AcquireError> {
    if limit == Limit::Never {
        return acquire_now(word, mark, token);
    }
    let (mut spins, mut pause) = (0, 1);
    while spins < SPINS {
        match take(word, token, Claim::Newcomer) {
            Attempt::Taken => return Ok(Taken::Free),
            Attempt::Held(now) if is_by_this_thread(mark, now, token) => return Err(AcquireError::HeldByThisThread),
            Attempt::Held(_) => (0..pause).for_each(|_| spin_loop()),
        }
        spins += pause;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
    sleep_for(word, token, limit)
}

/// Never waits. A lock of a dead process is taken over.
fn acquire_now(word: &AtomicU32, mark: &AtomicU32, token: u32) -> Result<Taken, AcquireError> {
    let Attempt::Held(now) = take(word, token, Claim::Try) else { return Ok(Taken::Free) };
    if is_by_this_thread(mark, now, token) {
        return Err(AcquireError::HeldByThisThread);
    }
    if acquire_from_dead_owner(word, token) {
        return Ok(Taken::FromDeadOwner);
    }
    Err(AcquireError::Busy { holder: now & TOKEN, backoff: Backoff::new(Limit::Never) })
}

fn sleep_for(word: &AtomicU32, token: u32, limit: Limit) -> Result<Taken, AcquireError> {
    let mut backoff = Backoff::new(limit);
    let mut claim = Claim::Newcomer;
    loop {
        let Attempt::Held(now) = take_or_announce(word, token, claim) else { return Ok(Taken::Free) };
        let Some(slice) = backoff.slice() else {
            if acquire_from_dead_owner(word, token) {
                return Ok(Taken::FromDeadOwner);
            }
            if claim == Claim::Slept {
                give_up(word);
            }
            return Err(AcquireError::Busy { holder: now & TOKEN, backoff });
        };
        let woken = futex::wait(word, now, slice);
        if woken == Woken::Otherwise {
            failpoint::reach(Step::LockWoken);
        }
        // A woken thread finds the lock free, or has just lost it to a living process.
        if (woken == Woken::ByTime || backoff.asks_now()) && acquire_from_dead_owner(word, token) {
            return Ok(Taken::FromDeadOwner);
        }
        if woken != Woken::NotAsleep {
            claim = Claim::Slept;
        }
    }
}

/// Takes the lock over if the process that holds it has provably ended.
pub(super) fn acquire_from_dead_owner(word: &AtomicU32, token: u32) -> bool {
    // Acquire: the holder took its participant slot before the lock, and the check for its death must see that slot.
    let holder = word.load(Acquire) & TOKEN;
    if holder == 0 || holder == token {
        return false;
    }
    // Memory outside segments is shared only with children of `fork`, which no table lists. So they count as alive.
    let is_dead = segment_at(ptr::from_ref(word).addr()).is_some_and(|segment| segment.token_is_dead(holder));
    is_dead && take_over(word, holder, token)
}

fn is_by_this_thread(mark: &AtomicU32, now: u32, token: u32) -> bool {
    now & TOKEN == token && thread_mark::by_this_thread(mark, token)
}

/// Frees the lock, unless another process has taken it, and wakes one waiter. Returns the flags that it had.
#[inline(always)]
pub(super) fn free(word: &AtomicU32, token: u32) -> u32 {
    if try_release(word, token) { 0 } else { free_with_flags(word, token, 0) }
}

/// Frees the lock as [`free`] does, for a holder that has stored nothing. The waiters for a version stay announced.
#[inline(always)]
pub(super) fn free_without_news(word: &AtomicU32, token: u32) {
    if !try_release(word, token) {
        free_with_flags(word, token, VERSION_WAITERS);
    }
}

#[cold]
fn free_with_flags(word: &AtomicU32, token: u32, kept: u32) -> u32 {
    // A process that broke the protocol may have taken the lock. Then it keeps it.
    let flags = release(word, token, kept).unwrap_or(0) & !TOKEN;
    if flags & WAITERS != 0 {
        failpoint::reach(Step::LockUnwoken);
        futex::wake(word, 1);
    }
    flags
}
