//! `Queue<V, N>`: a bounded queue, in which each item goes to one consumer.
//!
//! # Safety
//!
//! The memory is a `QueueCell`. Its file says why sharing it is sound. Only the promises of the copies and of the
//! layout traits are unsafe here.
#![allow(unsafe_code)]

mod conditions;
mod consume;
mod consumer;
mod core;
mod delivery;
mod exclusive;
mod job;
mod memory;
mod produce;
mod producer;
mod protocol;
mod raw;
mod reap;
mod view;
mod wait;
pub(crate) mod word;

use std::fmt;
use std::mem::MaybeUninit;
use std::panic::{RefUnwindSafe, UnwindSafe};

use super::atomics;
use super::copy::copy_out;
use super::describe::PartRef;
use crate::error::{Busy, InvalidValue};
use crate::layout::schema::{Kind, Schema};
use crate::layout::{DebugValue, ShmId, ShmLayout, ShmObject, ShmValue};
use crate::sync::backoff::Limit;
use crate::value::bits;

use self::core::Core;
pub(in crate::sync) use conditions::{AwaitedItem, AwaitedSlot};
pub use consumer::Consumer;
use delivery::look;
pub use job::Job;
use memory::{QueueCell, Words};
pub use producer::Producer;
use protocol::Place;
pub(crate) use raw::{RawQueue, RawTaken};
pub use view::QueueView;
pub use wait::{NotEmpty, NotFull, Pop, Push, Take};

/// A queue of up to `N` items, from any number of producers to any number of consumers. Each item goes to one of them.
///
/// - [`pop`](Self::pop) delivers an item at most once. If the consumer is killed, the item may be lost with it.
/// - [`take`](Self::take) delivers an item at least once. It returns a [`Job`]. If the job is dropped before
///   [`Job::done`], or if its process is killed, the item returns to the queue and is delivered again.
///
/// Items come out in the order in which they were pushed. A returned item comes before all items that were never
/// delivered.
///
/// ```
/// use shmstore::{Queue, Shared, ShmObject};
///
/// #[derive(ShmObject)]
/// #[repr(C)]
/// struct Orders { queue: Queue<[u64; 4], 64> }
///
/// let orders = Shared::<Orders>::new_private()?;
/// orders.queue.push([1, 2, 3, 4])?;
/// orders.queue.push([5, 6, 7, 8])?;
///
/// assert_eq!(orders.queue.pop()?, [1, 2, 3, 4]);
/// let job = orders.queue.take()?;
/// assert_eq!(job[0], 5);
/// job.done()?;
/// assert!(orders.queue.is_empty());
/// # Ok::<(), shmstore::Error>(())
/// ```
///
/// # Ways to push, pop and take
///
/// | | waits | if there is no free slot or no item |
/// |---|---|---|
/// | `push`, `pop`, `take` | as long as it takes | waits |
/// | `try_…` | never | `PushError::Full`, `PopError::Empty` |
/// | `…_timeout` | up to a limit | the same errors, once the time is over |
///
/// `push_many` and `pop_many` wait for a free slot or an item in the same ways. Then they move as many items as they
/// can, under one lock.
///
/// A queue has two sides, its producers and its consumers. A [`producer`](Self::producer) or
/// [`consumer`](Self::consumer) keeps one side to itself, and each of its operations takes a few nanoseconds. A waiting
/// process sleeps. An operation makes no system call if no process waits.
///
/// # When a process dies
///
/// - A process that is killed in a push has pushed the whole item, or nothing. No other item is lost.
/// - A process that is killed in a pop has popped the item, or the item still waits.
/// - The jobs of a killed process are returned by each process that waits for an item or a free slot, by each
///   `try_take` and `try_pop` that finds no item, and by a delivery once in 10 ms.
/// - A process may be killed between its work and [`Job::done`]. So a job may be done twice, and must do no harm then.
/// - The others go on within milliseconds after the kernel has released the dead process.
///
/// A producer does not know whether its consumers are alive, so give its waits a limit. A call that does not wait does
/// not notice that the object was removed. Ask [`Shared::is_removed`](crate::Shared::is_removed) now and then.
///
/// # Details
///
/// A job that is not done keeps its slot. Slots are used in order, so the queue may be full although later slots are
/// free. Choose `N` for the longest job. A process that hangs keeps its jobs until it ends.
///
/// If the bytes of an item are not a valid `V`, the call returns [`PopError::InvalidValue`], and the item is consumed.
///
/// [`PopError::InvalidValue`]: crate::error::PopError::InvalidValue
///
/// # Memory
///
/// 256 bytes, and `N` slots. A slot takes 16 bytes and the size of the value, rounded up to a multiple of 64. `N` is 1
/// to 2,147,483,647.
///
/// There is no `Default`, because a large queue does not fit on the stack: use `Queue::new()` in a `static`, or
/// [`ShmObject::zeroed_box`].
#[repr(transparent)]
pub struct Queue<V: ShmValue, const N: usize> {
    cell: QueueCell<V, N>,
}

impl<V: ShmValue, const N: usize> Queue<V, N> {
    /// Makes an empty queue, in ordinary memory.
    ///
    /// ```
    /// use shmstore::Queue;
    ///
    /// static JOBS: Queue<u64, 16> = Queue::new();
    /// JOBS.push(7)?;
    /// assert_eq!(JOBS.try_pop()?, 7);
    /// # Ok::<(), shmstore::Error>(())
    /// ```
    #[must_use]
    #[allow(clippy::new_without_default)] // a large queue does not fit on the stack
    pub const fn new() -> Self {
        Self { cell: QueueCell::zeroed() }
    }

    /// Returns the number of items that wait, 0 to `N`. Items that are [taken](Self::take) are not among them.
    #[must_use]
    pub fn len(&self) -> usize {
        self.core().len() as usize
    }

    /// Returns `true` if no item waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.core().is_empty()
    }

    /// Returns the number of the queue's slots: `N`.
    #[must_use]
    pub const fn capacity(&self) -> usize {
        N
    }

    /// Returns the number of items that processes have [taken](Self::take) and not finished. They keep their slots.
    #[must_use]
    pub fn outstanding(&self) -> usize {
        self.core().outstanding() as usize
    }

    /// Returns copies of the items that wait, in the order in which they would be delivered. Changes nothing.
    ///
    /// An item that is popped or taken during the call may be missing. An item whose bytes are not a valid value is an
    /// `Err`.
    ///
    /// ```
    /// use shmstore::Queue;
    ///
    /// let queue = Queue::<u64, 4>::new();
    /// queue.push_many(&[1, 2, 3])?;
    /// assert_eq!(queue.items(), [Ok(1), Ok(2), Ok(3)]);
    /// # Ok::<(), shmstore::Error>(())
    /// ```
    #[must_use]
    pub fn items(&self) -> Vec<Result<V, InvalidValue>> {
        self.first_items(usize::MAX)
    }

    fn first_items(&self, limit: usize) -> Vec<Result<V, InvalidValue>> {
        let core = self.core();
        core.places().filter_map(|place| self.item(&core, place)).take(limit).collect()
    }

    /// Copies the item at a place, if one waits there.
    fn item(&self, core: &Core<'_>, place: Place) -> Option<Result<V, InvalidValue>> {
        let mut value = MaybeUninit::uninit();
        let is_whole = look(&core.ring, place, |index| {
            // SAFETY: a slot of this queue, aligned, a whole number of units. `value` has room for a V.
            unsafe { copy_out(core.ring.value(index), value.as_mut_ptr()) }
        });
        // SAFETY: all bytes were copied if the look found an item.
        is_whole.then(|| unsafe { bits::checked(value) })
    }

    /// Removes all items that wait, and returns their number. Jobs that are not done stay outstanding.
    ///
    /// # Errors
    ///
    /// [`Busy`] if this thread has the [`Consumer`].
    pub fn clear(&self) -> Result<usize, Busy> {
        let core = self.core();
        let _held = core.lock(&core.consumers.side, Limit::Forever)?;
        let mut place = core.place_of_consumers();
        // The limit ends the call even if producers push all the time.
        Ok(core.drain(&mut place, 2 * N, &mut |_, _| {}))
    }

    #[inline(always)]
    fn core(&self) -> Core<'_> {
        let Words { producers, consumers } = self.cell.words();
        Core { producers, consumers, ring: self.cell.ring(), part: PartRef::of(self) }
    }
}

impl<V: DebugValue, const N: usize> fmt::Debug for Queue<V, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        debug("Queue", self, f)
    }
}

/// The number of items that `Debug` prints.
const SHOWN: usize = 8;

/// Prints the length and the first items of a queue or its view.
fn debug<V: DebugValue, const N: usize>(name: &str, queue: &Queue<V, N>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    struct Items<V>(Vec<Result<V, InvalidValue>>, bool);
    impl<V: DebugValue> fmt::Debug for Items<V> {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            let mut list = f.debug_list();
            for item in &self.0 {
                match item {
                    Ok(value) => list.entry(value),
                    Err(invalid) => list.entry(&format_args!("<{invalid}>")),
                };
            }
            if self.1 { list.finish_non_exhaustive() } else { list.finish() }
        }
    }
    let items = queue.first_items(SHOWN + 1);
    let has_more = items.len() > SHOWN;
    let items = Items(items.into_iter().take(SHOWN).collect(), has_more);
    f.debug_struct(name)
        .field("len", &queue.len())
        .field("capacity", &N)
        .field("outstanding", &queue.outstanding())
        .field("items", &items)
        .finish()
}

// A queue changes by single stores, so a panic leaves nothing half-made.
impl<V: ShmValue, const N: usize> UnwindSafe for Queue<V, N> {}
impl<V: ShmValue, const N: usize> RefUnwindSafe for Queue<V, N> {}

// SAFETY: size and alignment are the compiler's. The kind, the capacity and the value's schema describe the content.
unsafe impl<V: ShmValue, const N: usize> ShmLayout for Queue<V, N> {
    const SCHEMA: &'static Schema = &Schema::of::<Self>(Kind::Queue { capacity: N, value: V::SCHEMA });
}

// SAFETY: atomic byte by byte, and any bytes are valid, as `QueueCell` explains. Zeros are an empty queue. Nothing to
// drop, because values are `Copy`. The view is a transparent wrapper whose methods never write.
unsafe impl<V: ShmValue, const N: usize> ShmObject for Queue<V, N> {
    type View = QueueView<V, N>;
}

impl<V: ShmValue + ShmId, const N: usize> ShmId for Queue<V, N> {
    const ID: char = V::ID;
}

#[cfg(test)]
mod hostile_tests;
#[cfg(test)]
mod tests;
