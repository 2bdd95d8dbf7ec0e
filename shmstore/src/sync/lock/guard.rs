//! `LockGuard`: a lock that this thread holds.

use std::fmt;
use std::marker::PhantomData;
use std::thread;

use super::super::atomics::Ordering::Relaxed;
use super::{INCONSISTENT, Lock};
use crate::error::LockError;
use crate::segment::process;
use crate::sync::describe;
use crate::sync::lock_word::TOKEN;
use crate::sync::locking;
use crate::sync::thread_mark;

/// A [`Lock`] that this thread holds, freed when dropped. It cannot be handed to another thread.
///
/// If the thread panics meanwhile, the lock becomes inconsistent, as if the process had died. (As with std's locks, a guard
/// that is taken while the thread is panicking already does not notice another panic.)
///
/// In a child of `fork` an inherited guard is the parent's, and does nothing.
#[must_use = "the lock is freed as soon as the guard is dropped"]
pub struct LockGuard<'a> {
    lock: &'a Lock,
    /// The process's token; and [`WAS_PANICKING`]. Two words in all: it stays in registers.
    holder: u32,
    /// Belongs to the thread that has taken it.
    _not_send: PhantomData<*const ()>,
}

/// The thread was panicking already: then what it does under the lock may well come to an end.
const WAS_PANICKING: u32 = 1 << 31;
const _: () = assert!(WAS_PANICKING & TOKEN == 0);

impl<'a> LockGuard<'a> {
    #[inline]
    pub(super) fn new(lock: &'a Lock, token: u32) -> Self {
        thread_mark::enter(&lock.state, token);
        let was_panicking = if thread::panicking() { WAS_PANICKING } else { 0 };
        Self { lock, holder: token | was_panicking, _not_send: PhantomData }
    }

    #[inline(always)]
    fn token(&self) -> u32 {
        self.holder & TOKEN
    }

    /// Tells whether an owner has died or panicked, and nobody has repaired what it left.
    #[must_use]
    #[inline]
    pub fn is_inconsistent(&self) -> bool {
        self.lock.is_inconsistent()
    }

    /// Says that what the lock guards is in order again: then others get the lock without being told to repair.
    pub fn mark_consistent(&self) {
        if self.is_ours() {
            self.lock.state.store(self.lock.state.load(Relaxed) & !INCONSISTENT, Relaxed);
        }
    }

    pub(super) fn unless_inconsistent(self) -> Result<Self, LockError> {
        if self.is_inconsistent() { Err(LockError::OwnerDied { lock: describe::part(self.lock) }) } else { Ok(self) }
    }

    pub(super) fn repaired_by(self, repair: impl FnOnce()) -> Self {
        if self.is_inconsistent() {
            repair();
            self.mark_consistent();
        }
        self
    }

    /// Whether it is this process's: not so in a child that was forked since.
    #[inline(always)]
    fn is_ours(&self) -> bool {
        process::is_ours(self.token())
    }
}

impl Drop for LockGuard<'_> {
    #[inline]
    fn drop(&mut self) {
        if self.is_ours() {
            thread_mark::leave(&self.lock.state);
            if thread::panicking() && self.holder & WAS_PANICKING == 0 {
                self.lock.state.store(INCONSISTENT, Relaxed);
            }
            locking::free(&self.lock.word, self.token());
        }
    }
}

impl fmt::Debug for LockGuard<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LockGuard").field("inconsistent", &self.is_inconsistent()).finish()
    }
}
