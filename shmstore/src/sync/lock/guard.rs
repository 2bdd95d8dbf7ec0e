//! `LockGuard`: a lock while a thread holds it.

use std::fmt;
use std::marker::PhantomData;
use std::thread;

use super::super::atomics::Ordering::Relaxed;
use super::{INCONSISTENT, Lock};
use crate::error::LockError;
use crate::segment::this_process;
use crate::sync::describe;
use crate::sync::lock_word::TOKEN;
use crate::sync::locking;
use crate::sync::thread_mark;

/// Holds a [`Lock`] for this thread, and frees it when dropped. It cannot be sent to another thread.
///
/// If the thread panics meanwhile, the lock becomes inconsistent, as if the process had died. As with std's locks, a
/// guard that is taken while the thread is already panicking does not notice another panic.
///
/// In a child of `fork` an inherited guard belongs to the parent, and does nothing.
#[must_use = "the lock is freed as soon as the guard is dropped"]
pub struct LockGuard<'a> {
    lock: &'a Lock,
    /// The process's token and [`WAS_PANICKING`]. The guard is two words, so it stays in registers.
    holder: u32,
    /// The guard belongs to the thread that has taken the lock.
    _not_send: PhantomData<*const ()>,
}

/// The thread was already panicking when it took the lock. Then its changes may well be complete.
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

    /// Returns `true` if an owner has died or panicked, and no process has repaired its changes.
    #[must_use]
    #[inline]
    pub fn is_inconsistent(&self) -> bool {
        self.lock.is_inconsistent()
    }

    /// Declares that the invariant holds again. Then [`Lock::lock`] succeeds again.
    pub fn mark_consistent(&self) {
        if self.is_ours() {
            self.lock.state.store(self.lock.state.load(Relaxed) & !INCONSISTENT, Relaxed);
        }
    }

    /// Declares that the guarded data may be half-changed, as a panic does.
    pub(crate) fn mark_inconsistent(&self) {
        if self.is_ours() {
            self.lock.state.store(self.lock.state.load(Relaxed) | INCONSISTENT, Relaxed);
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

    /// Returns `true` if the guard belongs to this process. `false` in a child that was forked since.
    #[inline(always)]
    fn is_ours(&self) -> bool {
        this_process::is_ours(self.token())
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
