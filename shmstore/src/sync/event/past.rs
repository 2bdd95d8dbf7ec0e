//! The wait for a notification.

use std::time::Duration;

use super::Event;
use crate::error::{Awaited, WaitError};
use crate::sync::describe;
use crate::sync::waiting::{Aim, Condition, Pending, Waitable, awaitable};
use crate::sys::shm::Access;

/// A wait for a notification of an [`Event`]. [`Event::past`] returns it. `.await` returns the number of notifications.
#[must_use = "a wait does nothing unless it is awaited, or passed to `wait_any`"]
pub struct Past<'a> {
    aim: Notified<'a>,
    pending: Pending,
}

/// More notifications than `seen`.
pub(super) struct Notified<'a> {
    pub(super) event: &'a Event,
    pub(super) seen: u64,
    pub(super) access: Access,
}

impl Waitable for Notified<'_> {
    fn condition(&self) -> Condition<'_> {
        self.event.past_condition(self.seen)
    }

    fn access(&self) -> Access {
        self.access
    }

    fn describe(&self) -> Awaited {
        self.event.describe_past(self.seen)
    }
}

impl Event {
    /// The condition that there were more than `seen` notifications.
    pub(crate) fn past_condition(&self, seen: u64) -> Condition<'_> {
        Condition::Notification { event: &self.word, seen }
    }

    /// Describes more than `seen` notifications.
    pub(crate) fn describe_past(&self, seen: u64) -> Awaited {
        Awaited::Notification { event: describe::part(self), number: seen.saturating_add(1), count: self.count() }
    }
}

impl Aim for Notified<'_> {
    type Change = u64;

    fn change(&self, _: Duration) -> Result<Option<u64>, WaitError> {
        Ok(Some(self.event.count()))
    }
}

awaitable!(['a] Past<'a>, Notified<'a>, u64);
