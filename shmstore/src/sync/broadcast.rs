//! `Broadcast<V, N>`: every subscriber receives every item, or learns how many it missed.
//!
//! # Safety
//!
//! The memory is a `BroadcastCell`. Its file says why sharing it is sound. Only the promises of the copies and of the
//! layout traits are unsafe here.
#![allow(unsafe_code)]

mod core;
mod memory;
mod protocol;
mod raw;
mod sender;
mod subscriber;
mod view;
mod wait;

use std::fmt;
use std::ops::Range;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::slice;

use super::atomics;
use super::describe::{PartRef, or_panic};
use super::shape::Typed;
use crate::error::RecvError;
use crate::layout::schema::{Kind, Schema};
use crate::layout::{DebugValue, ShmId, ShmLayout, ShmObject, ShmValue};
use crate::sync::backoff::Limit;
use crate::sys::shm::Access;

use self::core::Core;
use memory::BroadcastCell;
pub(crate) use protocol::{LAST, margin, next_in_slot};
pub(crate) use raw::{RawBroadcast, RawPlace};
pub use sender::Sender;
pub use subscriber::{Subscriber, SubscriberIter, SubscriberTryIter};
pub use view::BroadcastView;
pub(in crate::sync) use wait::AwaitedSent;
#[cfg(feature = "futures-core")]
pub use wait::SubscriberStream;
pub use wait::{ItemSent, Recv};

/// A stream of items from any number of senders. Every [`Subscriber`] receives every item, or learns how many it
/// missed.
///
/// The last `N` items are kept. A sender never waits for a subscriber. If an item was overwritten before a subscriber
/// received it, the subscriber gets [`RecvError::Lagged`] with the exact number of items that it missed. Subscribers
/// keep their position in their own memory. So their number has no limit, and read-only processes can subscribe.
///
/// ```
/// use shmstore::error::RecvError;
/// use shmstore::{Broadcast, Shared, ShmObject};
///
/// #[derive(ShmObject)]
/// #[repr(C)]
/// struct Market { ticks: Broadcast<[f64; 2], 64> }
///
/// let market = Shared::<Market>::new_private()?;
/// let mut ticks = market.ticks.subscribe();
/// assert_eq!(market.ticks.send([1.08, 1.09]), 0);
/// assert_eq!(ticks.recv()?, [1.08, 1.09]);
///
/// market.ticks.send_many(&[[0.0; 2]; 70]); // more than the capacity
/// assert!(matches!(ticks.recv(), Err(RecvError::Lagged { missed: 22 })));
/// assert_eq!(ticks.try_iter().count(), 48); // it has gone on
/// # Ok::<(), shmstore::Error>(())
/// ```
///
/// A [`sender`](Self::sender) is exclusive. It takes no lock for each item, and sends one in a few nanoseconds. A send
/// makes no system call if no subscriber waits.
///
/// # When a process dies
///
/// - A process that is killed in a send has sent the whole item, or nothing. The numbers of the items have no gap.
/// - The next sender goes on within milliseconds after the kernel has released the dead process.
/// - The death of a subscriber has no effect on other processes.
///
/// # Details
///
/// - Items are numbered from 0. At any instant the last `N` - 1 items are whole. The one before them may be in the
///   process of being overwritten.
/// - A subscriber that lagged skips the oldest quarter of the kept items too, and at least two, because they are
///   overwritten next. All items that it skips count as missed.
/// - If the bytes of an item are not a valid `V`, the call returns [`RecvError::InvalidValue`].
///
/// # Memory
///
/// 128 bytes, and `N` slots. A slot takes 16 bytes and the size of the value, rounded up to a multiple of 64. `N` is 2
/// to 2,147,483,647.
///
/// There is no `Default`, because a large broadcast does not fit on the stack: use `Broadcast::new()` in a `static`, or
/// [`ShmObject::zeroed_box`].
#[repr(transparent)]
pub struct Broadcast<V: ShmValue, const N: usize> {
    cell: BroadcastCell<V, N>,
}

impl<V: ShmValue, const N: usize> Broadcast<V, N> {
    /// Makes a broadcast without items, in ordinary memory.
    #[must_use]
    #[allow(clippy::new_without_default)] // a large broadcast does not fit on the stack
    pub const fn new() -> Self {
        Self { cell: BroadcastCell::zeroed() }
    }

    /// Sends an item to all subscribers, and returns its number. Waits until no other thread of any process sends.
    ///
    /// To limit this wait, write `part.try_sender()?.send(value)`. For a value that is too large for the stack, use
    /// [`send_many`](Self::send_many) with a slice of one.
    ///
    /// # Panics
    ///
    /// Panics if this thread has a [`Sender`] of the broadcast. It would wait for itself.
    #[inline]
    #[track_caller]
    pub fn send(&self, value: V) -> u64 {
        self.send_many(slice::from_ref(&value)).start
    }

    /// Sends items to all subscribers, under one lock, and returns their numbers.
    ///
    /// ```
    /// use shmstore::Broadcast;
    ///
    /// let ticks = Broadcast::<u64, 8>::new();
    /// assert_eq!(ticks.send_many(&[7, 8, 9]), 0..3);
    /// assert_eq!(ticks.newest()?, Some((2, 9)));
    /// # Ok::<(), shmstore::Error>(())
    /// ```
    ///
    /// # Panics
    ///
    /// Panics as [`send`](Self::send) does.
    #[inline]
    #[track_caller]
    pub fn send_many(&self, values: &[V]) -> Range<u64> {
        let core = self.core();
        let _held = or_panic(core.lock(Limit::Forever));
        core.send_all(&mut core.place(), values, || {})
    }

    /// Returns the newest item and its number. `None` if no item was sent.
    ///
    /// # Errors
    ///
    /// - [`RecvError::InvalidValue`] if the bytes of the item are not a valid `V`.
    /// - [`RecvError::NeverWhole`] if no copy was whole within 100 ms, because processes send without a pause.
    pub fn newest(&self) -> Result<Option<(u64, V)>, RecvError> {
        self.core().newest()
    }

    /// Returns the number of items that were sent.
    #[must_use]
    pub fn sent(&self) -> u64 {
        self.core().next_to_send().position
    }

    /// Returns the number of items that are kept: `N`.
    #[must_use]
    pub const fn capacity(&self) -> usize {
        N
    }

    /// Subscribes to the items that are sent from now on.
    ///
    /// ```
    /// use shmstore::Broadcast;
    ///
    /// let ticks = Broadcast::<u64, 8>::new();
    /// ticks.send(1);
    /// let mut later = ticks.subscribe();
    /// let mut all = ticks.subscribe_oldest();
    /// ticks.send(2);
    /// assert_eq!((later.recv()?, all.recv()?), (2, 1));
    /// # Ok::<(), shmstore::Error>(())
    /// ```
    pub fn subscribe(&self) -> Subscriber<'_, V, N> {
        self.subscriber(Access::ReadWrite, self.sent())
    }

    /// Subscribes to the items from number `position` on. If this item was overwritten, the first call says how many
    /// were missed. If it was not sent yet, the subscriber waits for it. No item has a number above 2⁶² - 1, so a
    /// greater `position` counts as this one.
    ///
    /// ```
    /// use shmstore::Broadcast;
    ///
    /// let ticks = Broadcast::<u64, 8>::new();
    /// ticks.send_many(&[10, 11, 12]);
    /// assert_eq!(ticks.subscribe_from(1).recv()?, 11);
    /// # Ok::<(), shmstore::Error>(())
    /// ```
    pub fn subscribe_from(&self, position: u64) -> Subscriber<'_, V, N> {
        self.subscriber(Access::ReadWrite, position)
    }

    /// Subscribes to the last `N` - 1 items, which are whole now, and to all items to come.
    ///
    /// The oldest of them is overwritten soon. So the first call may say that items were missed, if a sender is fast.
    pub fn subscribe_oldest(&self) -> Subscriber<'_, V, N> {
        self.subscriber(Access::ReadWrite, self.oldest())
    }

    fn oldest(&self) -> u64 {
        self.sent().saturating_sub(N as u64 - 1)
    }

    fn subscriber(&self, access: Access, position: u64) -> Subscriber<'_, V, N> {
        Subscriber::new(self, access, position)
    }

    #[inline(always)]
    fn core(&self) -> Core<'_, V> {
        // SAFETY: the ring is that of a broadcast of V.
        unsafe { Core::new(self.cell.words(), self.cell.ring(), Typed::SHAPE, PartRef::of(self)) }
    }
}

impl<V: DebugValue, const N: usize> fmt::Debug for Broadcast<V, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        debug("Broadcast", self, f)
    }
}

/// Prints the number of sent items and the newest item of a broadcast or its view.
fn debug<V: DebugValue, const N: usize>(name: &str, part: &Broadcast<V, N>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let mut shown = f.debug_struct(name);
    shown.field("sent", &part.sent()).field("capacity", &N);
    match part.newest() {
        Ok(newest) => shown.field("newest", &newest.map(|(_, value)| value)),
        Err(error) => shown.field("newest", &format_args!("<{error}>")),
    };
    shown.finish()
}

// A broadcast changes by single stores, so a panic leaves nothing half-made.
impl<V: ShmValue, const N: usize> UnwindSafe for Broadcast<V, N> {}
impl<V: ShmValue, const N: usize> RefUnwindSafe for Broadcast<V, N> {}

// SAFETY: size and alignment are the compiler's. The kind, the capacity and the value's schema describe the content.
unsafe impl<V: ShmValue, const N: usize> ShmLayout for Broadcast<V, N> {
    const SCHEMA: &'static Schema = &Schema::of::<Self>(Kind::Broadcast { capacity: N, value: V::SCHEMA });
}

// SAFETY: atomic byte by byte, and any bytes are valid, as `BroadcastCell` explains. Zeros are a broadcast without
// items. Nothing to drop, because values are `Copy`. The view is a transparent wrapper whose methods never write.
unsafe impl<V: ShmValue, const N: usize> ShmObject for Broadcast<V, N> {
    type View = BroadcastView<V, N>;
}

impl<V: ShmValue + ShmId, const N: usize> ShmId for Broadcast<V, N> {
    const ID: char = V::ID;
}

#[cfg(test)]
mod tests;
