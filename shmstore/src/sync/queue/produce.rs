//! Pushing.
//!
//! # Safety
//!
//! As `queue.rs`.
#![allow(unsafe_code)]

use std::slice;
use std::time::Duration;

use super::Queue;
use crate::error::PushError;
use crate::layout::ShmValue;
use crate::sync::backoff::Limit;
use crate::sync::copy::{Unit, copy_in, prepare_copy_in};

/// Pushes.
impl<V: ShmValue, const N: usize> Queue<V, N> {
    /// Pushes an item. Waits until a slot is free.
    ///
    /// For a value that is too large for the stack, use [`push_many`](Self::push_many) with a slice of one.
    ///
    /// # Errors
    ///
    /// - [`PushError::Removed`] and [`PushError::AnchorLost`] if the object or its anchor was removed during a wait.
    /// - [`PushError::Busy`] if this thread has the [`Producer`](super::Producer).
    #[inline]
    pub fn push(&self, value: V) -> Result<(), PushError> {
        self.push_within(Limit::Forever, slice::from_ref(&value)).map(drop)
    }

    /// Pushes an item if a slot is free. Never waits.
    ///
    /// ```
    /// use shmstore::error::PushError;
    /// use shmstore::Queue;
    ///
    /// let queue = Queue::<u64, 1>::new();
    /// queue.try_push(1)?;
    /// assert!(matches!(queue.try_push(2), Err(PushError::Full { .. })));
    /// # Ok::<(), shmstore::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// - [`PushError::Full`] if no slot is free.
    /// - [`PushError::Busy`] if another process or thread pushes or is the producer, or if this thread has the
    ///   [`Producer`](super::Producer).
    #[inline]
    pub fn try_push(&self, value: V) -> Result<(), PushError> {
        self.push_within(Limit::Never, slice::from_ref(&value)).map(drop)
    }

    /// Pushes an item. Waits for a free slot, for `timeout` at most.
    ///
    /// # Errors
    ///
    /// - [`PushError::Full`] once the time is over.
    /// - [`PushError::Busy`] if the producers' side was not free all that time.
    /// - [`PushError::Removed`] and [`PushError::AnchorLost`] as for [`push`](Self::push).
    pub fn push_timeout(&self, value: V, timeout: Duration) -> Result<(), PushError> {
        self.push_within(Limit::Within(timeout), slice::from_ref(&value)).map(drop)
    }

    /// Pushes all of `values`. Waits for free slots. As many items as fit are pushed under one lock, and items of other
    /// producers may come between.
    ///
    /// ```
    /// use shmstore::Queue;
    ///
    /// let queue = Queue::<u64, 4>::new();
    /// queue.push_many(&[1, 2, 3])?;
    /// assert_eq!(queue.len(), 3);
    /// assert_eq!(queue.try_push_many(&[4, 5, 6])?, 1); // never waits, and says how many it pushed
    /// # Ok::<(), shmstore::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`push`](Self::push). The first of the values may have been pushed.
    pub fn push_many(&self, values: &[V]) -> Result<(), PushError> {
        push_all(values, |rest| self.push_within(Limit::Forever, rest))
    }

    /// Pushes as many of `values` as there are free slots, from the first on, under one lock. Never waits. Returns the
    /// number of pushed values. It is 0 only if `values` is empty.
    ///
    /// # Errors
    ///
    /// As [`try_push`](Self::try_push).
    pub fn try_push_many(&self, values: &[V]) -> Result<usize, PushError> {
        self.push_within(Limit::Never, values)
    }

    /// Pushes as many of `values` as there are free slots, as [`try_push_many`](Self::try_push_many) does. Waits for a
    /// free slot, for `timeout` at most.
    ///
    /// # Errors
    ///
    /// As [`push_timeout`](Self::push_timeout).
    pub fn push_many_timeout(&self, values: &[V], timeout: Duration) -> Result<usize, PushError> {
        self.push_within(Limit::Within(timeout), values)
    }

    #[inline(always)]
    fn push_within(&self, limit: Limit, values: &[V]) -> Result<usize, PushError> {
        self.core().push(limit, values.len(), filler(values))
    }
}

/// Pushes all of `values`. `push` pushes the first of its argument, as many as there are free slots, and returns the
/// number.
pub(super) fn push_all<V>(
    values: &[V],
    mut push: impl FnMut(&[V]) -> Result<usize, PushError>,
) -> Result<(), PushError> {
    let mut rest = values;
    while !rest.is_empty() {
        rest = &rest[push(rest)?..];
    }
    Ok(())
}

/// Copies values into slots. The returned function gets the index of a value, and the memory for it.
#[inline(always)]
pub(super) fn filler<V: ShmValue>(values: &[V]) -> impl FnMut(usize, *mut Unit) + '_ {
    |at, slot| {
        prepare_copy_in::<V>(slot);
        // SAFETY: a slot of the queue, aligned, a whole number of units. The value is a V, which has no padding.
        unsafe { copy_in(&raw const values[at], slot) }
    }
}
