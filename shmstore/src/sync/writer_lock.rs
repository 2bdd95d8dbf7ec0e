//! Holding a lock word: a short spin, then sleep in slices; freed when the guard is dropped, by a panic too.
//!
//! Every sleep is a slice, after which the word is looked at again: whoever should wake us may be killed between freeing
//! the lock and waking. A process that is killed while it holds a lock keeps it: those who wait for it wait on.

use std::hint::spin_loop;
use std::time::Duration;

use super::atomics::AtomicU32;
use super::held;
use super::lock_word::{Attempt, Release, TOKEN, WAITERS, release, take, take_or_announce, try_release, try_take};
use crate::process;
use crate::sys::futex;

/// How often a held lock is looked at before sleeping: about as long as a small store holds it.
const SPINS: u32 = 100;
/// The first sleep: a lost wake-up costs no more than this.
const FIRST_SLICE: Duration = Duration::from_millis(2);
/// The sleeps after it.
const SLICE: Duration = Duration::from_millis(8);

/// A lock that this thread holds, freed when dropped.
pub(super) struct WriterLock<'a> {
    word: &'a AtomicU32,
    token: u32,
}

impl<'a> WriterLock<'a> {
    /// Takes the lock, waiting for as long as others hold it.
    ///
    /// # Panics
    ///
    /// If this very thread holds it already, with the text that `cure` gives.
    #[inline]
    #[track_caller]
    pub(super) fn take(word: &'a AtomicU32, cure: fn() -> String) -> Self {
        let token = process::token();
        if !try_take(word, token) {
            wait_for(word, token, cure);
        }
        Self { word, token }
    }

    /// The address of the lock word, under which [`held`] knows it.
    pub(super) fn address(&self) -> usize {
        std::ptr::from_ref(self.word).addr()
    }

    /// Whether this process is still the one that took the lock: false in a child that was forked since.
    pub(super) fn is_ours(&self) -> bool {
        process::token() == self.token
    }
}

impl Drop for WriterLock<'_> {
    /// Frees the lock, if it is still this process's. The token is asked for again: in a child that was forked since the
    /// lock was taken it is another, and the parent's lock stays the parent's.
    #[inline]
    fn drop(&mut self) {
        let token = process::token();
        if !try_release(self.word, token) {
            release_with_flags(self.word, token);
        }
    }
}

#[cold]
#[track_caller]
fn wait_for(word: &AtomicU32, token: u32, cure: fn() -> String) {
    for _ in 0..SPINS {
        match take(word, token, 0) {
            Attempt::Taken => return,
            Attempt::Held(now) if now & TOKEN == token && held::by_this_thread(std::ptr::from_ref(word).addr()) => {
                panic!("{}", cure())
            }
            Attempt::Held(_) => spin_loop(),
        }
    }
    sleep_for(word, token);
}

fn sleep_for(word: &AtomicU32, token: u32) {
    let mut slice = FIRST_SLICE;
    let mut slept = 0;
    while let Attempt::Held(now) = take_or_announce(word, token, slept) {
        futex::wait(word, now, slice);
        slice = SLICE;
        slept = WAITERS;
    }
}

#[cold]
fn release_with_flags(word: &AtomicU32, token: u32) {
    match release(word, token) {
        Release::FreedWithWaiters => futex::wake(word, 1),
        Release::Freed => {}
        // Somebody broke the protocol and took the lock: it is theirs now, and not ours to free.
        Release::Lost => {}
    }
}
