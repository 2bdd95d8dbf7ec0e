//! The lock of a part, or of one side of it, and those that wait. Each set of models builds it with its own copy of the
//! protocols.

use loom::thread;

use super::atomics::AtomicU32;
use super::atomics::Ordering::Relaxed;
use super::lock_word::{self, Attempt, Claim, VERSION_WAITERS};
use super::version_waiters;
use crate::harness::Futex;

/// The lock of one side, and those that wait for it.
pub(super) struct Side {
    lock: AtomicU32,
    bell: AtomicU32,
    futex: Futex,
}

impl Side {
    pub(super) fn new() -> Self {
        Self { lock: AtomicU32::new(0), bell: AtomicU32::new(0), futex: Futex::new() }
    }

    pub(super) fn lock(&self, token: u32) {
        while lock_word::take(&self.lock, token, Claim::Try) != Attempt::Taken {
            thread::yield_now();
        }
    }

    pub(super) fn unlock(&self, token: u32) {
        self.unlock_before(token, || {});
    }

    /// Frees the lock, calls `then`, and wakes the waiters.
    pub(super) fn unlock_before(&self, token: u32, then: impl FnOnce()) {
        let mut flags = 0;
        if !lock_word::try_release(&self.lock, token) {
            flags = lock_word::release(&self.lock, token, 0).expect("nobody takes it from the living");
        }
        let has_waiters = flags & VERSION_WAITERS != 0;
        if has_waiters {
            version_waiters::ring(&self.bell);
        }
        then();
        if has_waiters {
            self.futex.wake_all();
        }
    }

    pub(super) fn unlock_without_news(&self, token: u32) {
        if !lock_word::try_release(&self.lock, token) {
            lock_word::release(&self.lock, token, VERSION_WAITERS).expect("nobody takes it from the living");
        }
    }

    pub(super) fn wake_without_lock(&self) {
        if version_waiters::take_after_rmw(&self.lock, &self.bell) {
            self.futex.wake_all();
        }
    }

    /// Sleeps unless `look` finds something, until the bell rings. No slice ends the sleep.
    pub(super) fn wait(&self, look: impl FnOnce() -> bool) {
        let expected = self.announce();
        if !look() {
            self.sleep(expected);
        }
    }

    /// Announces a waiter, and returns the value of the bell.
    pub(super) fn announce(&self) -> u32 {
        version_waiters::announce(&self.lock, &self.bell).bell
    }

    pub(super) fn sleep(&self, expected: u32) {
        self.futex.wait(|| self.bell.load(Relaxed) == expected);
    }

    pub(super) fn inherit(&self, dead: u32, heir: u32) {
        assert!(lock_word::take_over(&self.lock, dead, heir));
    }
}
