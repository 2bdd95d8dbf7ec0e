//! `BroadcastView<V, N>`: a `Broadcast<V, N>` in memory that this process can only read.

use std::fmt;

use super::{Broadcast, Subscriber, debug};
use crate::error::RecvError;
use crate::layout::{DebugValue, ShmValue};
use crate::sys::shm::Access;

/// Lets a read-only process receive the items of a [`Broadcast`].
///
/// Subscribers on a handle of `attach_read_only` poll every millisecond. Those on a handle of `attach_view` are woken at
/// once.
#[repr(transparent)]
pub struct BroadcastView<V: ShmValue, const N: usize> {
    part: Broadcast<V, N>,
}

impl<V: ShmValue, const N: usize> BroadcastView<V, N> {
    /// Returns the newest item and its number: see [`Broadcast::newest`].
    ///
    /// # Errors
    ///
    /// As [`Broadcast::newest`].
    pub fn newest(&self) -> Result<Option<(u64, V)>, RecvError> {
        self.part.newest()
    }

    /// Returns the number of items that were sent: see [`Broadcast::sent`].
    #[must_use]
    pub fn sent(&self) -> u64 {
        self.part.sent()
    }

    /// Returns the number of items that are kept: `N`.
    #[must_use]
    pub const fn capacity(&self) -> usize {
        N
    }

    /// Subscribes to the items that are sent from now on: see [`Broadcast::subscribe`].
    pub fn subscribe(&self) -> Subscriber<'_, V, N> {
        self.subscribe_from(self.sent())
    }

    /// Subscribes to the items from number `position` on: see [`Broadcast::subscribe_from`].
    pub fn subscribe_from(&self, position: u64) -> Subscriber<'_, V, N> {
        self.part.subscriber(Access::ReadOnly, position)
    }

    /// Subscribes to the last `N` - 1 items, and to all items to come: see [`Broadcast::subscribe_oldest`].
    pub fn subscribe_oldest(&self) -> Subscriber<'_, V, N> {
        self.subscribe_from(self.part.oldest())
    }
}

impl<V: DebugValue, const N: usize> fmt::Debug for BroadcastView<V, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        debug("BroadcastView", &self.part, f)
    }
}
