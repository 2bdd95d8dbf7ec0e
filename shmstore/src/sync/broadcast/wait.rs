//! Waits for the next item.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use super::Subscriber;
use super::core::CoreOf;
use super::protocol::{Place, was_sent};
use crate::error::{Awaited, RecvError};
use crate::layout::ShmValue;
use crate::sync::atomics::AtomicU64;
use crate::sync::shape::{Shape, Typed};
use crate::sync::side::Side;
use crate::sync::waiting::{Condition, Pending, Signal, Waitable, awaitable, in_turns};
use crate::sys::shm::Access;

/// The condition that an item was sent.
#[derive(Clone, Copy)]
pub(crate) struct AwaitedSent<'a> {
    senders: &'a Side,
    sequence: &'a AtomicU64,
    there: u64,
}

impl<'a> AwaitedSent<'a> {
    #[inline]
    pub(in crate::sync) fn holds(&self) -> bool {
        was_sent(self.sequence, self.there)
    }

    /// The side whose changes make the condition hold.
    pub(in crate::sync) fn side(&self) -> &'a Side {
        self.senders
    }
}

/// An item that is sent.
pub(super) struct Sent<'a, S> {
    pub(super) core: CoreOf<'a, S>,
    pub(super) place: Place,
    pub(super) access: Access,
}

impl<'a, S: Shape> Sent<'a, S> {
    pub(super) fn sleeps_for(&self) -> Condition<'a> {
        let Self { core: CoreOf { senders, ring, .. }, place, .. } = self;
        Condition::Sent(AwaitedSent { senders: &senders.side, sequence: ring.word(place.index), there: place.there() })
    }
}

impl<S: Shape> Waitable for Sent<'_, S> {
    fn condition(&self) -> Condition<'_> {
        self.sleeps_for()
    }

    fn access(&self) -> Access {
        self.access
    }

    fn describe(&self) -> Awaited {
        Awaited::Sent { broadcast: self.core.part.name(), position: self.place.position }
    }
}

impl<S: Shape> Signal for Sent<'_, S> {}

/// A wait for the next item of a [`Subscriber`]. [`Subscriber::not_empty`] returns it.
#[must_use = "a wait does nothing unless it is awaited, or passed to `wait_any`"]
pub struct ItemSent<'a, V: ShmValue> {
    aim: Sent<'a, Typed<V>>,
    pending: Pending,
}

awaitable!(['a, V: ShmValue] ItemSent<'a, V>, Sent<'a, Typed<V>>, ());

/// Waits of tasks and of [`wait_any`](crate::wait_any), and waits that a flag ends.
impl<'a, V: ShmValue, const N: usize> Subscriber<'a, V, N> {
    /// Returns a wait for the next item, for [`wait_any`](crate::wait_any) and `.await`. Afterwards,
    /// [`try_recv`](Self::try_recv) does not return [`RecvError::Empty`].
    ///
    /// # Errors
    ///
    /// The future returns [`WaitError::Removed`](crate::WaitError::Removed),
    /// [`WaitError::AnchorLost`](crate::WaitError::AnchorLost) and [`WaitError::NoThread`](crate::WaitError::NoThread).
    pub fn not_empty(&self) -> ItemSent<'a, V> {
        ItemSent::of(self.next_sent())
    }

    /// Returns a future that receives the next item, once it is sent. If it is dropped before that, no item is missed.
    ///
    /// ```
    /// use shmstore::Broadcast;
    ///
    /// # pollster::block_on(async {
    /// let ticks = Broadcast::<u64, 4>::new();
    /// let mut subscriber = ticks.subscribe();
    /// ticks.send(7); // most often another process
    /// assert_eq!(subscriber.recv_async().await?, 7);
    /// # Ok::<(), shmstore::Error>(()) }).unwrap();
    /// ```
    ///
    /// # Errors
    ///
    /// The future returns the errors of [`recv`](Self::recv), and [`RecvError::NoThread`].
    pub fn recv_async(&mut self) -> Recv<'_, 'a, V, N> {
        Recv { subscriber: self, pending: Pending::default() }
    }

    /// Receives the next item. Waits until it is sent, or until soon after `keep_waiting` returns `false`, which is
    /// called first, and then every 5 ms. Then it returns `None`.
    ///
    /// ```
    /// use shmstore::Broadcast;
    /// use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
    ///
    /// static RUNNING: AtomicBool = AtomicBool::new(true); // a signal handler stores `false`
    /// let ticks = Broadcast::<u64, 4>::new();
    /// let mut subscriber = ticks.subscribe();
    /// # ticks.send(7);
    /// while let Some(tick) = subscriber.recv_while(|| RUNNING.load(Relaxed))? {
    ///     println!("{tick}");
    /// #   RUNNING.store(false, Relaxed);
    /// }
    /// # Ok::<(), shmstore::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`recv`](Self::recv).
    pub fn recv_while(&mut self, keep_waiting: impl Fn() -> bool) -> Result<Option<V>, RecvError> {
        in_turns(keep_waiting, |turn| self.recv_timeout(turn))
    }

    fn poll_recv(&mut self, pending: &mut Pending, context: &mut Context<'_>) -> Poll<Result<V, RecvError>> {
        loop {
            match self.try_recv() {
                Err(RecvError::Empty { .. }) => {}
                received => return Poll::Ready(received),
            }
            let sent = self.next_sent();
            if let Err(ended) = ready!(pending.poll(&sent, context)) {
                let error = RecvError::of_wait(ended.error(&sent, Duration::ZERO));
                return Poll::Ready(Err(error.expect("the wait has no limit")));
            }
        }
    }
}

/// Receives the next item, once it is sent. [`Subscriber::recv_async`] returns it.
#[must_use = "a future does nothing unless it is awaited"]
pub struct Recv<'s, 'a, V: ShmValue, const N: usize> {
    subscriber: &'s mut Subscriber<'a, V, N>,
    pending: Pending,
}

impl<V: ShmValue, const N: usize> Future for Recv<'_, '_, V, N> {
    type Output = Result<V, RecvError>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { subscriber, pending } = self.get_mut();
        subscriber.poll_recv(pending, context)
    }
}

impl<V: ShmValue, const N: usize> fmt::Debug for Recv<'_, '_, V, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Recv").field(self.subscriber).finish()
    }
}

/// Receives item after item, as a `Stream` (feature `futures-core`). [`Subscriber::stream`] returns it.
///
/// It yields every error. After [`RecvError::Removed`], [`RecvError::AnchorLost`] and [`RecvError::NoThread`] it ends.
#[cfg(feature = "futures-core")]
#[must_use = "a stream does nothing unless it is polled"]
pub struct SubscriberStream<'s, 'a, V: ShmValue, const N: usize> {
    subscriber: &'s mut Subscriber<'a, V, N>,
    pending: Pending,
    is_over: bool,
}

#[cfg(feature = "futures-core")]
impl<'a, V: ShmValue, const N: usize> Subscriber<'a, V, N> {
    /// Returns a stream of the items to come (feature `futures-core`). Combinators of other crates work on it, such as
    /// those of `futures::StreamExt`.
    ///
    /// ```
    /// use futures_core::Stream;
    /// use shmstore::Broadcast;
    /// use std::future::poll_fn;
    /// use std::pin::Pin;
    ///
    /// # pollster::block_on(async {
    /// let ticks = Broadcast::<u64, 4>::new();
    /// let mut subscriber = ticks.subscribe();
    /// ticks.send(7); // most often another process
    /// let mut stream = subscriber.stream();
    /// let item = poll_fn(|context| Pin::new(&mut stream).poll_next(context)).await; // `StreamExt::next`
    /// assert_eq!(item, Some(Ok(7)));
    /// # });
    /// ```
    pub fn stream(&mut self) -> SubscriberStream<'_, 'a, V, N> {
        SubscriberStream { subscriber: self, pending: Pending::default(), is_over: false }
    }
}

#[cfg(feature = "futures-core")]
impl<V: ShmValue, const N: usize> futures_core::Stream for SubscriberStream<'_, '_, V, N> {
    type Item = Result<V, RecvError>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Self { subscriber, pending, is_over } = self.get_mut();
        if *is_over {
            return Poll::Ready(None);
        }
        let received = ready!(subscriber.poll_recv(pending, context));
        *is_over = matches!(
            received,
            Err(RecvError::Removed { .. } | RecvError::AnchorLost { .. } | RecvError::NoThread { .. })
        );
        Poll::Ready(Some(received))
    }
}

#[cfg(feature = "futures-core")]
impl<V: ShmValue, const N: usize> fmt::Debug for SubscriberStream<'_, '_, V, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SubscriberStream").field(self.subscriber).finish()
    }
}
