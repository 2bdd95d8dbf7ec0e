//! `Subscriber`: a position in a broadcast.

use std::fmt;
use std::time::Duration;

use super::Broadcast;
use super::protocol::{LAST, Place};
use super::wait::Sent;
use crate::error::RecvError;
use crate::layout::ShmValue;
use crate::sync::backoff::Limit;
use crate::sync::shape::Typed;
use crate::sys::shm::Access;

/// Receives the items of a [`Broadcast`] in order, from a position on. [`Broadcast::subscribe`] returns it.
///
/// The position is in this process's own memory. No sender knows it, so a subscriber that is killed or stopped slows no
/// other process. A clone goes on from the same position.
///
/// ```
/// use shmstore::error::RecvError;
/// use shmstore::Broadcast;
///
/// let ticks = Broadcast::<u64, 4>::new();
/// let mut slow = ticks.subscribe();
/// ticks.send_many(&[10, 11, 12, 13, 14, 15]);
/// let mut received = Vec::new();
/// loop {
///     match slow.try_recv() {
///         Ok(item) => received.push(item),
///         Err(RecvError::Lagged { missed }) => println!("missed {missed} items"), // 4
///         Err(RecvError::Empty { .. }) => break,
///         Err(error) => return Err(error.into()),
///     }
/// }
/// assert_eq!(received, [14, 15]);
/// # Ok::<(), shmstore::Error>(())
/// ```
#[must_use = "a subscriber that is dropped receives nothing"]
pub struct Subscriber<'a, V: ShmValue, const N: usize> {
    broadcast: &'a Broadcast<V, N>,
    place: Place,
    access: Access,
}

impl<'a, V: ShmValue, const N: usize> Subscriber<'a, V, N> {
    pub(super) fn new(broadcast: &'a Broadcast<V, N>, access: Access, position: u64) -> Self {
        Self { broadcast, place: Place::of(position.min(LAST), N as u64), access }
    }

    /// Receives the next item. Waits until it is sent.
    ///
    /// # Errors
    ///
    /// - [`RecvError::Lagged`] if the item was overwritten. The next call goes on after the missed items.
    /// - [`RecvError::InvalidValue`] if the bytes of the item are not a valid `V`. The next call goes on after it.
    /// - [`RecvError::Removed`] and [`RecvError::AnchorLost`] if the object or its anchor was removed during a wait.
    #[inline]
    pub fn recv(&mut self) -> Result<V, RecvError> {
        self.recv_within(Limit::Forever)
    }

    /// Receives the next item if it was sent. Never waits.
    ///
    /// # Errors
    ///
    /// - [`RecvError::Empty`] if it was not sent.
    /// - [`RecvError::Lagged`] and [`RecvError::InvalidValue`] as for [`recv`](Self::recv).
    #[inline]
    pub fn try_recv(&mut self) -> Result<V, RecvError> {
        self.recv_within(Limit::Never)
    }

    /// Receives the next item. Waits until it is sent, for `timeout` at most.
    ///
    /// # Errors
    ///
    /// [`RecvError::Empty`] once the time is over, and the errors of [`recv`](Self::recv).
    pub fn recv_timeout(&mut self, timeout: Duration) -> Result<V, RecvError> {
        self.recv_within(Limit::Within(timeout))
    }

    /// Returns the number of the next item.
    #[must_use]
    pub fn position(&self) -> u64 {
        self.place.position
    }

    /// Returns an iterator over the items to come. It waits for each of them, and ends when the object or its anchor is
    /// removed. It yields every other error as `Err`, and goes on.
    ///
    /// ```
    /// use shmstore::Broadcast;
    ///
    /// let ticks = Broadcast::<u64, 4>::new();
    /// let mut subscriber = ticks.subscribe();
    /// ticks.send_many(&[1, 2]);
    /// for tick in subscriber.iter().take(2) {
    ///     println!("{}", tick?);
    /// }
    /// # Ok::<(), shmstore::Error>(())
    /// ```
    pub fn iter(&mut self) -> SubscriberIter<'_, 'a, V, N> {
        SubscriberIter(self)
    }

    /// Returns an iterator over the items that were already sent. It never waits. It yields every error as `Err`, and
    /// goes on.
    ///
    /// ```
    /// use shmstore::Broadcast;
    ///
    /// let ticks = Broadcast::<u64, 4>::new();
    /// let mut subscriber = ticks.subscribe();
    /// ticks.send_many(&[1, 2]);
    /// assert_eq!(subscriber.try_iter().collect::<Result<Vec<_>, _>>()?, [1, 2]);
    /// # Ok::<(), shmstore::Error>(())
    /// ```
    pub fn try_iter(&mut self) -> SubscriberTryIter<'_, 'a, V, N> {
        SubscriberTryIter(self)
    }

    /// What the wait for the next item is for.
    pub(super) fn next_sent(&self) -> Sent<'a, Typed<V>> {
        Sent { core: self.broadcast.core(), place: self.place, access: self.access }
    }

    #[inline(always)]
    fn recv_within(&mut self, limit: Limit) -> Result<V, RecvError> {
        self.broadcast.core().receive(&mut self.place, self.access, limit)
    }
}

/// Waits for item after item: see [`Subscriber::iter`].
#[derive(Debug)]
pub struct SubscriberIter<'s, 'a, V: ShmValue, const N: usize>(&'s mut Subscriber<'a, V, N>);

impl<V: ShmValue, const N: usize> Iterator for SubscriberIter<'_, '_, V, N> {
    type Item = Result<V, RecvError>;

    fn next(&mut self) -> Option<Self::Item> {
        match self.0.recv() {
            Err(RecvError::Removed { .. } | RecvError::AnchorLost { .. }) => None,
            received => Some(received),
        }
    }
}

/// Receives the items that were already sent: see [`Subscriber::try_iter`].
#[derive(Debug)]
pub struct SubscriberTryIter<'s, 'a, V: ShmValue, const N: usize>(&'s mut Subscriber<'a, V, N>);

impl<V: ShmValue, const N: usize> Iterator for SubscriberTryIter<'_, '_, V, N> {
    type Item = Result<V, RecvError>;

    fn next(&mut self) -> Option<Self::Item> {
        match self.0.try_recv() {
            Err(RecvError::Empty { .. }) => None,
            received => Some(received),
        }
    }
}

impl<V: ShmValue, const N: usize> Clone for Subscriber<'_, V, N> {
    fn clone(&self) -> Self {
        Self { broadcast: self.broadcast, place: self.place, access: self.access }
    }
}

impl<V: ShmValue, const N: usize> fmt::Debug for Subscriber<'_, V, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscriber").field("position", &self.position()).finish_non_exhaustive()
    }
}
