//! `Event`: a count of notifications that processes wait for.
//!
//! # Safety
//!
//! Only the promises of the layout traits are unsafe here. The memory is two atomic words.
#![allow(unsafe_code)]

mod past;

use std::fmt;
use std::time::Duration;

use super::atomics::AtomicU64;
use super::atomics::Ordering::{Acquire, Relaxed};
use super::event_word::{Notify, advance, count, nobody_slept, notify};
use super::waiting::{in_turns, wait_for};
use crate::error::WaitError;
use crate::layout::schema::{Kind, Schema};
use crate::layout::view::load_read_only;
use crate::layout::{ShmLayout, ShmObject};
use crate::sys::failpoint::{self, Step};
use crate::sys::futex;
use crate::sys::shm::Access;

/// Counts notifications, and lets processes wait for more of them.
///
/// A process that has changed something calls [`notify_all`](Self::notify_all). A waiter passes the count that it has
/// seen to [`wait_past`](Self::wait_past). So no notification is lost, not even one between the look and the wait.
/// Changes that were made before a notification are visible after the wait for it.
///
/// To wait for a value, [`Versioned::wait_newer`](crate::Versioned::wait_newer) needs no `Event`.
///
/// No process owns an event, so no death blocks it. If a process is killed between counting and waking, the waiters
/// find the notification by themselves within milliseconds.
///
/// ```
/// use shmstore::{Event, Shared, ShmObject};
/// use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
/// use std::time::Duration;
///
/// #[derive(ShmObject)]
/// #[repr(C)]
/// struct Jobs { posted: AtomicU64, changed: Event }
///
/// let jobs = Shared::<Jobs>::new_private()?;
/// std::thread::scope(|scope| {
///     scope.spawn(|| {
///         jobs.posted.fetch_add(1, Relaxed);
///         jobs.changed.notify_all();
///     });
///     let mut seen = 0; // or `jobs.changed.count()`, before the look at `posted`
///     while jobs.posted.load(Relaxed) == 0 {
///         seen = jobs.changed.wait_past(seen, Duration::from_secs(10))?;
///     }
///     Ok::<(), shmstore::Error>(())
/// })
/// # ?; Ok::<(), shmstore::Error>(())
/// ```
///
/// # Memory
///
/// 16 bytes, aligned to 8.
#[derive(Default)]
#[repr(C, align(8))]
pub struct Event {
    /// See `event_word.rs`.
    word: AtomicU64,
    _reserved: AtomicU64,
}

impl Event {
    /// Makes an event that counts from 0, in ordinary memory.
    #[must_use]
    pub const fn new() -> Self {
        Self { word: AtomicU64::new(0), _reserved: AtomicU64::new(0) }
    }

    /// Returns the number of notifications so far.
    #[must_use]
    #[inline]
    pub fn count(&self) -> u64 {
        count(load_read_only(Acquire, || self.word.load(Relaxed)))
    }

    /// Counts one notification, wakes all waiters, and returns the new count. No system call if there is no waiter.
    #[inline]
    pub fn notify_all(&self) -> u64 {
        let (now, must_wake) = notify(&self.word, Notify::All);
        if must_wake {
            failpoint::reach(Step::EventUnwoken);
            futex::wake(&self.word, futex::ALL);
        }
        count(now)
    }

    /// Counts one notification, wakes one waiter, and returns the new count. No system call if there is no waiter.
    ///
    /// This is for work that any one waiter can do. The others find the new count after some milliseconds, or with the
    /// next notification.
    #[inline]
    pub fn notify_one(&self) -> u64 {
        let (now, must_wake) = notify(&self.word, Notify::One);
        if must_wake {
            self.wake_one(now);
        }
        count(now)
    }

    /// Raises the number of notifications to `wanted` if it is lower, and wakes all waiters if it did. Returns the
    /// number. An event counts up to 2⁶³ − 1, and a larger number counts as that.
    pub(crate) fn advance_to(&self, wanted: u64) -> u64 {
        let (now, must_wake) = advance(&self.word, wanted);
        if must_wake {
            failpoint::reach(Step::EventUnwoken);
            futex::wake(&self.word, futex::ALL);
        }
        count(now)
    }

    #[cold]
    fn wake_one(&self, notified: u64) {
        failpoint::reach(Step::EventUnwoken);
        if futex::wake(&self.word, 1) == 0 && nobody_slept(&self.word, notified) {
            futex::wake(&self.word, futex::ALL);
        }
    }

    /// Waits until there are more than `seen` notifications, and returns their number.
    ///
    /// A signal does not end the wait. For a handler that sets a flag, use [`wait_past_while`](Self::wait_past_while).
    ///
    /// # Errors
    ///
    /// - [`WaitError::Timeout`] once the time is over.
    /// - [`WaitError::Removed`] if the object was removed. It is noticed within some milliseconds. A removal by `ipcrm`
    ///   is noticed only by a call that waits for 5 ms or more.
    /// - [`WaitError::AnchorLost`] if the anchor was removed. It is noticed within a second, or when the time is over.
    pub fn wait_past(&self, seen: u64, timeout: Duration) -> Result<u64, WaitError> {
        wait_for(&self.notified(seen), timeout)
    }

    /// Waits as [`wait_past`](Self::wait_past) does, without a limit. Returns `None` soon after `keep_waiting` returns
    /// `false`, which is called first, and then every 5 ms.
    ///
    /// ```
    /// use shmstore::Event;
    /// use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
    ///
    /// static RUNNING: AtomicBool = AtomicBool::new(true); // a signal handler stores `false`
    /// let changed = Event::new();
    /// let mut seen = 0;
    /// # changed.notify_all(); RUNNING.store(false, Relaxed);
    /// while let Some(count) = changed.wait_past_while(seen, || RUNNING.load(Relaxed))? {
    ///     println!("notification {count}");
    ///     seen = count;
    /// }
    /// # Ok::<(), shmstore::WaitError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`wait_past`](Self::wait_past), and never [`WaitError::Timeout`].
    pub fn wait_past_while(&self, seen: u64, keep_waiting: impl Fn() -> bool) -> Result<Option<u64>, WaitError> {
        in_turns(keep_waiting, |turn| self.wait_past(seen, turn))
    }

    /// Returns a wait for more than `seen` notifications, for [`wait_any`](crate::wait_any) and `.await`. The future
    /// returns their number.
    ///
    /// If [`notify_one`](Self::notify_one) wakes a task, it wakes all tasks of its process that wait for the event.
    ///
    /// ```
    /// use shmstore::Event;
    ///
    /// # pollster::block_on(async {
    /// let changed = Event::new();
    /// changed.notify_all();
    /// assert_eq!(changed.past(0).await?, 1);
    /// # Ok::<(), shmstore::WaitError>(()) }).unwrap();
    /// ```
    ///
    /// # Errors
    ///
    /// The future returns the errors of [`wait_past`](Self::wait_past), except [`WaitError::Timeout`], and
    /// [`WaitError::NoThread`].
    pub fn past(&self, seen: u64) -> Past<'_> {
        Past::of(self.notified(seen))
    }

    fn notified(&self, seen: u64) -> Notified<'_> {
        Notified { event: self, seen, access: Access::ReadWrite }
    }
}

impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        debug("Event", self, f)
    }
}

/// Lets a read-only process wait for an [`Event`].
#[repr(transparent)]
pub struct EventView {
    part: Event,
}

impl EventView {
    /// Returns the number of notifications so far.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.part.count()
    }

    /// Waits until there are more than `seen` notifications: see [`Event::wait_past`]. On a handle of
    /// `attach_read_only` it polls every millisecond. On a handle of `attach_view` it is woken at once.
    ///
    /// # Errors
    ///
    /// As [`Event::wait_past`].
    pub fn wait_past(&self, seen: u64, timeout: Duration) -> Result<u64, WaitError> {
        wait_for(&self.notified(seen), timeout)
    }

    /// Waits until there are more than `seen` notifications, or `keep_waiting` returns `false`: see
    /// [`Event::wait_past_while`].
    ///
    /// # Errors
    ///
    /// As [`Event::wait_past_while`].
    pub fn wait_past_while(&self, seen: u64, keep_waiting: impl Fn() -> bool) -> Result<Option<u64>, WaitError> {
        in_turns(keep_waiting, |turn| self.wait_past(seen, turn))
    }

    /// Returns a wait for more than `seen` notifications: see [`Event::past`].
    pub fn past(&self, seen: u64) -> Past<'_> {
        Past::of(self.notified(seen))
    }

    fn notified(&self, seen: u64) -> Notified<'_> {
        Notified { event: &self.part, seen, access: Access::ReadOnly }
    }
}

impl fmt::Debug for EventView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        debug("EventView", &self.part, f)
    }
}

fn debug(name: &str, part: &Event, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    f.debug_struct(name).field("count", &part.count()).finish()
}

// SAFETY: size and alignment are the compiler's. `Kind::Event` describes the content, held by the assertions below.
unsafe impl ShmLayout for Event {
    const SCHEMA: &'static Schema = &Schema::of::<Self>(Kind::Event);
}

// SAFETY: nothing but atomics, in which any bytes are valid. Zeros are a count of 0 without waiters. Nothing to drop.
// The view is a transparent wrapper whose methods never write.
unsafe impl ShmObject for Event {
    type View = EventView;
}

const _: () = {
    assert!(size_of::<Event>() == 16 && align_of::<Event>() == 8);
    assert!(std::mem::offset_of!(Event, word) == 0);
    assert!(std::mem::offset_of!(Event, _reserved) == 8);
};

use past::Notified;
pub use past::Past;

#[cfg(test)]
mod tests;
