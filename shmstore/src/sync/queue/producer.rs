//! `Producer`: the exclusive producer of a queue.

use std::fmt;
use std::slice;
use std::time::Duration;

use super::Queue;
use super::produce::{filler, push_all};
use super::protocol::Place;
use crate::error::PushError;
use crate::layout::{DebugValue, ShmValue};
use crate::sync::backoff::{Left, Limit};
use crate::sync::describe::belongs_to_the_parent;
use crate::sync::side::Exclusive;
use crate::sync::waiting::in_turns;

/// Pushes to a [`Queue`] without a lock for each item, as its exclusive producer. [`Queue::producer`] returns it.
///
/// Until it is dropped, other producers wait. Consumers do not wait. If its process is killed, the next producer takes
/// over. A producer belongs to the thread that made it.
///
/// In a child of `fork` an inherited producer belongs to the parent. The child can only drop it.
///
/// ```
/// use shmstore::Queue;
///
/// let queue = Queue::<u64, 16>::new();
/// let mut producer = queue.producer();
/// for number in 0..10 {
///     producer.push(number)?;
/// }
/// assert!(queue.try_push(10).is_err()); // there is an exclusive producer
/// assert_eq!(queue.len(), 10);
/// # Ok::<(), shmstore::Error>(())
/// ```
#[must_use = "other producers wait until it is dropped, which is at once"]
pub struct Producer<'a, V: ShmValue, const N: usize> {
    pub(super) queue: &'a Queue<V, N>,
    /// The place at the tail. No other thread changes it.
    pub(super) place: Place,
    pub(super) side: Exclusive<'a>,
}

impl<V: ShmValue, const N: usize> Producer<'_, V, N> {
    /// Pushes an item: see [`Queue::push`].
    ///
    /// # Errors
    ///
    /// [`PushError::Removed`] and [`PushError::AnchorLost`] if the object or its anchor was removed during a wait.
    ///
    /// # Panics
    ///
    /// Panics in a process that was forked since the producer was made.
    #[inline]
    #[track_caller]
    pub fn push(&mut self, value: V) -> Result<(), PushError> {
        self.push_within(Limit::Forever, slice::from_ref(&value)).map(drop)
    }

    /// Pushes an item if a slot is free. Never waits.
    ///
    /// # Errors
    ///
    /// [`PushError::Full`] if no slot is free.
    ///
    /// # Panics
    ///
    /// Panics as [`push`](Self::push) does.
    #[inline]
    #[track_caller]
    pub fn try_push(&mut self, value: V) -> Result<(), PushError> {
        self.push_within(Limit::Never, slice::from_ref(&value)).map(drop)
    }

    /// Pushes an item. Waits for a free slot, for `timeout` at most.
    ///
    /// # Errors
    ///
    /// [`PushError::Full`] once the time is over, and the errors of [`push`](Self::push).
    ///
    /// # Panics
    ///
    /// Panics as [`push`](Self::push) does.
    #[track_caller]
    pub fn push_timeout(&mut self, value: V, timeout: Duration) -> Result<(), PushError> {
        self.push_within(Limit::Within(timeout), slice::from_ref(&value)).map(drop)
    }

    /// Pushes an item. Waits for a free slot, or until `keep_waiting` returns `false`: see [`Queue::push_while`].
    ///
    /// # Errors
    ///
    /// As [`push`](Self::push).
    ///
    /// # Panics
    ///
    /// Panics as [`push`](Self::push) does.
    #[track_caller]
    pub fn push_while(&mut self, value: V, keep_waiting: impl Fn() -> bool) -> Result<Option<()>, PushError> {
        in_turns(keep_waiting, |turn| self.push_timeout(value, turn))
    }

    /// Pushes all of `values`: see [`Queue::push_many`].
    ///
    /// # Errors
    ///
    /// As [`push`](Self::push). The first of the values may have been pushed.
    ///
    /// # Panics
    ///
    /// Panics as [`push`](Self::push) does.
    #[track_caller]
    pub fn push_many(&mut self, values: &[V]) -> Result<(), PushError> {
        push_all(values, |rest| self.push_within(Limit::Forever, rest))
    }

    /// Pushes as many of `values` as there are free slots. Never waits.
    ///
    /// # Errors
    ///
    /// As [`try_push`](Self::try_push).
    ///
    /// # Panics
    ///
    /// Panics as [`push`](Self::push) does.
    #[track_caller]
    pub fn try_push_many(&mut self, values: &[V]) -> Result<usize, PushError> {
        self.push_within(Limit::Never, values)
    }

    /// Pushes as many of `values` as there are free slots. Waits for `timeout` at most.
    ///
    /// # Errors
    ///
    /// As [`push_timeout`](Self::push_timeout).
    ///
    /// # Panics
    ///
    /// Panics as [`push`](Self::push) does.
    #[track_caller]
    pub fn push_many_timeout(&mut self, values: &[V], timeout: Duration) -> Result<usize, PushError> {
        self.push_within(Limit::Within(timeout), values)
    }

    #[inline(always)]
    #[track_caller]
    fn push_within(&mut self, limit: Limit, values: &[V]) -> Result<usize, PushError> {
        if !self.side.is_ours() {
            belongs_to_the_parent::<Queue<V, N>>("a `Producer`", "push with it");
        }
        let core = self.queue.core();
        let pushed = core.fill(&mut self.place, values.len(), &mut filler(values));
        if pushed > 0 || values.is_empty() {
            self.side.wake();
            return Ok(pushed);
        }
        self.push_slowly(limit, values)
    }

    #[cold]
    fn push_slowly(&mut self, limit: Limit, values: &[V]) -> Result<usize, PushError> {
        let core = self.queue.core();
        let mut left = Left::of(limit);
        loop {
            core.wait_for_room_at(self.place, &mut left)?;
            let pushed = core.fill(&mut self.place, values.len(), &mut filler(values));
            if pushed > 0 {
                self.side.wake();
                return Ok(pushed);
            }
        }
    }
}

impl<V: DebugValue, const N: usize> fmt::Debug for Producer<'_, V, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Producer").field(self.queue).finish()
    }
}
