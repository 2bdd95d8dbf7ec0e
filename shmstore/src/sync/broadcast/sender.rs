//! `Sender`: the exclusive sender of a broadcast.

use std::fmt;
use std::ops::Range;
use std::slice;
use std::time::Duration;

use super::Broadcast;
use super::protocol::Place;
use crate::error::Busy;
use crate::layout::{DebugValue, ShmValue};
use crate::sync::backoff::Limit;
use crate::sync::describe::{belongs_to_the_parent, or_panic};
use crate::sync::side::Exclusive;

/// Exclusive senders.
impl<V: ShmValue, const N: usize> Broadcast<V, N> {
    /// Makes this thread the exclusive sender. Waits until no other thread of any process sends or is the sender.
    ///
    /// # Panics
    ///
    /// Panics if this thread has a [`Sender`] of the broadcast. It would wait for itself.
    #[track_caller]
    pub fn sender(&self) -> Sender<'_, V, N> {
        or_panic(self.sender_within(Limit::Forever))
    }

    /// Makes this thread the exclusive sender, unless a thread sends or is the sender. Never waits.
    ///
    /// # Errors
    ///
    /// [`Busy`] if the senders' side is not free.
    pub fn try_sender(&self) -> Result<Sender<'_, V, N>, Busy> {
        self.sender_within(Limit::Never)
    }

    /// Makes this thread the exclusive sender. Waits for `timeout` at most.
    ///
    /// # Errors
    ///
    /// [`Busy`] once the time is over, or at once if this thread has a [`Sender`] of the broadcast.
    pub fn sender_timeout(&self, timeout: Duration) -> Result<Sender<'_, V, N>, Busy> {
        self.sender_within(Limit::Within(timeout))
    }

    fn sender_within(&self, limit: Limit) -> Result<Sender<'_, V, N>, Busy> {
        let core = self.core();
        let side = Exclusive::new(core.lock(limit)?);
        Ok(Sender { broadcast: self, place: core.place(), side })
    }
}

/// Sends to a [`Broadcast`] without a lock for each item, as its exclusive sender. [`Broadcast::sender`] returns it.
///
/// Until it is dropped, other senders wait. Subscribers do not wait. If its process is killed, the next sender takes
/// over. A sender belongs to the thread that made it.
///
/// In a child of `fork` an inherited sender belongs to the parent. The child can only drop it.
///
/// ```
/// use shmstore::Broadcast;
///
/// let ticks = Broadcast::<u64, 16>::new();
/// let mut feed = ticks.sender();
/// for tick in 0..10 {
///     feed.send(tick);
/// }
/// assert!(ticks.try_sender().is_err()); // there is an exclusive sender
/// assert_eq!(ticks.sent(), 10);
/// ```
#[must_use = "other senders wait until it is dropped, which is at once"]
pub struct Sender<'a, V: ShmValue, const N: usize> {
    broadcast: &'a Broadcast<V, N>,
    /// The place at the tail. No other thread changes it.
    place: Place,
    side: Exclusive<'a>,
}

impl<V: ShmValue, const N: usize> Sender<'_, V, N> {
    /// Sends an item to all subscribers, and returns its number. Never waits.
    ///
    /// # Panics
    ///
    /// Panics in a process that was forked since the sender was made.
    #[inline]
    #[track_caller]
    pub fn send(&mut self, value: V) -> u64 {
        self.send_many(slice::from_ref(&value)).start
    }

    /// Sends items to all subscribers, and returns their numbers.
    ///
    /// # Panics
    ///
    /// Panics as [`send`](Self::send) does.
    #[inline]
    #[track_caller]
    pub fn send_many(&mut self, values: &[V]) -> Range<u64> {
        if !self.side.is_ours() {
            belongs_to_the_parent::<Broadcast<V, N>>("a `Sender`", "send with it");
        }
        self.broadcast.core().send_all(&mut self.place, values, || self.side.wake())
    }
}

impl<V: DebugValue, const N: usize> fmt::Debug for Sender<'_, V, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Sender").field(self.broadcast).finish()
    }
}
