//! `Lock`: mutual exclusion for invariants over several parts of an object.
//!
//! The lock word is described in `lock_word.rs`. A second word, which only the holder changes, says whether the
//! invariant may be broken:
//!
//! | from | to | by |
//! |---|---|---|
//! | consistent | inconsistent | a process that takes the lock from a dead process, before anything else |
//! | consistent | inconsistent | a holder whose thread panics, before it frees the lock |
//! | inconsistent | consistent | a holder, by `mark_consistent` |
//!
//! A process may die after it took the lock from a dead one, and before it changed the second word. Then the next
//! process takes the lock from a dead process, too, and changes the word.
//!
//! # Safety
//!
//! Only the promises of the layout traits are unsafe here. The memory is two atomic words.
#![allow(unsafe_code)]

mod guard;

use std::fmt;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::time::Duration;

use super::atomics::AtomicU32;
use super::atomics::Ordering::Relaxed;
use super::backoff::Limit;
use super::describe;
use super::lock_word::{TOKEN, try_take};
use super::locking::{self, AcquireError, Taken, acquire};
use crate::error::LockError;
use crate::layout::schema::{Kind, Schema};
use crate::layout::{ShmLayout, ShmObject};
use crate::segment::this_process;
use crate::sys::failpoint::{self, Step};

pub use guard::LockGuard;

/// The invariant may be broken.
const INCONSISTENT: u32 = 1 << 0;

/// Gives one thread of all processes at a time the right to change several parts of an object.
///
/// It contains no data. The data stays in [`Versioned`](crate::Versioned) parts and atomics beside it, each of which is
/// whole and valid at any instant. For changes to *one* value, [`Versioned::update`](crate::Versioned::update) and
/// [`Versioned::begin`](crate::Versioned::begin) need no `Lock`.
///
/// `Relaxed` suffices for atomics that are used only under the lock, because each owner sees everything that the owners
/// before it have done.
///
/// ```
/// use shmstore::{Lock, LockError, Shared, ShmObject};
/// use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
///
/// #[derive(ShmObject)]
/// #[repr(C)]
/// struct Queue { lock: Lock, pushed: AtomicU64, popped: AtomicU64, waiting: AtomicU64 }
///
/// let queue = Shared::<Queue>::new_private()?;
/// let guard = queue.lock.lock_or_repair(|| {
///     // The last owner died half-way. Compute `waiting` from the parts that are right.
///     queue.waiting.store(queue.pushed.load(Relaxed) - queue.popped.load(Relaxed), Relaxed);
/// });
/// queue.pushed.fetch_add(1, Relaxed);
/// queue.waiting.fetch_add(1, Relaxed);
/// drop(guard); // unlocked
/// # Ok::<(), shmstore::Error>(())
/// ```
///
/// # When an owner dies
///
/// The next process gets the lock within milliseconds after the kernel has released the dead one. The changes of the
/// dead owner may be incomplete, so [`lock`](Self::lock) returns [`LockError::OwnerDied`] until a process has repaired
/// them. [`lock_or_repair`](Self::lock_or_repair) repairs them first. A panic counts as a death.
///
/// # Deadlocks
///
/// Two processes that take two locks in opposite order wait for each other forever, and get no error. Take locks in one
/// order everywhere, or with [`lock_timeout`](Self::lock_timeout). A thread that would wait for itself gets an error.
/// `lock_or_repair` and `lock_to_repair` return no error, and panic.
///
/// # Fairness
///
/// A process that finds the lock free may take it before the sleeping waiters. Once a waiter has woken in vain, the
/// lock is kept for a waiter.
///
/// # Memory
///
/// 8 bytes, aligned to 8. In [`CacheAligned`](crate::CacheAligned) it does not disturb its neighbors.
#[derive(Default)]
#[repr(C, align(8))]
pub struct Lock {
    /// See `lock_word.rs`.
    word: AtomicU32,
    /// Bit 0 is *inconsistent*. The rest is the mark of the holder's thread: see `thread_mark.rs`. Only the holder
    /// changes it.
    state: AtomicU32,
}

impl Lock {
    /// Makes a free and consistent lock, in ordinary memory.
    #[must_use]
    pub const fn new() -> Self {
        Self { word: AtomicU32::new(0), state: AtomicU32::new(0) }
    }

    /// Waits until the lock is free, and takes it.
    ///
    /// # Errors
    ///
    /// - [`LockError::OwnerDied`] if the last owner died or panicked, and no process has repaired its changes. The lock
    ///   is free again. Take it with [`lock_or_repair`](Self::lock_or_repair).
    /// - [`LockError::WouldDeadlock`] if this thread holds the lock.
    ///
    /// The error keeps no guard, so `?` can return it anywhere, also as an `anyhow::Error`.
    #[inline]
    pub fn lock(&self) -> Result<LockGuard<'_>, LockError> {
        let token = this_process::token();
        if self.take_in_order(token) { Ok(LockGuard::new(self, token)) } else { self.lock_slowly(Limit::Forever) }
    }

    /// Takes the lock if no living process holds it. Never waits.
    ///
    /// # Errors
    ///
    /// - [`LockError::Busy`] if another thread holds the lock.
    /// - [`LockError::OwnerDied`] and [`LockError::WouldDeadlock`] as for [`lock`](Self::lock).
    #[inline]
    pub fn try_lock(&self) -> Result<LockGuard<'_>, LockError> {
        let token = this_process::token();
        if self.take_in_order(token) { Ok(LockGuard::new(self, token)) } else { self.lock_slowly(Limit::Never) }
    }

    /// Waits until the lock is free, and takes it. The limit is `timeout`.
    ///
    /// # Errors
    ///
    /// - [`LockError::Busy`] once the time is over.
    /// - [`LockError::OwnerDied`] and [`LockError::WouldDeadlock`] as for [`lock`](Self::lock).
    pub fn lock_timeout(&self, timeout: Duration) -> Result<LockGuard<'_>, LockError> {
        self.lock_slowly(Limit::Within(timeout))
    }

    /// Takes the lock. If the last owner died or panicked, runs `repair` first.
    ///
    /// This thread holds the lock while `repair` runs. If `repair` panics, or its process dies, the lock is free again
    /// and still inconsistent, and the next process repairs again. So `repair` should set the parts to the right state,
    /// and not change them by an amount.
    ///
    /// ```
    /// use shmstore::{Lock, LockError};
    /// use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
    ///
    /// let (lock, pair) = (Lock::default(), [AtomicU64::new(0), AtomicU64::new(0)]); // invariant: both are equal
    /// let died = std::thread::scope(|scope| {
    ///     let owner = scope.spawn(|| {
    ///         let _guard = lock.lock().unwrap();
    ///         pair[0].fetch_add(1, Relaxed);
    ///         panic!("half-way"); // or killed
    ///     });
    ///     owner.join().is_err()
    /// });
    /// assert!(died);
    /// assert!(matches!(lock.lock(), Err(LockError::OwnerDied { .. })));
    ///
    /// let guard = lock.lock_or_repair(|| pair[1].store(pair[0].load(Relaxed), Relaxed));
    /// assert_eq!(pair[1].load(Relaxed), 1);
    /// drop(guard);
    /// assert!(lock.lock().is_ok());
    /// ```
    ///
    /// # Panics
    ///
    /// Panics if this thread holds the lock, because it would wait for itself.
    #[track_caller]
    pub fn lock_or_repair(&self, repair: impl FnOnce()) -> LockGuard<'_> {
        self.lock_to_repair().repaired_by(repair)
    }

    /// Takes the lock as [`lock_or_repair`](Self::lock_or_repair) does. The limit is `timeout`.
    ///
    /// # Errors
    ///
    /// - [`LockError::Busy`] once the time is over.
    /// - [`LockError::WouldDeadlock`] if this thread holds the lock.
    pub fn lock_or_repair_timeout(&self, timeout: Duration, repair: impl FnOnce()) -> Result<LockGuard<'_>, LockError> {
        Ok(self.lock_to_repair_timeout(timeout)?.repaired_by(repair))
    }

    /// Takes the lock even if it is inconsistent. For a repair that can fail.
    ///
    /// See [`LockGuard::is_inconsistent`] and [`LockGuard::mark_consistent`].
    ///
    /// ```
    /// # use shmstore::Lock;
    /// # let lock = Lock::default();
    /// # let check = || Ok::<bool, std::io::Error>(true);
    /// let guard = lock.lock_to_repair();
    /// if guard.is_inconsistent() && check()? {
    ///     guard.mark_consistent();
    /// }
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// # Panics
    ///
    /// Panics if this thread holds the lock, because it would wait for itself.
    #[track_caller]
    pub fn lock_to_repair(&self) -> LockGuard<'_> {
        match self.acquire(Limit::Forever) {
            Ok(guard) => guard,
            Err(error) => panic!("{error}"),
        }
    }

    /// Takes the lock as [`lock_to_repair`](Self::lock_to_repair) does. The limit is `timeout`.
    ///
    /// # Errors
    ///
    /// - [`LockError::Busy`] once the time is over.
    /// - [`LockError::WouldDeadlock`] if this thread holds the lock.
    pub fn lock_to_repair_timeout(&self, timeout: Duration) -> Result<LockGuard<'_>, LockError> {
        self.acquire(Limit::Within(timeout))
    }

    /// Returns `true` if a process holds the lock at this moment. That process may be dead.
    #[must_use]
    pub fn is_locked(&self) -> bool {
        self.word.load(Relaxed) & TOKEN != 0
    }

    /// Returns `true` if an owner has died or panicked, and no process has repaired its changes. A death is noticed
    /// only by the next process that takes the lock.
    #[must_use]
    #[inline]
    pub fn is_inconsistent(&self) -> bool {
        self.state.load(Relaxed) & INCONSISTENT != 0
    }

    /// The fast path: takes the lock if it is free and consistent, and no process waits for it.
    #[inline(always)]
    fn take_in_order(&self, token: u32) -> bool {
        if !try_take(&self.word, token) {
            return false;
        }
        failpoint::reach(Step::LockTaken);
        !self.is_inconsistent() || self.give_back(token)
    }

    /// Frees the lock again. Returns `false`.
    #[cold]
    fn give_back(&self, token: u32) -> bool {
        locking::free(&self.word, token);
        false
    }

    #[cold]
    fn lock_slowly(&self, limit: Limit) -> Result<LockGuard<'_>, LockError> {
        self.acquire(limit)?.unless_inconsistent()
    }

    fn acquire(&self, limit: Limit) -> Result<LockGuard<'_>, LockError> {
        let token = this_process::token();
        match acquire(&self.word, &self.state, token, limit) {
            Ok(Taken::Free) => {
                failpoint::reach(Step::LockTaken);
                Ok(LockGuard::new(self, token))
            }
            Ok(Taken::FromDeadOwner) => {
                failpoint::reach(Step::LockTakenOver);
                self.state.store(INCONSISTENT, Relaxed);
                Ok(LockGuard::new(self, token))
            }
            Err(AcquireError::HeldByThisThread) => Err(LockError::WouldDeadlock { lock: describe::part(self) }),
            Err(busy) => Err(describe::busy(busy, self).into()),
        }
    }
}

impl fmt::Debug for Lock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        debug("Lock", self, f)
    }
}

/// Shows the state of a [`Lock`] to a read-only process.
#[repr(transparent)]
pub struct LockView {
    part: Lock,
}

impl LockView {
    /// Returns `true` if a process holds the lock at this moment: see [`Lock::is_locked`].
    #[must_use]
    pub fn is_locked(&self) -> bool {
        self.part.is_locked()
    }

    /// Returns `true` if an owner has died or panicked: see [`Lock::is_inconsistent`].
    #[must_use]
    pub fn is_inconsistent(&self) -> bool {
        self.part.is_inconsistent()
    }
}

impl fmt::Debug for LockView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        debug("LockView", &self.part, f)
    }
}

fn debug(name: &str, part: &Lock, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    f.debug_struct(name).field("locked", &part.is_locked()).field("inconsistent", &part.is_inconsistent()).finish()
}

// After a panic with a guard the lock is free, and `lock` returns `OwnerDied`.
impl UnwindSafe for Lock {}
impl RefUnwindSafe for Lock {}

// SAFETY: size and alignment are the compiler's. `Kind::Lock` describes the content, held by the assertions below.
unsafe impl ShmLayout for Lock {
    const SCHEMA: &'static Schema = &Schema::of::<Self>(Kind::Lock);
}

// SAFETY: nothing but atomics, in which any bytes are valid. Zeros are a free lock. Nothing to drop. The view is a
// transparent wrapper whose methods never write.
unsafe impl ShmObject for Lock {
    type View = LockView;
}

const _: () = {
    assert!(size_of::<Lock>() == 8 && align_of::<Lock>() == 8);
    assert!(std::mem::offset_of!(Lock, word) == 0);
    assert!(std::mem::offset_of!(Lock, state) == 4);
};

#[cfg(test)]
mod tests;
