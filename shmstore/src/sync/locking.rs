//! Taking and freeing a lock word: a short spin, then sleep in slices; from a process that has died, at once.

use std::hint::spin_loop;

use super::atomics::AtomicU32;
use super::atomics::Ordering::Acquire;
use super::backoff::{Backoff, Limit};
use super::lock_word::{
    Attempt, Claim, TOKEN, WAITERS, give_up, release, take, take_or_announce, take_over, try_release, try_take,
};
use super::thread_mark;

use crate::segment::process::registry::segment_at;
use crate::sys::failpoint::{self, Step};
use crate::sys::futex::{self, Woken};

/// For how many pauses of the processor a held lock is looked at before sleeping: about as long as it takes to fall asleep
/// and be woken.
const SPINS: u32 = 1000;
/// The most pauses between two looks. Each look takes the lock's line away from its holder, who, as long as it is left
/// alone, takes and frees the lock many times over in what it takes to hand the line over once.
const LONGEST_PAUSE: u32 = 64;

/// How a lock was got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Taken {
    /// It was free.
    Free,
    /// Its holder's process had ended.
    FromDeadOwner,
}

/// Why a lock was not got.
#[derive(Debug)]
pub(super) enum AcquireError {
    /// Another has it: this token's process.
    Busy { holder: u32, backoff: Backoff },
    /// This very thread holds it, and would wait for itself.
    HeldByThisThread,
}

/// Takes the lock for the process `token`. `mark` is the word that says which thread holds it: see [`held`].
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

/// Without waiting; but a holder that has died does not count.
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
        // Who was woken finds the lock free, or has lost it to a living process just now.
        if (woken == Woken::ByTime || backoff.asks_now()) && acquire_from_dead_owner(word, token) {
            return Ok(Taken::FromDeadOwner);
        }
        if woken != Woken::NotAsleep {
            claim = Claim::Slept;
        }
    }
}

/// Takes the lock if the process that holds it has provably ended.
fn acquire_from_dead_owner(word: &AtomicU32, token: u32) -> bool {
    // Acquire: whatever the holder did before it took the lock, such as taking its slot, is seen by the judge.
    let holder = word.load(Acquire) & TOKEN;
    if holder == 0 || holder == token {
        return false;
    }
    // Memory that is no segment is only ours and our children's, whom nobody lists: in doubt, alive.
    let is_dead = segment_at(address(word)).is_some_and(|segment| segment.token_is_dead(holder));
    is_dead && take_over(word, holder, token)
}

fn is_by_this_thread(mark: &AtomicU32, now: u32, token: u32) -> bool {
    now & TOKEN == token && thread_mark::by_this_thread(mark, token)
}

/// Frees the lock, if it still is this process's, and wakes one who waits for it. Returns the flags that it had.
#[inline(always)]
pub(super) fn free(word: &AtomicU32, token: u32) -> u32 {
    if try_release(word, token) { 0 } else { free_with_flags(word, token) }
}

#[cold]
fn free_with_flags(word: &AtomicU32, token: u32) -> u32 {
    // Or somebody broke the protocol and took the lock: it is theirs now, and not ours to free.
    let flags = release(word, token).unwrap_or(0) & !TOKEN;
    if flags & WAITERS != 0 {
        failpoint::reach(Step::LockUnwoken);
        futex::wake(word, 1);
    }
    flags
}

/// The address of a lock word.
fn address(word: &AtomicU32) -> usize {
    std::ptr::from_ref(word).addr()
}
