//! `Consumer`: the exclusive consumer of a queue.
//!
//! # Safety
//!
//! As `queue.rs`.
#![allow(unsafe_code)]

use std::fmt;
use std::mem::MaybeUninit;
use std::time::Duration;

use super::consume::{copier, pop_to};
use super::protocol::Place;
use super::{Job, Queue};
use crate::error::PopError;
use crate::layout::{DebugValue, ShmValue};
use crate::sync::backoff::{Left, Limit};
use crate::sync::copy::Unit;
use crate::sync::describe::belongs_to_the_parent;
use crate::sync::side::Exclusive;
use crate::sync::waiting::in_turns;
use crate::value::bits;

/// Pops and takes from a [`Queue`] without a lock for each item, as its exclusive consumer. [`Queue::consumer`] returns
/// it.
///
/// Until it is dropped, other consumers wait. Producers do not wait. If its process is killed, the next consumer takes
/// over. A consumer belongs to the thread that made it, but its [`Job`]s belong to the process.
///
/// In a child of `fork` an inherited consumer belongs to the parent. The child can only drop it.
///
/// ```
/// use shmstore::Queue;
///
/// let queue = Queue::<u64, 16>::new();
/// queue.push_many(&[1, 2])?;
/// let mut consumer = queue.consumer();
/// assert_eq!(consumer.pop()?, 1);
/// assert!(queue.try_pop().is_err()); // there is an exclusive consumer
/// assert_eq!(consumer.pop()?, 2);
/// # Ok::<(), shmstore::Error>(())
/// ```
#[must_use = "other consumers wait until it is dropped, which is at once"]
pub struct Consumer<'a, V: ShmValue, const N: usize> {
    pub(super) queue: &'a Queue<V, N>,
    /// The place at the cursor. No other thread changes it.
    pub(super) place: Place,
    pub(super) side: Exclusive<'a>,
}

impl<'a, V: ShmValue, const N: usize> Consumer<'a, V, N> {
    /// Pops the oldest item: see [`Queue::pop`].
    ///
    /// # Errors
    ///
    /// As [`Queue::pop`], without [`PopError::Busy`].
    ///
    /// # Panics
    ///
    /// Panics in a process that was forked since the consumer was made.
    #[inline]
    #[track_caller]
    pub fn pop(&mut self) -> Result<V, PopError> {
        self.pop_within(Limit::Forever)
    }

    /// Pops the oldest item if there is one. Never waits.
    ///
    /// # Errors
    ///
    /// [`PopError::Empty`] if there is no item, and [`PopError::InvalidValue`].
    ///
    /// # Panics
    ///
    /// Panics as [`pop`](Self::pop) does.
    #[inline]
    #[track_caller]
    pub fn try_pop(&mut self) -> Result<V, PopError> {
        self.pop_within(Limit::Never)
    }

    /// Pops the oldest item. Waits for one, for `timeout` at most.
    ///
    /// # Errors
    ///
    /// [`PopError::Empty`] once the time is over, and the errors of [`pop`](Self::pop).
    ///
    /// # Panics
    ///
    /// Panics as [`pop`](Self::pop) does.
    #[track_caller]
    pub fn pop_timeout(&mut self, timeout: Duration) -> Result<V, PopError> {
        self.pop_within(Limit::Within(timeout))
    }

    /// Pops the oldest item. Waits for one, or until `keep_waiting` returns `false`: see [`Queue::pop_while`].
    ///
    /// # Errors
    ///
    /// As [`pop`](Self::pop).
    ///
    /// # Panics
    ///
    /// Panics as [`pop`](Self::pop) does.
    #[track_caller]
    pub fn pop_while(&mut self, keep_waiting: impl Fn() -> bool) -> Result<Option<V>, PopError> {
        in_turns(keep_waiting, |turn| self.pop_timeout(turn))
    }

    /// Takes the oldest item as a [`Job`]. Waits for one, or until `keep_waiting` returns `false`: see
    /// [`Queue::take_while`].
    ///
    /// # Errors
    ///
    /// As [`pop`](Self::pop).
    ///
    /// # Panics
    ///
    /// Panics as [`pop`](Self::pop) does.
    #[track_caller]
    pub fn take_while(&mut self, keep_waiting: impl Fn() -> bool) -> Result<Option<Job<'a, V, N>>, PopError> {
        in_turns(keep_waiting, |turn| self.take_timeout(turn))
    }

    /// Pops as many items as wait, up to `limit`: see [`Queue::pop_many`].
    ///
    /// # Errors
    ///
    /// As [`pop`](Self::pop).
    ///
    /// # Panics
    ///
    /// Panics as [`pop`](Self::pop) does.
    #[track_caller]
    pub fn pop_many(&mut self, items: &mut Vec<V>, limit: usize) -> Result<usize, PopError> {
        self.pop_many_within(Limit::Forever, items, limit)
    }

    /// Pops as many items as wait, up to `limit`. Never waits.
    ///
    /// # Errors
    ///
    /// As [`try_pop`](Self::try_pop).
    ///
    /// # Panics
    ///
    /// Panics as [`pop`](Self::pop) does.
    #[track_caller]
    pub fn try_pop_many(&mut self, items: &mut Vec<V>, limit: usize) -> Result<usize, PopError> {
        self.pop_many_within(Limit::Never, items, limit)
    }

    /// Pops as many items as wait, up to `limit`. Waits for `timeout` at most.
    ///
    /// # Errors
    ///
    /// As [`pop_timeout`](Self::pop_timeout).
    ///
    /// # Panics
    ///
    /// Panics as [`pop`](Self::pop) does.
    #[track_caller]
    pub fn pop_many_timeout(&mut self, items: &mut Vec<V>, limit: usize, timeout: Duration) -> Result<usize, PopError> {
        self.pop_many_within(Limit::Within(timeout), items, limit)
    }

    /// Takes the oldest item as a [`Job`]: see [`Queue::take`].
    ///
    /// # Errors
    ///
    /// As [`pop`](Self::pop).
    ///
    /// # Panics
    ///
    /// Panics as [`pop`](Self::pop) does.
    #[inline]
    #[track_caller]
    pub fn take(&mut self) -> Result<Job<'a, V, N>, PopError> {
        self.take_within(Limit::Forever)
    }

    /// Takes the oldest item if there is one. Never waits.
    ///
    /// # Errors
    ///
    /// As [`try_pop`](Self::try_pop).
    ///
    /// # Panics
    ///
    /// Panics as [`pop`](Self::pop) does.
    #[inline]
    #[track_caller]
    pub fn try_take(&mut self) -> Result<Job<'a, V, N>, PopError> {
        self.take_within(Limit::Never)
    }

    /// Takes the oldest item. Waits for one, for `timeout` at most.
    ///
    /// # Errors
    ///
    /// As [`pop_timeout`](Self::pop_timeout).
    ///
    /// # Panics
    ///
    /// Panics as [`pop`](Self::pop) does.
    #[track_caller]
    pub fn take_timeout(&mut self, timeout: Duration) -> Result<Job<'a, V, N>, PopError> {
        self.take_within(Limit::Within(timeout))
    }

    #[inline(always)]
    #[track_caller]
    fn pop_within(&mut self, limit: Limit) -> Result<V, PopError> {
        let mut value = MaybeUninit::uninit();
        self.drain(limit, 1, &mut copier(&mut value))?;
        // SAFETY: an item was popped, so all bytes were copied.
        unsafe { bits::checked(value) }.map_err(PopError::InvalidValue)
    }

    #[track_caller]
    fn pop_many_within(&mut self, limit: Limit, items: &mut Vec<V>, most: usize) -> Result<usize, PopError> {
        let most = most.min(self.queue.len().max(1));
        self.check_ours();
        pop_to(items, most, |most, mut copy| self.drain(limit, most, &mut copy))
    }

    #[inline(always)]
    #[track_caller]
    fn drain(
        &mut self,
        limit: Limit,
        most: usize,
        copy: &mut impl FnMut(usize, *const Unit),
    ) -> Result<usize, PopError> {
        self.check_ours();
        let core = self.queue.core();
        let mut popped = core.drain(&mut self.place, most, copy);
        if popped == 0 && most > 0 {
            let mut left = Left::of(limit);
            while popped == 0 {
                core.wait_for_item_at(self.place, &mut left)?;
                popped = core.drain(&mut self.place, most, copy);
            }
        }
        self.side.wake();
        core.reap_if_due(self.place);
        Ok(popped)
    }

    #[inline(always)]
    #[track_caller]
    fn take_within(&mut self, limit: Limit) -> Result<Job<'a, V, N>, PopError> {
        self.check_ours();
        let core = self.queue.core();
        let mut left = Left::of(limit);
        loop {
            let token = self.side.token();
            match core.consumers.delivery().take(&core.ring, &mut self.place, token) {
                Some(taken) => {
                    core.reap_if_due(self.place);
                    return Job::new(self.queue, taken, token);
                }
                None => core.wait_for_item_at(self.place, &mut left)?,
            }
        }
    }

    #[inline(always)]
    #[track_caller]
    fn check_ours(&self) {
        if !self.side.is_ours() {
            belongs_to_the_parent::<Queue<V, N>>("a `Consumer`", "pop with it");
        }
    }
}

impl<V: DebugValue, const N: usize> fmt::Debug for Consumer<'_, V, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Consumer").field(self.queue).finish()
    }
}
