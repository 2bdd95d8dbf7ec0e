//! `Event`: a count that processes wait for.
//!
//! # Safety
//!
//! What is unsafe here is only to promise the layout: two atomic words, which all may read and write at any time.
#![allow(unsafe_code)]

use std::fmt;
use std::time::Duration;

use super::atomics::AtomicU64;
use super::atomics::Ordering::{Acquire, Relaxed};
use super::describe;
use super::event_word::{Notify, announce, count, nobody_slept, notify};
use super::waiting::wait;
use crate::error::{Awaited, WaitError};
use crate::layout::schema::{Kind, Schema};
use crate::layout::view::load_read_only;
use crate::layout::{ShmLayout, ShmObject};
use crate::sys::failpoint::{self, Step};
use crate::sys::futex;
use crate::sys::shm::Access;

/// A count of what has happened, for which processes wait.
///
/// Whoever changes something says so with [`notify_all`](Self::notify_all); whoever waits says how far it has seen, so no
/// notification is ever lost, not even one that comes between looking and waiting. What was done before a notification
/// is seen after the wait for it.
///
/// To wait for a value, [`Versioned::wait_newer`](crate::Versioned::wait_newer) needs no `Event`.
///
/// Nobody holds an event, so nobody's death blocks it. A process that is killed between counting and waking leaves the
/// notification, which those who sleep find within milliseconds by themselves.
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
///     let mut seen = 0; // or `jobs.changed.count()`, before looking at what it stands for
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
    /// Makes one that counts from 0, in ordinary memory.
    #[must_use]
    pub const fn new() -> Self {
        Self { word: AtomicU64::new(0), _reserved: AtomicU64::new(0) }
    }

    /// Returns how many notifications there were.
    #[must_use]
    #[inline]
    pub fn count(&self) -> u64 {
        count(load_read_only(Acquire, || self.word.load(Relaxed)))
    }

    /// Counts one notification, wakes everybody who waits, and returns the new count. No system call if nobody waits.
    #[inline]
    pub fn notify_all(&self) -> u64 {
        let (now, must_wake) = notify(&self.word, Notify::All);
        if must_wake {
            failpoint::reach(Step::EventUnwoken);
            futex::wake(&self.word, futex::ALL);
        }
        count(now)
    }

    /// Counts one notification, wakes one of those who wait, and returns the new count. No system call if nobody waits.
    ///
    /// For work that any one of the waiting can do. The others see the new count as soon as they look: when they are woken by
    /// another notification, or after some milliseconds.
    #[inline]
    pub fn notify_one(&self) -> u64 {
        let (now, must_wake) = notify(&self.word, Notify::One);
        if must_wake {
            self.wake_one(now);
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

    /// Waits up to `timeout` until there were more than `seen` notifications, and returns how many there are.
    ///
    /// A signal does not end a wait: [`Versioned::wait_newer`](crate::Versioned::wait_newer) shows a loop that ends by a flag.
    ///
    /// # Errors
    ///
    /// [`WaitError::Timeout`]; [`WaitError::Removed`] if the object was removed, within some milliseconds. A removal from
    /// outside (`ipcrm`) is noticed only by a call that waits for 5 ms or more. [`WaitError::AnchorLost`] if its anchor was
    /// removed, within a second or when the time is over.
    pub fn wait_past(&self, seen: u64, timeout: Duration) -> Result<u64, WaitError> {
        self.wait_by(seen, timeout, Access::ReadWrite, |slice| match announce(&self.word, seen) {
            Err(newer) => Some(newer),
            Ok(word) => {
                futex::wait(&self.word, word as u32, slice);
                self.newer(seen)
            }
        })
    }

    fn newer(&self, seen: u64) -> Option<u64> {
        Some(self.count()).filter(|&count| count > seen)
    }

    fn wait_by(
        &self,
        seen: u64,
        timeout: Duration,
        access: Access,
        sleep: impl Fn(Duration) -> Option<u64>,
    ) -> Result<u64, WaitError> {
        wait(
            self,
            access,
            timeout,
            || self.newer(seen),
            sleep,
            || Awaited::Notification {
                event: describe::part(self),
                number: seen.saturating_add(1),
                count: self.count(),
            },
        )
    }
}

impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        debug("Event", self, f)
    }
}

/// An [`Event`] that can be waited for and nothing else.
#[repr(transparent)]
pub struct EventView {
    part: Event,
}

impl EventView {
    /// Returns how many notifications there were.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.part.count()
    }

    /// Waits for more notifications: see [`Event::wait_past`]. A read-only process cannot announce that it is
    /// waiting, so it polls every millisecond.
    ///
    /// # Errors
    ///
    /// [`WaitError::Timeout`], [`WaitError::Removed`], [`WaitError::AnchorLost`].
    pub fn wait_past(&self, seen: u64, timeout: Duration) -> Result<u64, WaitError> {
        let part = &self.part;
        part.wait_by(seen, timeout, Access::ReadOnly, |slice| {
            let word = load_read_only(Acquire, || part.word.load(Relaxed));
            if count(word) <= seen {
                futex::wait(&part.word, word as u32, slice);
            }
            part.newer(seen)
        })
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

// SAFETY: size and alignment are the compiler's; `Kind::Event` says what is in it, held by the assertions below.
unsafe impl ShmLayout for Event {
    const SCHEMA: &'static Schema = &Schema::of::<Self>(Kind::Event);
}

// SAFETY: nothing but atomics, which are valid over any bytes; zeros are a count of 0 and nobody waiting; nothing to
// drop. The view is a transparent wrapper whose methods never write.
unsafe impl ShmObject for Event {
    type View = EventView;
}

const _: () = {
    assert!(size_of::<Event>() == 16 && align_of::<Event>() == 8);
    assert!(std::mem::offset_of!(Event, word) == 0);
    assert!(std::mem::offset_of!(Event, _reserved) == 8);
};

#[cfg(test)]
mod tests;
