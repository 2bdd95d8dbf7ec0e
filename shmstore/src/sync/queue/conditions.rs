//! What waits for an item and for a free slot sleep for.

use super::core::Core;
use super::memory::{Consumers, Producers};
use super::protocol;
use crate::error::Awaited;
use crate::sync::atomics::AtomicU64;
use crate::sync::ring::Ring;
use crate::sync::side::Side;
use crate::sync::waiting::{Condition, Signal, Waitable};

/// The condition that a queue has an item.
#[derive(Clone, Copy)]
pub(crate) struct AwaitedItem<'a> {
    producers: &'a Side,
    consumers: &'a Consumers,
    ring: Ring<'a>,
}

impl<'a> AwaitedItem<'a> {
    #[inline]
    pub(in crate::sync) fn is_there(&self) -> bool {
        self.consumers.delivery().has_item(&self.ring)
    }

    pub(in crate::sync) fn has_jobs(&self) -> bool {
        self.consumers.has_jobs(self.ring)
    }

    /// The side whose changes make the condition hold.
    pub(in crate::sync) fn producers(&self) -> &'a Side {
        self.producers
    }
}

/// The condition that a queue has a free slot.
#[derive(Clone, Copy)]
pub(crate) struct AwaitedSlot<'a> {
    tail: &'a AtomicU64,
    consumers: &'a Consumers,
    ring: Ring<'a>,
}

impl<'a> AwaitedSlot<'a> {
    #[inline]
    pub(in crate::sync) fn is_free(&self) -> bool {
        protocol::has_room(&self.ring, self.tail)
    }

    pub(in crate::sync) fn has_jobs(&self) -> bool {
        self.consumers.has_jobs(self.ring)
    }

    /// The side whose changes make the condition hold.
    pub(in crate::sync) fn consumers(&self) -> &'a Side {
        &self.consumers.side
    }
}

/// An item.
pub(super) struct Items<'a>(pub(super) Core<'a>);

impl<'a> Items<'a> {
    pub(super) fn sleeps_for(&self) -> Condition<'a> {
        let Core { producers, consumers, ring, .. } = self.0;
        Condition::Item(AwaitedItem { producers: &producers.side, consumers, ring })
    }
}

impl Waitable for Items<'_> {
    fn condition(&self) -> Condition<'_> {
        self.sleeps_for()
    }

    fn settle(&self) {
        self.0.reap();
    }

    fn describe(&self) -> Awaited {
        Awaited::Item { queue: self.0.part.name() }
    }
}

/// A free slot.
pub(super) struct FreeSlot<'a>(pub(super) Core<'a>);

impl<'a> FreeSlot<'a> {
    pub(super) fn sleeps_for(&self) -> Condition<'a> {
        let Core { producers: Producers { tail, .. }, consumers, ring, .. } = self.0;
        Condition::Slot(AwaitedSlot { tail, consumers, ring })
    }
}

impl Waitable for FreeSlot<'_> {
    fn condition(&self) -> Condition<'_> {
        self.sleeps_for()
    }

    fn settle(&self) {
        self.0.reap();
    }

    fn describe(&self) -> Awaited {
        Awaited::Slot { queue: self.0.part.name() }
    }
}

impl Signal for Items<'_> {}

impl Signal for FreeSlot<'_> {}
