//! Popping and taking.
//!
//! # Safety
//!
//! As `queue.rs`.
#![allow(unsafe_code)]

use std::mem::MaybeUninit;
use std::time::Duration;

use super::{Job, Queue};
use crate::error::PopError;
use crate::layout::ShmValue;
use crate::sync::backoff::Limit;
use crate::sync::copy::{Unit, copy_out};
use crate::value::bits;

/// Pops: an item is delivered at most once.
impl<V: ShmValue, const N: usize> Queue<V, N> {
    /// Pops the oldest item. Waits until there is one.
    ///
    /// For a value that is too large for the stack, use [`pop_many`](Self::pop_many) with a limit of one.
    ///
    /// # Errors
    ///
    /// - [`PopError::InvalidValue`] if the bytes of the item are not a valid `V`. The item is consumed.
    /// - [`PopError::Removed`] and [`PopError::AnchorLost`] if the object or its anchor was removed during a wait.
    /// - [`PopError::Busy`] if this thread has the [`Consumer`](super::Consumer).
    #[inline]
    pub fn pop(&self) -> Result<V, PopError> {
        self.pop_within(Limit::Forever)
    }

    /// Pops the oldest item if there is one. Never waits.
    ///
    /// # Errors
    ///
    /// - [`PopError::Empty`] if there is no item.
    /// - [`PopError::Busy`] if another process or thread pops, takes or is the consumer, or if this thread has the
    ///   [`Consumer`](super::Consumer).
    /// - [`PopError::InvalidValue`] as for [`pop`](Self::pop).
    #[inline]
    pub fn try_pop(&self) -> Result<V, PopError> {
        self.pop_within(Limit::Never)
    }

    /// Pops the oldest item. Waits for one, for `timeout` at most.
    ///
    /// # Errors
    ///
    /// - [`PopError::Empty`] once the time is over.
    /// - [`PopError::Busy`] if the consumers' side was not free all that time.
    /// - [`PopError::InvalidValue`], [`PopError::Removed`] and [`PopError::AnchorLost`] as for [`pop`](Self::pop).
    pub fn pop_timeout(&self, timeout: Duration) -> Result<V, PopError> {
        self.pop_within(Limit::Within(timeout))
    }

    /// Pops as many items as wait, up to `limit`, under one lock, and appends them to `items`. Waits until there is at
    /// least one. Returns the number of popped items. It is 0 only if `limit` is 0.
    ///
    /// ```
    /// use shmstore::Queue;
    ///
    /// let queue = Queue::<u64, 4>::new();
    /// queue.push_many(&[1, 2, 3])?;
    /// let mut items = Vec::new();
    /// assert_eq!(queue.pop_many(&mut items, 10)?, 3);
    /// assert_eq!(items, [1, 2, 3]);
    /// # Ok::<(), shmstore::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`pop`](Self::pop). With [`PopError::InvalidValue`], the other popped items are still appended.
    pub fn pop_many(&self, items: &mut Vec<V>, limit: usize) -> Result<usize, PopError> {
        self.pop_many_within(Limit::Forever, items, limit)
    }

    /// Pops up to `limit` items as [`pop_many`](Self::pop_many) does. Never waits.
    ///
    /// # Errors
    ///
    /// As [`try_pop`](Self::try_pop).
    pub fn try_pop_many(&self, items: &mut Vec<V>, limit: usize) -> Result<usize, PopError> {
        self.pop_many_within(Limit::Never, items, limit)
    }

    /// Pops up to `limit` items as [`pop_many`](Self::pop_many) does. Waits for `timeout` at most.
    ///
    /// # Errors
    ///
    /// As [`pop_timeout`](Self::pop_timeout).
    pub fn pop_many_timeout(&self, items: &mut Vec<V>, limit: usize, timeout: Duration) -> Result<usize, PopError> {
        self.pop_many_within(Limit::Within(timeout), items, limit)
    }

    #[inline(always)]
    fn pop_within(&self, limit: Limit) -> Result<V, PopError> {
        let mut value = MaybeUninit::uninit();
        self.core().pop(limit, 1, copier(&mut value))?;
        // SAFETY: an item was popped, so all bytes were copied.
        unsafe { bits::checked(value) }.map_err(PopError::InvalidValue)
    }

    fn pop_many_within(&self, limit: Limit, items: &mut Vec<V>, most: usize) -> Result<usize, PopError> {
        pop_to(items, most.min(self.len().max(1)), |most, copy| self.core().pop(limit, most, copy))
    }
}

/// Takes: an item is delivered at least once.
impl<V: ShmValue, const N: usize> Queue<V, N> {
    /// Takes the oldest item as a [`Job`]. Waits until there is one. The job keeps the item until it is
    /// [done](Job::done) or dropped.
    ///
    /// ```
    /// use shmstore::Queue;
    ///
    /// let queue = Queue::<u64, 4>::new();
    /// queue.push(7)?;
    /// drop(queue.take()?); // the item is returned
    ///
    /// let job = queue.take()?;
    /// assert_eq!((*job, job.deliveries()), (7, 2));
    /// job.done()?;
    /// assert!(queue.try_take().is_err());
    /// # Ok::<(), shmstore::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`pop`](Self::pop).
    #[inline]
    pub fn take(&self) -> Result<Job<'_, V, N>, PopError> {
        self.take_within(Limit::Forever)
    }

    /// Takes the oldest item if there is one. Never waits.
    ///
    /// # Errors
    ///
    /// As [`try_pop`](Self::try_pop).
    #[inline]
    pub fn try_take(&self) -> Result<Job<'_, V, N>, PopError> {
        self.take_within(Limit::Never)
    }

    /// Takes the oldest item. Waits for one, for `timeout` at most.
    ///
    /// # Errors
    ///
    /// As [`pop_timeout`](Self::pop_timeout).
    pub fn take_timeout(&self, timeout: Duration) -> Result<Job<'_, V, N>, PopError> {
        self.take_within(Limit::Within(timeout))
    }

    #[inline(always)]
    fn take_within(&self, limit: Limit) -> Result<Job<'_, V, N>, PopError> {
        let (taken, token) = self.core().take(limit)?;
        Job::new(self, taken, token)
    }
}

/// Copies the item out of a slot.
#[inline(always)]
pub(super) fn copier<V: ShmValue>(value: &mut MaybeUninit<V>) -> impl FnMut(usize, *const Unit) + '_ {
    |_, slot| {
        // SAFETY: a slot of the queue, aligned, a whole number of units. `value` has room for a V.
        unsafe { copy_out(slot, value.as_mut_ptr()) }
    }
}

/// Copies up to `most` items by `pop`, and appends those that are valid values.
pub(super) fn pop_to<V: ShmValue>(
    items: &mut Vec<V>,
    most: usize,
    pop: impl FnOnce(usize, &mut dyn FnMut(usize, *const Unit)) -> Result<usize, PopError>,
) -> Result<usize, PopError> {
    items.reserve(most);
    let before = items.len();
    let room = &mut items.spare_capacity_mut()[..most];
    let popped = pop(most, &mut |at, slot| {
        // SAFETY: a slot of the queue, aligned, a whole number of units. `room[at]` has room for a V.
        unsafe { copy_out(slot, room[at].as_mut_ptr()) }
    })?;
    let mut invalid = None;
    for at in before..before + popped {
        let offset = at - items.len();
        let item = items.spare_capacity_mut()[offset];
        // SAFETY: this item was popped, so all bytes were copied. The `push` below writes at this offset, or before it.
        match unsafe { bits::checked(item) } {
            Ok(value) => items.push(value),
            Err(error) => invalid = Some(error),
        }
    }
    invalid.map_or(Ok(popped), |invalid| Err(PopError::InvalidValue(invalid)))
}
