//! `QueueView<V, N>`: a `Queue<V, N>` in memory that this process can only read.

use std::fmt;

use super::{Queue, debug};
use crate::error::InvalidValue;
use crate::layout::{DebugValue, ShmValue};

/// Shows the items of a [`Queue`] to a read-only process, which cannot take them.
#[repr(transparent)]
pub struct QueueView<V: ShmValue, const N: usize> {
    part: Queue<V, N>,
}

impl<V: ShmValue, const N: usize> QueueView<V, N> {
    /// Returns the number of items that wait: see [`Queue::len`].
    #[must_use]
    pub fn len(&self) -> usize {
        self.part.len()
    }

    /// Returns `true` if no item waits: see [`Queue::is_empty`].
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.part.is_empty()
    }

    /// Returns the number of the queue's slots: `N`.
    #[must_use]
    pub const fn capacity(&self) -> usize {
        N
    }

    /// Returns the number of items that are taken and not finished: see [`Queue::outstanding`].
    #[must_use]
    pub fn outstanding(&self) -> usize {
        self.part.outstanding()
    }

    /// Returns copies of the items that wait: see [`Queue::items`].
    #[must_use]
    pub fn items(&self) -> Vec<Result<V, InvalidValue>> {
        self.part.items()
    }
}

impl<V: DebugValue, const N: usize> fmt::Debug for QueueView<V, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        debug("QueueView", &self.part, f)
    }
}
