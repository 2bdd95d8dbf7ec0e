//! Queues of any type.

use std::fmt;

use super::place::{Place, path_and_object};
use super::value::Values;
use super::wait::{Aim, Wait};
use super::{DynamicError, Limit};
use crate::error::JobLost;
use crate::inspect::Value;
use crate::layout::schema::{OwnedKind, OwnedSchema};
use crate::segment::this_process;
use crate::sync::raw::{RawPart, RawQueue, RawTaken};

/// A [`Queue`](crate::Queue) of any type. [`Object::queue`](super::Object::queue) returns it.
#[derive(Debug, Clone)]
pub struct Queue {
    place: Place,
    values: Values,
}

impl Queue {
    pub(super) fn at(place: Place) -> Result<Self, DynamicError> {
        place.of_kind("a `Queue`", RawPart::queue)?;
        let OwnedKind::Queue { value, .. } = place.owned.kind() else { return Err(place.is_not("a `Queue`")) };
        Ok(Self { values: Values(value), place })
    }

    pub(super) fn raw(&self) -> RawQueue<'_> {
        self.place.raw().queue().expect("a `Queue`, as `at` has checked")
    }

    path_and_object!();

    /// Returns the layout of an item.
    #[must_use]
    pub fn schema(&self) -> &OwnedSchema {
        self.values.0
    }

    /// Returns the number of items that wait.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.raw().len()
    }

    /// Returns `true` if no item waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the number of items that were taken and are not done.
    #[must_use]
    pub fn outstanding(&self) -> u64 {
        self.raw().outstanding()
    }

    /// Returns the number of slots.
    #[must_use]
    pub fn capacity(&self) -> u64 {
        self.raw().capacity()
    }

    /// Pushes an item. Waits for a free slot.
    ///
    /// # Errors
    ///
    /// - [`DynamicError::Value`] if the value is not of the type.
    /// - [`DynamicError::Push`] with the errors of [`Queue::push_timeout`](crate::Queue::push_timeout).
    pub fn push(&self, value: &Value, limit: Limit) -> Result<(), DynamicError> {
        Ok(self.raw().push(&self.values.encode(value)?, limit)?)
    }

    /// Pushes an item of these bytes, as [`push`](Self::push) does.
    ///
    /// # Errors
    ///
    /// - [`DynamicError::InvalidValue`] and [`DynamicError::Length`] if the bytes are no value of the type.
    /// - [`DynamicError::Push`] as for [`push`](Self::push).
    pub fn push_bytes(&self, bytes: &[u8], limit: Limit) -> Result<(), DynamicError> {
        Ok(self.raw().push(self.values.check(bytes)?, limit)?)
    }

    /// Pops the oldest item. Waits for one.
    ///
    /// # Errors
    ///
    /// - [`DynamicError::Pop`] with the errors of [`Queue::pop_timeout`](crate::Queue::pop_timeout).
    /// - [`DynamicError::InvalidValue`] if the bytes of the item are not a valid value. The item is consumed.
    pub fn pop(&self, limit: Limit) -> Result<Value, DynamicError> {
        let mut bytes = self.values.zeroed();
        self.raw().pop(&mut bytes, limit)?;
        self.values.decode(&bytes)
    }

    /// Pops the oldest item to `bytes`, which has the size of an item. Waits for one.
    ///
    /// # Errors
    ///
    /// As [`pop`](Self::pop), and [`DynamicError::Length`] if `bytes` has another size. Then no item is consumed.
    pub fn pop_bytes(&self, bytes: &mut [u8], limit: Limit) -> Result<(), DynamicError> {
        self.values.check_len(bytes.len())?;
        self.raw().pop(bytes, limit)?;
        self.values.checked(bytes)
    }

    /// Takes the oldest item. Waits for one. The job keeps the item until it is done or dropped.
    ///
    /// # Errors
    ///
    /// As [`pop`](Self::pop).
    pub fn take(&self, limit: Limit) -> Result<Job, DynamicError> {
        let mut bytes = self.values.zeroed();
        let taken = self.raw().take(&mut bytes, limit)?;
        if let Err(invalid) = self.values.checked(&bytes) {
            self.raw().finish(taken);
            return Err(invalid);
        }
        Ok(Job { queue: self.clone(), taken, bytes, is_done: false })
    }

    /// Returns a wait for an item, for [`wait_any`](crate::wait_any) and `.await`. Another consumer may take the item
    /// first.
    pub fn not_empty(&self) -> Wait {
        Wait::of(Aim::Item { part: self.clone() })
    }

    /// Returns a wait for a free slot, for [`wait_any`](crate::wait_any) and `.await`. Another producer may use the
    /// slot first.
    pub fn not_full(&self) -> Wait {
        Wait::of(Aim::Slot { part: self.clone() })
    }
}

/// An item that this process has taken from a [`Queue`], and not finished. [`Queue::take`] returns it.
///
/// If it is dropped before [`done`](Self::done), or its process is killed, the item returns to the queue.
#[must_use = "a job that is dropped is returned to its queue: call `done`"]
pub struct Job {
    queue: Queue,
    taken: RawTaken,
    bytes: Vec<u8>,
    is_done: bool,
}

impl Job {
    /// Returns the item.
    ///
    /// # Errors
    ///
    /// None: the bytes were checked when the item was taken.
    pub fn value(&self) -> Result<Value, DynamicError> {
        self.queue.values.decode(&self.bytes)
    }

    /// Returns the layout of the item.
    #[must_use]
    pub fn schema(&self) -> &OwnedSchema {
        self.queue.values.0
    }

    /// Returns the bytes of the item.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Returns how often the item was delivered, this time included. Counts up to 7.
    #[must_use]
    pub fn deliveries(&self) -> u32 {
        self.taken.deliveries()
    }

    /// Finishes the item. It is not delivered again, and its slot is free.
    ///
    /// # Errors
    ///
    /// - [`DynamicError::Job`] if this process no longer has the item.
    /// - [`DynamicError::OfParent`] in a process that was forked since the item was taken.
    pub fn done(mut self) -> Result<(), DynamicError> {
        if !this_process::is_ours(self.taken.token()) {
            return Err(DynamicError::OfParent { what: "a job" });
        }
        self.is_done = true;
        let queue = self.queue.raw();
        if queue.finish(self.taken) { Ok(()) } else { Err(JobLost { queue: queue.name() }.into()) }
    }
}

impl Drop for Job {
    fn drop(&mut self) {
        if !self.is_done && this_process::is_ours(self.taken.token()) {
            self.queue.raw().give_back(self.taken);
        }
    }
}

impl fmt::Debug for Job {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Job").field("deliveries", &self.deliveries()).field("value", &self.value()).finish()
    }
}
