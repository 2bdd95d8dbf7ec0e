//! Waits for an item and for a free slot: those of tasks, of many things, and those that a flag ends.

use std::fmt;
use std::future::Future;
use std::hint::spin_loop;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use super::conditions::{FreeSlot, Items};
use super::{Job, Queue};
use crate::error::{Busy, Holder, PopError, PushError, WaitError};
use crate::layout::ShmValue;
use crate::sync::waiting::{Ended, Pending, Waitable, awaitable, in_turns};

/// A wait for an item of a [`Queue`]. [`Queue::not_empty`] returns it.
#[must_use = "a wait does nothing unless it is awaited, or passed to `wait_any`"]
pub struct NotEmpty<'a> {
    aim: Items<'a>,
    pending: Pending,
}

/// A wait for a free slot of a [`Queue`]. [`Queue::not_full`] returns it.
#[must_use = "a wait does nothing unless it is awaited, or passed to `wait_any`"]
pub struct NotFull<'a> {
    aim: FreeSlot<'a>,
    pending: Pending,
}

awaitable!(['a] NotEmpty<'a>, Items<'a>, ());
awaitable!(['a] NotFull<'a>, FreeSlot<'a>, ());

/// Waits of tasks and of [`wait_any`](crate::wait_any), and waits that a flag ends.
impl<V: ShmValue, const N: usize> Queue<V, N> {
    /// Returns a wait for an item, for [`wait_any`](crate::wait_any) and `.await`. Another consumer may take the item
    /// first, so pop or take it by `try_…`, and be ready for [`PopError::Empty`].
    ///
    /// ```
    /// use shmstore::{Queue, wait_any};
    /// use std::time::Duration;
    ///
    /// let (urgent, others) = (Queue::<u64, 8>::new(), Queue::<u64, 8>::new());
    /// others.push(7)?;
    /// let ready = wait_any(&[&urgent.not_empty(), &others.not_empty()], Duration::from_secs(1))?;
    /// let queue = if ready.contains(0) { &urgent } else { &others };
    /// assert_eq!(queue.try_pop()?, 7);
    /// # Ok::<(), shmstore::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The future returns [`WaitError::Removed`], [`WaitError::AnchorLost`] and [`WaitError::NoThread`].
    pub fn not_empty(&self) -> NotEmpty<'_> {
        NotEmpty::of(Items(self.core()))
    }

    /// Returns a wait for a free slot, for [`wait_any`](crate::wait_any) and `.await`. Another producer may use the
    /// slot first, so push by `try_…`, and be ready for [`PushError::Full`].
    ///
    /// # Errors
    ///
    /// As for [`not_empty`](Self::not_empty).
    pub fn not_full(&self) -> NotFull<'_> {
        NotFull::of(FreeSlot(self.core()))
    }

    /// Returns a future that pops the oldest item, once there is one. If it is dropped before that, no item is popped.
    ///
    /// While another thread or process pops, takes or is the consumer, the task tries again about every millisecond.
    ///
    /// ```
    /// use shmstore::Queue;
    ///
    /// # pollster::block_on(async {
    /// let queue = Queue::<u64, 4>::new();
    /// queue.push_async(7).await?;
    /// assert_eq!(queue.pop_async().await?, 7);
    /// # Ok::<(), shmstore::Error>(()) }).unwrap();
    /// ```
    ///
    /// # Errors
    ///
    /// The future returns the errors of [`pop`](Self::pop), and [`PopError::NoThread`].
    pub fn pop_async(&self) -> Pop<'_, V, N> {
        Pop { queue: self, pending: Pending::default() }
    }

    /// Returns a future that takes the oldest item as a [`Job`], once there is one. If it is dropped before that, no
    /// item is taken. If the job is dropped before [`Job::done`], the item returns to the queue.
    ///
    /// ```
    /// use shmstore::Queue;
    ///
    /// # pollster::block_on(async {
    /// let jobs = Queue::<u64, 4>::new();
    /// jobs.push(7)?; // most often another process
    /// let job = jobs.take_async().await?;
    /// assert_eq!(*job, 7);
    /// job.done()?;
    /// # Ok::<(), shmstore::Error>(()) }).unwrap();
    /// ```
    ///
    /// # Errors
    ///
    /// The future returns the errors of [`take`](Self::take), and [`PopError::NoThread`].
    pub fn take_async(&self) -> Take<'_, V, N> {
        Take { queue: self, pending: Pending::default() }
    }

    /// Returns a future that pushes an item, once there is a free slot. If it is dropped before that, nothing is
    /// pushed.
    ///
    /// # Errors
    ///
    /// The future returns the errors of [`push`](Self::push), and [`PushError::NoThread`].
    pub fn push_async(&self, value: V) -> Push<'_, V, N> {
        Push { queue: self, value, pending: Pending::default() }
    }

    /// Pops the oldest item. Waits until there is one, or until soon after `keep_waiting` returns `false`, which is
    /// called first, and then every 5 ms. Then it returns `None`.
    ///
    /// ```
    /// use shmstore::Queue;
    /// use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
    ///
    /// static RUNNING: AtomicBool = AtomicBool::new(true); // a signal handler stores `false`
    /// let queue = Queue::<u64, 4>::new();
    /// # queue.push(7)?;
    /// while let Some(item) = queue.pop_while(|| RUNNING.load(Relaxed))? {
    ///     println!("{item}");
    /// #   RUNNING.store(false, Relaxed);
    /// }
    /// # Ok::<(), shmstore::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`pop`](Self::pop).
    pub fn pop_while(&self, keep_waiting: impl Fn() -> bool) -> Result<Option<V>, PopError> {
        in_turns(keep_waiting, |turn| self.pop_timeout(turn))
    }

    /// Takes the oldest item as a [`Job`]. Waits as [`pop_while`](Self::pop_while) does.
    ///
    /// # Errors
    ///
    /// As [`take`](Self::take).
    pub fn take_while(&self, keep_waiting: impl Fn() -> bool) -> Result<Option<Job<'_, V, N>>, PopError> {
        in_turns(keep_waiting, |turn| self.take_timeout(turn))
    }

    /// Pushes an item. Waits until there is a free slot, or until soon after `keep_waiting` returns `false`. Then it
    /// returns `None`, and the item was not pushed.
    ///
    /// # Errors
    ///
    /// As [`push`](Self::push).
    pub fn push_while(&self, value: V, keep_waiting: impl Fn() -> bool) -> Result<Option<()>, PushError> {
        in_turns(keep_waiting, |turn| self.push_timeout(value, turn))
    }
}

/// Pops an item, once there is one. [`Queue::pop_async`] returns it.
#[must_use = "a future does nothing unless it is awaited"]
pub struct Pop<'a, V: ShmValue, const N: usize> {
    queue: &'a Queue<V, N>,
    pending: Pending,
}

/// Takes an item, once there is one. [`Queue::take_async`] returns it.
#[must_use = "a future does nothing unless it is awaited"]
pub struct Take<'a, V: ShmValue, const N: usize> {
    queue: &'a Queue<V, N>,
    pending: Pending,
}

/// Pushes an item, once there is a free slot. [`Queue::push_async`] returns it.
#[must_use = "a future does nothing unless it is awaited"]
pub struct Push<'a, V: ShmValue, const N: usize> {
    queue: &'a Queue<V, N>,
    value: V,
    pending: Pending,
}

/// The attempts at a side before the task waits for a moment. Most often its lock is held for less than a microsecond.
const ATTEMPTS: u32 = 16;
/// The pauses of the processor between two of them.
const PAUSES: u32 = 32;

/// What an attempt of a future came to.
enum Attempt<T, E> {
    Over(Result<T, E>),
    /// There is no item, or no free slot.
    NothingThere,
    /// Another process has the side.
    Busy,
}

/// Polls a future that tries something again and again, and meanwhile waits for a change.
fn poll_attempts<T, E>(
    pending: &mut Pending,
    awaited: &dyn Waitable,
    context: &mut Context<'_>,
    mut attempt: impl FnMut() -> Attempt<T, E>,
    error: impl Fn(WaitError) -> Option<E>,
) -> Poll<Result<T, E>> {
    let ended = |ended: Ended| error(ended.error(awaited, Duration::ZERO)).expect("the wait has no limit");
    // A side that was busy for a moment is most often kept for long.
    for _ in 0..if pending.was_late() { 1 } else { ATTEMPTS } {
        match attempt() {
            Attempt::Over(result) => return Poll::Ready(result),
            Attempt::NothingThere => match pending.poll(awaited, context) {
                Poll::Ready(Ok(())) => {}
                Poll::Ready(Err(end)) => return Poll::Ready(Err(ended(end))),
                Poll::Pending => return Poll::Pending,
            },
            Attempt::Busy => (0..PAUSES).for_each(|_| spin_loop()),
        }
    }
    pending.poll_later(context).map(|result| result.map_err(ended))
}

fn is_busy<T, E>(busy: Busy, error: impl FnOnce(Busy) -> E) -> Attempt<T, E> {
    // This thread would wait for itself.
    if busy.holder() == Holder::ThisThread { Attempt::Over(Err(error(busy))) } else { Attempt::Busy }
}

fn popped<T>(result: Result<T, PopError>) -> Attempt<T, PopError> {
    match result {
        Err(PopError::Empty { .. }) => Attempt::NothingThere,
        Err(PopError::Busy(busy)) => is_busy(busy, PopError::Busy),
        result => Attempt::Over(result),
    }
}

impl<V: ShmValue, const N: usize> Future for Pop<'_, V, N> {
    type Output = Result<V, PopError>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { queue, pending } = self.get_mut();
        poll_attempts(pending, &Items(queue.core()), context, || popped(queue.try_pop()), PopError::of_wait)
    }
}

impl<'a, V: ShmValue, const N: usize> Future for Take<'a, V, N> {
    type Output = Result<Job<'a, V, N>, PopError>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { queue, pending } = self.get_mut();
        poll_attempts(pending, &Items(queue.core()), context, || popped(queue.try_take()), PopError::of_wait)
    }
}

impl<V: ShmValue, const N: usize> Future for Push<'_, V, N> {
    type Output = Result<(), PushError>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { queue, value, pending } = self.get_mut();
        let attempt = || match queue.try_push(*value) {
            Err(PushError::Full { .. }) => Attempt::NothingThere,
            Err(PushError::Busy(busy)) => is_busy(busy, PushError::Busy),
            result => Attempt::Over(result),
        };
        poll_attempts(pending, &FreeSlot(queue.core()), context, attempt, PushError::of_wait)
    }
}

// Nothing in it is pinned.
impl<V: ShmValue, const N: usize> Unpin for Push<'_, V, N> {}

macro_rules! debug_future {
    ($($name:ident),*) => {$(
        impl<V: ShmValue, const N: usize> fmt::Debug for $name<'_, V, N> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name)).field("queue", &self.queue.core().part.name()).finish()
            }
        }
    )*};
}
debug_future!(Pop, Take, Push);
