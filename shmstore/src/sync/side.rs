//! `Side`: the lock of the processes that change a part, and the bell of the processes that wait for the change.
//!
//! A `Versioned` and `Frames` have one side for their writers, a `Broadcast` one for its senders. A `Queue` has two, for its producers
//! and for its consumers. A `Map` has one for its structure, and each of its entries one for the writers of its value.
//! A side is four words, 16 bytes:
//!
//! | offset | bytes | what |
//! |---|---|---|
//! | 0 | 4 | lock word: see `lock_word.rs` |
//! | 4 | 4 | flags: bit 1 *need fence*. The other bits belong to the part |
//! | 8 | 4 | bell of the processes that wait for this side: see `version_waiters.rs` |
//! | 12 | 4 | mark of a thread that keeps the lock for long: see `thread_mark.rs` |
//!
//! The holder of the lock makes *news*: a version, an item, a free slot, or a key. The waiters are woken when the
//! holder frees the lock. An exclusive holder keeps the lock, and wakes them after each change. A process that makes
//! news without the lock calls [`Side::wake_without_lock`]. For example, `Job::done` frees a slot.

use std::mem;

use super::atomics::AtomicU32;
use super::atomics::Ordering::{Acquire, Relaxed, Release, SeqCst};
use super::backoff::{Left, Limit};
use super::describe::PartRef;
use super::lock_word::{self, VERSION_WAITERS};
use super::locking::{self, AcquireError, Taken};
use super::thread_mark::{self, ThreadMark};
use super::version_waiters;
use crate::error::Busy;
use crate::segment::this_process;
use crate::sys::failpoint::{self, Step};
use crate::sys::shm::Access;
use crate::sys::{futex, membarrier};

/// The kernel refuses [`membarrier`] to a waiting process. So each change of an exclusive holder needs a fence.
const NEED_FENCE: u32 = 1 << 1;

#[repr(C)]
pub(crate) struct Side {
    lock: AtomicU32,
    flags: AtomicU32,
    bell: AtomicU32,
    thread: AtomicU32,
}

impl Side {
    /// Takes the lock. A dead owner leaves nothing to repair, wherever it died. So its lock is simply taken over.
    #[inline(always)]
    pub(super) fn lock(&self, limit: Limit) -> Result<Held<'_>, AcquireError> {
        let token = this_process::token();
        if locking::acquire(&self.lock, &self.thread, token, limit)? == Taken::FromDeadOwner {
            thread_mark::leave(&self.thread);
        }
        Ok(Held { side: self, token, token_now: this_process::token_word() })
    }

    /// Takes the lock if it is free and no process waits for it. Reads no clock.
    #[inline(always)]
    pub(super) fn lock_at_once(&self) -> Option<Held<'_>> {
        let token = this_process::token();
        let is_taken = lock_word::try_take(&self.lock, token);
        is_taken.then(|| Held { side: self, token, token_now: this_process::token_word() })
    }

    /// Takes the lock for a call on a part. If it is not free, the time of the call begins.
    #[inline(always)]
    pub(super) fn lock_within(&self, left: &mut Left, part: PartRef) -> Result<Held<'_>, Busy> {
        match self.lock_at_once() {
            Some(held) => Ok(held),
            None => self.lock(left.started()).map_err(|error| part.busy(error)),
        }
    }

    /// Takes the lock if its holder has provably ended.
    pub(super) fn lock_of_dead(&self) -> Option<Held<'_>> {
        let token = this_process::token();
        locking::acquire_from_dead_owner(&self.lock, token).then(|| {
            thread_mark::leave(&self.thread);
            Held { side: self, token, token_now: this_process::token_word() }
        })
    }

    /// The flags of the part, and [`NEED_FENCE`].
    #[inline(always)]
    pub(super) fn flags(&self) -> &AtomicU32 {
        &self.flags
    }

    /// The word on which waiters sleep.
    pub(super) fn bell(&self) -> &AtomicU32 {
        &self.bell
    }

    /// Announces a waiter, and returns the value of the bell. After this, news that the waiter does not see rings the
    /// bell.
    ///
    /// A read-only process cannot announce itself, so it sleeps until the end of its slice.
    pub(super) fn announce(&self, access: Access) -> u32 {
        if access == Access::ReadOnly {
            return self.bell.load(Relaxed);
        }
        let announced = version_waiters::announce(&self.lock, &self.bell);
        if announced.is_held && !membarrier::everywhere() {
            self.flags.fetch_or(NEED_FENCE, SeqCst);
        }
        announced.bell
    }

    /// Wakes the waiters for news that this process made without the lock. The caller made it by a read-modify-write
    /// just before.
    #[inline]
    pub(super) fn wake_without_lock(&self) {
        if version_waiters::take_after_rmw(&self.lock, &self.bell) {
            self.wake();
        }
    }

    /// Wakes the waiters after the lock was freed, and the bell was rung.
    #[inline(always)]
    fn wake_freed(&self) {
        failpoint::reach(Step::VersionUnwoken);
        futex::wake(&self.bell, futex::ALL);
    }

    #[cold]
    fn wake(&self) {
        failpoint::reach(Step::StoreUntold);
        futex::wake(&self.bell, futex::ALL);
    }
}

/// The lock of a side, taken by this process. A drop frees the lock, and wakes the waiters.
pub(super) struct Held<'a> {
    side: &'a Side,
    token: u32,
    /// The word with the process's token. It differs in a child that was forked since.
    token_now: &'static AtomicU32,
}

impl<'a> Held<'a> {
    /// Marks this thread as the holder, until the mark is dropped.
    #[inline]
    pub(super) fn mark_thread(&self) -> ThreadMark<'a> {
        ThreadMark::enter(&self.side.thread, self.token, self.token_now)
    }

    /// Returns `true` if this process took the lock. `false` in a child that was forked since.
    #[inline(always)]
    pub(super) fn is_ours(&self) -> bool {
        self.is_ours_by_word() || this_process::is_kept_apart(self.token)
    }

    /// A quick form of [`is_ours`](Self::is_ours). `false` does not mean that another process took the lock.
    #[inline(always)]
    pub(super) fn is_ours_by_word(&self) -> bool {
        self.token_now.load(Acquire) == self.token
    }

    pub(super) fn token(&self) -> u32 {
        self.token
    }

    /// Frees the lock without news. The waiters sleep on, and stay announced.
    #[inline(always)]
    pub(super) fn free_without_news(self) {
        if self.is_ours() {
            locking::free_without_news(&self.side.lock, self.token);
        }
        mem::forget(self);
    }

    /// Frees the lock, calls `then`, and wakes the waiters. They are woken without any lock that `then` frees.
    #[inline(always)]
    pub(super) fn free_before(self, then: impl FnOnce()) {
        let (side, has_waiters) = (self.side, self.free());
        mem::forget(self);
        then();
        if has_waiters {
            side.wake_freed();
        }
    }

    /// Frees the lock, and rings the bell if a process waits. Returns `true` if it did. Does nothing in a child that
    /// was forked since. The lock belongs to its parent.
    #[inline(always)]
    fn free(&self) -> bool {
        let has_waiters = self.is_ours() && locking::free(&self.side.lock, self.token) & VERSION_WAITERS != 0;
        if has_waiters {
            version_waiters::ring(&self.side.bell);
        }
        has_waiters
    }

    /// Wakes the waiters, and keeps the lock. If a load is not enough to find them, it does nothing and returns
    /// `false`. Then the caller must call [`wake_slowly`](Self::wake_slowly).
    #[inline(always)]
    pub(super) fn wake(&self, fences: Fences) -> bool {
        let is_plain = self.side.flags.load(Relaxed) | fences.0 == 0;
        if is_plain && version_waiters::take(&self.side.lock, &self.side.bell, false) {
            self.side.wake();
        }
        is_plain
    }

    /// Wakes the waiters, and keeps the lock. Executes a full barrier if one is needed. Updates `fences` for the next
    /// change. Returns the flags.
    ///
    /// The kernel may take some milliseconds to register the process for barriers. So an exclusive holder registers
    /// only after its second change, and executes the barriers itself until then.
    #[cold]
    pub(super) fn wake_slowly(&self, fences: &mut Fences) -> u32 {
        let flags = self.side.flags.load(Relaxed);
        if version_waiters::take(&self.side.lock, &self.side.bell, (flags | fences.0) & NEED_FENCE != 0) {
            self.side.wake();
        }
        *fences = match *fences {
            Fences::BEFORE_FIRST_CHANGE => Fences::BEFORE_SECOND_CHANGE,
            Fences::BEFORE_SECOND_CHANGE => Fences::register(),
            decided => decided,
        };
        flags
    }
}

impl Drop for Held<'_> {
    #[inline(always)]
    fn drop(&mut self) {
        if self.free() {
            self.side.wake_freed();
        }
    }
}

/// The origin of the full barrier after each change of an exclusive holder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fences(u32);

/// The token of the process that the kernel has registered for the barriers of waiters.
static REGISTERED: AtomicU32 = AtomicU32::new(0);
/// The token of the process that the kernel refused to register.
static REFUSED: AtomicU32 = AtomicU32::new(0);

impl Fences {
    /// The waiters have the kernel execute the barriers.
    const BY_WAITERS: Self = Self(0);
    /// The holder executes them. The kernel refuses to register this process.
    const BY_HOLDER: Self = Self(NEED_FENCE);
    /// The holder executes them. The kernel was not asked yet, because there may be no second change.
    const BEFORE_FIRST_CHANGE: Self = Self(NEED_FENCE | 1 << 30);
    /// The holder executes them. The kernel is asked after the second change.
    const BEFORE_SECOND_CHANGE: Self = Self(NEED_FENCE | 1 << 31);

    /// Returns what is known before the kernel is asked.
    pub(super) fn so_far() -> Self {
        let token = this_process::token();
        if REGISTERED.load(Acquire) == token {
            Self::BY_WAITERS
        } else if REFUSED.load(Relaxed) == token {
            Self::BY_HOLDER
        } else {
            Self::BEFORE_FIRST_CHANGE
        }
    }

    /// Registers this process with the kernel for the barriers of waiters.
    fn register() -> Self {
        let (outcome, fences) =
            if membarrier::register() { (&REGISTERED, Self::BY_WAITERS) } else { (&REFUSED, Self::BY_HOLDER) };
        outcome.store(this_process::token(), Release);
        fences
    }
}

/// A side that one thread keeps for many changes. It cannot be sent to another thread.
pub(super) struct Exclusive<'a> {
    // Dropped before `held`, so that the mark is there only while this thread has the lock.
    _mark: ThreadMark<'a>,
    held: Held<'a>,
    fences: Fences,
}

impl<'a> Exclusive<'a> {
    pub(super) fn new(held: Held<'a>) -> Self {
        failpoint::reach(Step::WriterBegun);
        Self { _mark: held.mark_thread(), held, fences: Fences::so_far() }
    }

    /// Wakes the waiters after a change.
    #[inline(always)]
    pub(super) fn wake(&mut self) {
        if !self.held.wake(self.fences) {
            self.held.wake_slowly(&mut self.fences);
        }
    }

    /// Returns `true` in the process that made it, and `false` in a child that was forked since.
    #[inline(always)]
    pub(super) fn is_ours(&self) -> bool {
        self.held.is_ours()
    }

    pub(super) fn token(&self) -> u32 {
        self.held.token()
    }
}

const _: () = {
    assert!(size_of::<Side>() == 16 && align_of::<Side>() == 4);
    assert!(mem::offset_of!(Side, lock) == 0);
    assert!(mem::offset_of!(Side, flags) == 4);
    assert!(mem::offset_of!(Side, bell) == 8);
    assert!(mem::offset_of!(Side, thread) == 12);
};
