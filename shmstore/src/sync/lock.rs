//! `Lock`: mutual exclusion for invariants over several parts of an object.
//!
//! The lock word is `lock_word.rs`'s; whose process has ended, loses it to the next one. A second word, which only the
//! holder changes, says whether what the lock guards may be changed by half:
//!
//! | from | to | by whom |
//! |---|---|---|
//! | consistent | inconsistent | who takes the lock from a process that has ended, before anything else |
//! | consistent | inconsistent | a holder whose thread panics, before it frees the lock |
//! | inconsistent | consistent | a holder, by `mark_consistent` |
//!
//! A process that dies between taking the lock from the dead and saying so is itself dead, and the next one says it.
//!
//! # Safety
//!
//! What is unsafe here is only to promise the layout: two atomic words, which all may read and write at any time.
#![allow(unsafe_code)]

mod guard;

use std::fmt;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::time::Duration;

use super::atomics::AtomicU32;
use super::atomics::Ordering::Relaxed;
use super::backoff::Limit;
use super::lock_word::{TOKEN, try_take};
use super::refusal;
use super::word_lock::{self, Refused, Taken, acquire};
use crate::error::LockError;
use crate::layout::schema::{Kind, Schema};
use crate::layout::{ShmLayout, ShmObject};
use crate::segment::process;
use crate::sys::failpoint::{self, Step};

pub use guard::LockGuard;

/// What the lock guards may be changed by half.
const INCONSISTENT: u32 = 1 << 0;

/// A lock that processes share, for invariants over several parts of an object.
///
/// It holds no data: that stays in [`Versioned`](crate::Versioned) parts and atomics beside it, each of which is whole
/// and valid by itself at any instant. For changes to *one* value, [`Versioned::update`](crate::Versioned::update) and
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
///     // The last owner died half-way: make it right from what can be trusted.
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
/// The next one to take the lock gets it within milliseconds of the kernel's having released the process, and is told: what the
/// owner was changing may be changed by half. So [`lock`](Self::lock) refuses, with [`LockError::OwnerDied`], until
/// somebody has repaired it; [`lock_or_repair`](Self::lock_or_repair) repairs it first. A panic counts as a death.
///
/// # Deadlocks
///
/// Two processes that take two locks in opposite order wait for each other for ever, and nobody tells them: take locks in one
/// order everywhere, or with [`lock_timeout`](Self::lock_timeout). A thread that would wait for itself is told.
///
/// # Fairness
///
/// One that finds the lock free may take it before those who sleep, but only until one of these has woken once in vain: then
/// the lock is kept for him.
///
/// # Memory
///
/// 8 bytes, aligned to 8. In [`CacheAligned`](crate::CacheAligned) it does not disturb its neighbours.
#[derive(Default)]
#[repr(C, align(8))]
pub struct Lock {
    /// See `lock_word.rs`.
    word: AtomicU32,
    /// Bit 0: *inconsistent*. The rest: which thread holds it, see `held.rs`. Changed by the holder only.
    state: AtomicU32,
}

impl Lock {
    /// Makes one that is free and consistent, in ordinary memory.
    #[must_use]
    pub const fn new() -> Self {
        Self { word: AtomicU32::new(0), state: AtomicU32::new(0) }
    }

    /// Takes the lock, waiting for as long as others hold it.
    ///
    /// # Errors
    ///
    /// [`LockError::OwnerDied`] if the last owner died or panicked, and nobody has repaired what it guards: the lock is
    /// free again, take it with [`lock_or_repair`](Self::lock_or_repair). [`LockError::WouldDeadlock`] if this
    /// very thread holds it.
    ///
    /// The error keeps no guard, so it can be handed on by `?` anywhere, also as an `anyhow::Error`.
    #[inline]
    pub fn lock(&self) -> Result<LockGuard<'_>, LockError> {
        let token = process::token();
        if self.take_in_order(token) { Ok(LockGuard::new(self, token)) } else { self.lock_slowly(Limit::Forever) }
    }

    /// Takes the lock if nobody has it. A process that has died with it does not count.
    ///
    /// # Errors
    ///
    /// [`LockError::Busy`] if somebody has it; [`LockError::OwnerDied`] as [`lock`](Self::lock);
    /// [`LockError::WouldDeadlock`] if it is this very thread.
    #[inline]
    pub fn try_lock(&self) -> Result<LockGuard<'_>, LockError> {
        let token = process::token();
        if self.take_in_order(token) { Ok(LockGuard::new(self, token)) } else { self.lock_slowly(Limit::Never) }
    }

    /// Takes the lock, waiting up to `timeout` for others.
    ///
    /// # Errors
    ///
    /// [`LockError::Busy`] once the time is over; otherwise as [`lock`](Self::lock).
    pub fn lock_timeout(&self, timeout: Duration) -> Result<LockGuard<'_>, LockError> {
        self.lock_slowly(Limit::Within(timeout))
    }

    /// Takes the lock, and lets `repair` put right what the last owner left, if it died or panicked.
    ///
    /// `repair` runs with the lock held. If it panics, the lock is free again and still inconsistent; so if the process dies
    /// in it. Whoever comes next repairs again: let it say what is to be, not what is to change.
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
    /// If this very thread holds the lock: it would wait for itself.
    #[track_caller]
    pub fn lock_or_repair(&self, repair: impl FnOnce()) -> LockGuard<'_> {
        self.lock_to_repair().repaired_by(repair)
    }

    /// Takes the lock as [`lock_or_repair`](Self::lock_or_repair) does, waiting up to `timeout` for others.
    ///
    /// # Errors
    ///
    /// [`LockError::Busy`] once the time is over, [`LockError::WouldDeadlock`] if this very thread holds it.
    pub fn lock_or_repair_timeout(&self, timeout: Duration, repair: impl FnOnce()) -> Result<LockGuard<'_>, LockError> {
        Ok(self.lock_to_repair_timeout(timeout)?.repaired_by(repair))
    }

    /// Takes the lock whatever its last owner left: see [`LockGuard::is_inconsistent`] and
    /// [`LockGuard::mark_consistent`]. For a repair that can fail.
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
    /// If this very thread holds the lock: it would wait for itself.
    #[track_caller]
    pub fn lock_to_repair(&self) -> LockGuard<'_> {
        match self.acquire(Limit::Forever) {
            Ok(guard) => guard,
            Err(error) => panic!("{error}"),
        }
    }

    /// Takes the lock as [`lock_to_repair`](Self::lock_to_repair) does, waiting up to `timeout` for others.
    ///
    /// # Errors
    ///
    /// [`LockError::Busy`] once the time is over, [`LockError::WouldDeadlock`] if this very thread holds it.
    pub fn lock_to_repair_timeout(&self, timeout: Duration) -> Result<LockGuard<'_>, LockError> {
        self.acquire(Limit::Within(timeout))
    }

    /// Tells whether somebody has the lock at this moment, maybe a process that has died: for a look only.
    #[must_use]
    pub fn is_locked(&self) -> bool {
        self.word.load(Relaxed) & TOKEN != 0
    }

    /// Tells whether an owner has died or panicked, which nobody has repaired yet, as far as is known: a death is noticed
    /// by the next one who wants the lock.
    #[must_use]
    #[inline]
    pub fn is_inconsistent(&self) -> bool {
        self.state.load(Relaxed) & INCONSISTENT != 0
    }

    /// Takes the lock if it is free, nobody waits for it, and nothing is to be repaired: the fast path.
    #[inline(always)]
    fn take_in_order(&self, token: u32) -> bool {
        if !try_take(&self.word, token) {
            return false;
        }
        failpoint::reach(Step::LockTaken);
        // What the last owner left may be half-changed.
        !self.is_inconsistent() || self.give_back(token)
    }

    /// Frees the lock again, untouched.
    #[cold]
    fn give_back(&self, token: u32) -> bool {
        word_lock::free(&self.word, token);
        false
    }

    #[cold]
    fn lock_slowly(&self, limit: Limit) -> Result<LockGuard<'_>, LockError> {
        self.acquire(limit)?.unless_inconsistent()
    }

    fn acquire(&self, limit: Limit) -> Result<LockGuard<'_>, LockError> {
        let token = process::token();
        match acquire(&self.word, &self.state, token, limit) {
            Ok(Taken::Free) => {
                failpoint::reach(Step::LockTaken);
                Ok(LockGuard::new(self, token))
            }
            Ok(Taken::FromTheDead) => {
                failpoint::reach(Step::LockTakenOver);
                self.state.store(INCONSISTENT, Relaxed);
                Ok(LockGuard::new(self, token))
            }
            Err(Refused::ByThisThread) => Err(LockError::WouldDeadlock { lock: refusal::name(self) }),
            Err(busy) => Err(refusal::busy(busy, self).into()),
        }
    }
}

impl fmt::Debug for Lock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        debug("Lock", self, f)
    }
}

/// A [`Lock`] that can be looked at and nothing else.
#[repr(transparent)]
pub struct LockView {
    part: Lock,
}

impl LockView {
    /// Tells whether somebody has the lock at this moment: see [`Lock::is_locked`].
    #[must_use]
    pub fn is_locked(&self) -> bool {
        self.part.is_locked()
    }

    /// Tells whether an owner has died or panicked: see [`Lock::is_inconsistent`].
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

// A panic with a guard leaves a free lock that says `OwnerDied`.
impl UnwindSafe for Lock {}
impl RefUnwindSafe for Lock {}

// SAFETY: size and alignment are the compiler's; `Kind::Lock` says what is in it, held by the assertions below.
unsafe impl ShmLayout for Lock {
    const SCHEMA: &'static Schema = &Schema::of::<Self>(Kind::Lock);
}

// SAFETY: nothing but atomics, which are valid over any bytes; zeros are a free lock; nothing to drop. The view is a
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
