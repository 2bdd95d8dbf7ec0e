//! `Writer`: the exclusive writer of a `Versioned`.

use std::fmt;
use std::time::Duration;

use super::Versioned;
use super::store::{update_by, update_checked_by};
use crate::error::{Busy, InvalidValue};
use crate::layout::{AnyBits, DebugValue, ShmValue};
use crate::sync::backoff::Limit;
use crate::sync::describe::belongs_to_the_parent;
use crate::sync::seqlock;
use crate::sync::side::Fences;
use crate::sync::thread_mark::ThreadMark;
use crate::sync::value_ref::WriteGuard;
use crate::sys::failpoint::{self, Step};

/// Stores to a [`Versioned`] many times under one lock, as its exclusive writer. [`Versioned::writer`] returns it.
///
/// Until it is dropped, all other writers wait. Readers do not wait. Each store wakes the processes that
/// [wait](Versioned::wait_newer) for it. If its process is killed, the last version stays, and the next writer takes
/// over. It belongs to the thread that made it.
///
/// In a child of `fork` an inherited writer belongs to the parent. The child can only drop it.
///
/// ```
/// use shmstore::Versioned;
///
/// let price = Versioned::<[f64; 2]>::default();
/// let mut feed = price.writer();
/// for tick in 0..1_000 {
///     feed.store([f64::from(tick), 1.0]);
/// }
/// assert!(price.try_writer().is_err()); // there is an exclusive writer
/// assert_eq!(price.load_versioned(), (1_000, [999.0, 1.0]));
/// ```
pub struct Writer<'a, V: ShmValue> {
    // Dropped before `guard`, so that the mark is there only while this thread has the lock.
    _mark: ThreadMark<'a>,
    guard: WriteGuard<'a, V>,
    /// The sequence number. So no store has to load the number that the store before it wrote.
    sequence: u64,
    /// The origin of the full barrier after each store.
    fences: Fences,
}

/// Exclusive writers.
impl<V: ShmValue> Versioned<V> {
    /// Makes this thread the exclusive writer. Waits until no other writer has the part.
    ///
    /// The second store of the first writer in a process may take some milliseconds.
    ///
    /// # Panics
    ///
    /// Panics as [`store`](Self::store) does.
    #[track_caller]
    pub fn writer(&self) -> Writer<'_, V> {
        Writer::new(self.write_guard())
    }

    /// Makes this thread the exclusive writer unless another writer has the part. Never waits.
    ///
    /// ```
    /// use shmstore::error::Busy;
    /// use shmstore::Versioned;
    ///
    /// /// Stores a value if that takes no wait.
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
    /// [`Busy`] if another writer has the part. A part of a dead process is taken over.
    pub fn try_writer(&self) -> Result<Writer<'_, V>, Busy> {
        self.write_guard_within(Limit::Never).map(Writer::new)
    }

    /// Makes this thread the exclusive writer. Waits until no other writer has the part. The limit is `timeout`.
    ///
    /// # Errors
    ///
    /// [`Busy`] once the time is over, or at once if this thread has the part.
    pub fn writer_timeout(&self, timeout: Duration) -> Result<Writer<'_, V>, Busy> {
        self.write_guard_within(Limit::Within(timeout)).map(Writer::new)
    }
}

impl<'a, V: ShmValue> Writer<'a, V> {
    pub(in crate::sync) fn new(guard: WriteGuard<'a, V>) -> Self {
        failpoint::reach(Step::WriterBegun);
        let sequence = guard.sequence();
        Self { _mark: guard.held().mark_thread(), guard, sequence, fences: Fences::so_far() }
    }

    /// Makes `value` the newest version, and returns its number.
    ///
    /// For a value that is too large for the stack, use [`store_from`](Self::store_from).
    ///
    /// # Panics
    ///
    /// Panics in a process that was forked since the writer was made.
    #[inline]
    #[track_caller]
    pub fn store(&mut self, value: V) -> u64 {
        self.store_from(&value)
    }

    /// Makes a copy of `*value` the newest version, and returns its number. For values too large for the stack.
    ///
    /// # Panics
    ///
    /// Panics as [`store`](Self::store) does.
    #[inline]
    #[track_caller]
    pub fn store_from(&mut self, value: &V) -> u64 {
        // There is no call before the copy, because it would cost the fast path some registers.
        if self.guard.held().is_ours_by_word() { self.publish(value) } else { self.store_slowly(value) }
    }

    #[inline(always)]
    fn publish(&mut self, value: &V) -> u64 {
        let version = self.guard.publish_after(&mut self.sequence, value);
        self.wake();
        version
    }

    #[inline(always)]
    fn wake(&mut self) {
        if !self.guard.held().wake(self.fences) {
            self.guard.wake_slowly(&mut self.fences);
        }
    }

    /// The slow path: the process's token is not in its page, or is another one.
    #[cold]
    #[inline(never)]
    #[track_caller]
    fn store_slowly(&mut self, value: &V) -> u64 {
        self.check_ours();
        self.publish(value)
    }

    /// Changes the newest value by `change`, and returns the result of `change`.
    ///
    /// `change` works on a private copy. Readers see the old value until it has returned. If it panics, nothing has
    /// changed.
    ///
    /// # Panics
    ///
    /// Panics as [`store`](Self::store) does.
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

    /// Changes the newest value as [`update`](Self::update) does. For types that have invalid bits.
    ///
    /// # Errors
    ///
    /// [`InvalidValue`] if the bytes of the newest value are not a valid `V`. Then `change` did not run.
    ///
    /// # Panics
    ///
    /// Panics as [`store`](Self::store) does.
    #[track_caller]
    pub fn update_checked<R>(&mut self, change: impl FnOnce(&mut V) -> R) -> Result<R, InvalidValue> {
        self.check_ours();
        let result = update_checked_by(&self.guard, change)?;
        self.sequence = self.guard.sequence();
        self.wake();
        Ok(result)
    }

    /// Returns the number of the newest version.
    #[must_use]
    pub fn version(&self) -> u64 {
        seqlock::version(self.sequence)
    }

    #[inline(always)]
    #[track_caller]
    fn check_ours(&self) {
        if !self.guard.held().is_ours() {
            belongs_to_the_parent::<V>("a `Writer`", "store with it");
        }
    }
}

impl<V: DebugValue> fmt::Debug for Writer<'_, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Writer").field("version", &self.version()).finish_non_exhaustive()
    }
}
