//! `Producer` and `Consumer`: one side of a queue for one thread.
//!
//! # Safety
//!
//! As `queue.rs`.
#![allow(unsafe_code)]

use std::fmt;
use std::mem::MaybeUninit;
use std::slice;
use std::time::Duration;

use super::consume::{copier, pop_to};
use super::core::Core;
use super::produce::filler;
use super::protocol::Place;
use super::{Job, Queue};
use crate::error::{Busy, PopError, PushError};
use crate::layout::{DebugValue, ShmLayout, ShmValue};
use crate::sync::backoff::{Left, Limit};
use crate::sync::copy::Unit;
use crate::sync::side::{Exclusive, Side};
use crate::value::bits;

/// Exclusive producers and consumers.
impl<V: ShmValue, const N: usize> Queue<V, N> {
    /// Makes this thread the exclusive producer. Waits until no other thread pushes or is the producer.
    ///
    /// # Panics
    ///
    /// Panics if this thread has a [`Producer`] of the queue. It would wait for itself.
    #[track_caller]
    pub fn producer(&self) -> Producer<'_, V, N> {
        expect(self.producer_within(Limit::Forever))
    }

    /// Makes this thread the exclusive producer unless another one pushes or is the producer. Never waits.
    ///
    /// # Errors
    ///
    /// [`Busy`] if another process or thread has the producers' side.
    pub fn try_producer(&self) -> Result<Producer<'_, V, N>, Busy> {
        self.producer_within(Limit::Never)
    }

    /// Makes this thread the exclusive producer. Waits for `timeout` at most.
    ///
    /// # Errors
    ///
    /// [`Busy`] once the time is over, or at once if this thread has the producers' side.
    pub fn producer_timeout(&self, timeout: Duration) -> Result<Producer<'_, V, N>, Busy> {
        self.producer_within(Limit::Within(timeout))
    }

    /// Makes this thread the exclusive consumer. Waits until no other thread pops, takes or is the consumer.
    ///
    /// # Panics
    ///
    /// Panics if this thread has a [`Consumer`] of the queue. It would wait for itself.
    #[track_caller]
    pub fn consumer(&self) -> Consumer<'_, V, N> {
        expect(self.consumer_within(Limit::Forever))
    }

    /// Makes this thread the exclusive consumer unless another one pops, takes or is the consumer. Never waits.
    ///
    /// # Errors
    ///
    /// [`Busy`] if another process or thread has the consumers' side.
    pub fn try_consumer(&self) -> Result<Consumer<'_, V, N>, Busy> {
        self.consumer_within(Limit::Never)
    }

    /// Makes this thread the exclusive consumer. Waits for `timeout` at most.
    ///
    /// # Errors
    ///
    /// [`Busy`] once the time is over, or at once if this thread has the consumers' side.
    pub fn consumer_timeout(&self, timeout: Duration) -> Result<Consumer<'_, V, N>, Busy> {
        self.consumer_within(Limit::Within(timeout))
    }

    fn producer_within(&self, limit: Limit) -> Result<Producer<'_, V, N>, Busy> {
        let core = self.core();
        let side = exclusive(&core, &core.producers.side, limit)?;
        Ok(Producer { queue: self, place: core.place_of_producers(), side })
    }

    fn consumer_within(&self, limit: Limit) -> Result<Consumer<'_, V, N>, Busy> {
        let core = self.core();
        let side = exclusive(&core, &core.consumers.side, limit)?;
        Ok(Consumer { queue: self, place: core.place_of_consumers(), side })
    }
}

fn exclusive<'a>(core: &Core<'a>, side: &'a Side, limit: Limit) -> Result<Exclusive<'a>, Busy> {
    core.lock(side, limit).map(Exclusive::new)
}

#[track_caller]
fn expect<T>(taken: Result<T, Busy>) -> T {
    match taken {
        Ok(taken) => taken,
        Err(busy) => panic!("{busy}"),
    }
}

/// Pushes to a [`Queue`] without a lock for each item, as its exclusive producer. [`Queue::producer`] returns it.
///
/// Until it is dropped, other producers wait. Consumers do not wait. If its process is killed, the next producer takes
/// over. It belongs to the thread that made it.
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
pub struct Producer<'a, V: ShmValue, const N: usize> {
    queue: &'a Queue<V, N>,
    /// The place at the tail. No other thread changes it.
    place: Place,
    side: Exclusive<'a>,
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

    /// Pushes an item if there is room. Never waits.
    ///
    /// # Errors
    ///
    /// [`PushError::Full`] if there is no room.
    ///
    /// # Panics
    ///
    /// Panics as [`push`](Self::push) does.
    #[inline]
    #[track_caller]
    pub fn try_push(&mut self, value: V) -> Result<(), PushError> {
        self.push_within(Limit::Never, slice::from_ref(&value)).map(drop)
    }

    /// Pushes an item. Waits until there is room. The limit is `timeout`.
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

    /// Pushes the first of `values`, as many as have room: see [`Queue::push_many`].
    ///
    /// # Errors
    ///
    /// As [`push`](Self::push).
    ///
    /// # Panics
    ///
    /// Panics as [`push`](Self::push) does.
    #[track_caller]
    pub fn push_many(&mut self, values: &[V]) -> Result<usize, PushError> {
        self.push_within(Limit::Forever, values)
    }

    /// Pushes the first of `values`, as many as have room. Never waits.
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

    /// Pushes the first of `values`, as many as have room. Waits for `timeout` at most.
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
            not_ours::<V, N>("Producer", "push with it");
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
            core.wait_for_room(&mut left)?;
            let pushed = core.fill(&mut self.place, values.len(), &mut filler(values));
            if pushed > 0 {
                self.side.wake();
                return Ok(pushed);
            }
        }
    }
}

/// Pops and takes from a [`Queue`] without a lock for each item, as its exclusive consumer. [`Queue::consumer`] returns
/// it.
///
/// Until it is dropped, other consumers wait. Producers do not wait. If its process is killed, the next consumer takes
/// over. It belongs to the thread that made it. Its [`Job`]s do not.
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
pub struct Consumer<'a, V: ShmValue, const N: usize> {
    queue: &'a Queue<V, N>,
    /// The place at the cursor. No other thread changes it.
    place: Place,
    side: Exclusive<'a>,
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

    /// Pops the oldest item. Waits until there is one. The limit is `timeout`.
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

    /// Pops up to `limit` items, as many as there are: see [`Queue::pop_many`].
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

    /// Pops up to `limit` items, as many as there are. Never waits.
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

    /// Pops up to `limit` items, as many as there are. Waits for `timeout` at most.
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

    /// Takes the oldest item. Waits until there is one. The limit is `timeout`.
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
                core.wait_for_item(&mut left)?;
                popped = core.drain(&mut self.place, most, copy);
            }
        }
        self.side.wake();
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
                    core.reap_now_and_then(self.place);
                    return Job::new(self.queue, taken, token);
                }
                None => core.wait_for_item(&mut left)?,
            }
        }
    }

    #[inline(always)]
    #[track_caller]
    fn check_ours(&self) {
        if !self.side.is_ours() {
            not_ours::<V, N>("Consumer", "pop with it");
        }
    }
}

#[cold]
#[track_caller]
fn not_ours<V: ShmValue, const N: usize>(what: &str, must_not: &str) -> ! {
    panic!(
        "a process that was forked with a `{what}` of `{}` must not {must_not}. It belongs to the parent",
        Queue::<V, N>::SCHEMA
    )
}

impl<V: DebugValue, const N: usize> fmt::Debug for Producer<'_, V, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Producer").field(self.queue).finish()
    }
}

impl<V: DebugValue, const N: usize> fmt::Debug for Consumer<'_, V, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Consumer").field(self.queue).finish()
    }
}
