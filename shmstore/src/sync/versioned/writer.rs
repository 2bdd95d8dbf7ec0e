//! `Writer`: the exclusive writer of a `Versioned`, for many stores.

use std::fmt;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::time::Duration;

use super::Versioned;
use super::store::{update_by, update_checked_by};
use crate::error::{Busy, InvalidValue};
use crate::layout::{AnyBits, DebugValue, ShmLayout, ShmValue};
use crate::segment::process;
use crate::sync::backoff::Limit;
use crate::sync::thread_mark::ThreadMark;
use crate::sync::versioned_cell::{Fences, WriteGuard};
use crate::sys::failpoint::{self, Step};
use crate::sys::membarrier;

/// The exclusive writer of a [`Versioned`]: its stores take no lock. From [`Versioned::writer`].
///
/// While it lives all other writers wait; readers do not. Each store wakes the processes that
/// [wait](Versioned::wait_newer) for it. If its process is killed, the next writer takes over, and readers keep the last
/// version that was stored. It belongs to the thread that has taken it.
///
/// In a child of `fork` an inherited writer is the parent's: there it can only be dropped.
///
/// ```
/// use shmstore::Versioned;
///
/// let price = Versioned::<[f64; 2]>::default();
/// let mut feed = price.writer();
/// for tick in 0..1_000 {
///     feed.store([f64::from(tick), 1.0]);
/// }
/// assert!(price.try_writer().is_err()); // there is one already
/// assert_eq!(price.load_versioned(), (1_000, [999.0, 1.0]));
/// ```
pub struct Writer<'a, V: ShmValue> {
    part: &'a Versioned<V>,
    // Before `guard`: while the lock is ours, this thread is known to have it.
    _mark: ThreadMark<'a>,
    guard: WriteGuard<'a, V>,
    /// The sequence number, so that no store has to read what the one before it has just written.
    sequence: u64,
    /// Whether every store needs a full barrier, as waiters cannot have this process execute one.
    fences: Fences,
}

/// Writing exclusively.
impl<V: ShmValue> Versioned<V> {
    /// Makes this thread the exclusive writer. Waits for other writers. The second store of a process's first writer may
    /// take some milliseconds.
    ///
    /// # Panics
    ///
    /// As [`store`](Self::store).
    #[track_caller]
    pub fn writer(&self) -> Writer<'_, V> {
        Writer::new(self, self.write_guard())
    }

    /// Makes this thread the exclusive writer, unless another writer has the part.
    ///
    /// ```
    /// use shmstore::error::Busy;
    /// use shmstore::Versioned;
    ///
    /// /// Stores a value if that takes no waiting.
    /// fn offer(price: &Versioned<[f64; 2]>, value: [f64; 2]) -> Result<u64, Busy> {
    ///     Ok(price.try_writer()?.store(value))
    /// }
    ///
    /// let price = Versioned::new([0.0, 1.0]);
    /// assert_eq!(offer(&price, [2.0, 1.0]), Ok(2));
    /// ```
    ///
    /// # Errors
    ///
    /// [`Busy`] if one has. A process that has died with the part does not count.
    pub fn try_writer(&self) -> Result<Writer<'_, V>, Busy> {
        self.write_guard_within(Limit::Never).map(|guard| Writer::new(self, guard))
    }

    /// Makes this thread the exclusive writer. Waits up to `timeout` for other writers.
    ///
    /// # Errors
    ///
    /// [`Busy`] once the time is over, or at once if it is this very thread that has the part.
    pub fn writer_timeout(&self, timeout: Duration) -> Result<Writer<'_, V>, Busy> {
        self.write_guard_within(Limit::Within(timeout)).map(|guard| Writer::new(self, guard))
    }
}

impl<'a, V: ShmValue> Writer<'a, V> {
    fn new(part: &'a Versioned<V>, guard: WriteGuard<'a, V>) -> Self {
        failpoint::reach(Step::WriterBegun);
        let sequence = guard.sequence();
        Self { part, _mark: guard.mark_thread(), guard, sequence, fences: fences_so_far() }
    }

    /// Makes `value` the newest version, and returns its number. A value that is too large for the stack is stored by
    /// [`store_from`](Self::store_from).
    ///
    /// # Panics
    ///
    /// In a process that was forked since the writer was made: it is the parent's.
    #[inline]
    #[track_caller]
    pub fn store(&mut self, value: V) -> u64 {
        self.store_from(&value)
    }

    /// Makes a copy of `*value` the newest version, and returns its number: for values too large for the stack.
    ///
    /// # Panics
    ///
    /// As [`store`](Self::store).
    #[inline]
    #[track_caller]
    pub fn store_from(&mut self, value: &V) -> u64 {
        // No call that returns stands before the copy: it would cost the fast path some registers.
        if self.guard.is_ours_by_word() { self.publish(value) } else { self.store_slowly(value) }
    }

    #[inline(always)]
    fn publish(&mut self, value: &V) -> u64 {
        let version = self.guard.publish_after(&mut self.sequence, value);
        self.wake();
        version
    }

    #[inline(always)]
    fn wake(&mut self) {
        if !self.guard.wake(self.fences) {
            self.wake_slowly();
        }
    }

    /// The kernel may take some milliseconds to register the process for barriers. So a writer that stores only once does
    /// without, and executes a barrier itself.
    #[cold]
    fn wake_slowly(&mut self) {
        self.guard.wake_slowly(self.fences);
        self.fences = match self.fences {
            Fences::BEFORE_FIRST_STORE => Fences::BEFORE_SECOND_STORE,
            Fences::BEFORE_SECOND_STORE => register_for_barriers(),
            decided => decided,
        };
    }

    /// Where the process's token is kept apart, or is another one.
    #[cold]
    #[inline(never)]
    #[track_caller]
    fn store_slowly(&mut self, value: &V) -> u64 {
        self.check_ours();
        self.publish(value)
    }

    /// Changes the newest value by `change`, and returns what `change` does. It works on a private copy: readers see the old
    /// value until it has returned, and if it panics nothing was changed.
    ///
    /// # Panics
    ///
    /// As [`store`](Self::store).
    #[track_caller]
    pub fn update<R>(&mut self, change: impl FnOnce(&mut V) -> R) -> R
    where
        V: AnyBits,
    {
        self.check_ours();
        let result = update_by(&self.guard, change);
        self.sequence = self.guard.sequence();
        self.wake();
        result
    }

    /// Changes the newest value, of any type, as [`update`](Self::update) does.
    ///
    /// # Errors
    ///
    /// [`InvalidValue`] if the newest value's bytes are no valid `V`: then `change` did not run.
    ///
    /// # Panics
    ///
    /// As [`store`](Self::store).
    #[track_caller]
    pub fn update_checked<R>(&mut self, change: impl FnOnce(&mut V) -> R) -> Result<R, InvalidValue> {
        self.check_ours();
        let result = update_checked_by(&self.guard, change)?;
        self.sequence = self.guard.sequence();
        self.wake();
        Ok(result)
    }

    /// The part that this writer stores to: for loading from it.
    #[must_use]
    pub fn part(&self) -> &'a Versioned<V> {
        self.part
    }

    #[inline(always)]
    #[track_caller]
    fn check_ours(&self) {
        if !self.guard.is_ours() {
            not_ours::<V>();
        }
    }
}

#[cold]
#[track_caller]
fn not_ours<V: ShmValue>() -> ! {
    panic!(
        "a process that was forked with a `Writer` of `{}` must not store with it: it is its parent's",
        Versioned::<V>::SCHEMA
    )
}

/// The token of the process that the kernel has registered for the barriers that waiters send.
static REGISTERED: AtomicU32 = AtomicU32::new(0);
/// The token of the process to which the kernel refused that.
static REFUSED: AtomicU32 = AtomicU32::new(0);

/// What is known before this process asks the kernel.
fn fences_so_far() -> Fences {
    let token = process::token();
    if REGISTERED.load(Acquire) == token {
        Fences::BY_WAITERS
    } else if REFUSED.load(Relaxed) == token {
        Fences::BY_WRITER
    } else {
        Fences::BEFORE_FIRST_STORE
    }
}

/// Registers this process with the kernel for the barriers that waiters send.
fn register_for_barriers() -> Fences {
    let (outcome, fences) =
        if membarrier::register() { (&REGISTERED, Fences::BY_WAITERS) } else { (&REFUSED, Fences::BY_WRITER) };
    outcome.store(process::token(), Release);
    fences
}

impl<V: DebugValue> fmt::Debug for Writer<'_, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Writer").field(self.part).finish()
    }
}
