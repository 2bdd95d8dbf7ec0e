//! Keeping other processes away from an object that is to be removed, perhaps for a new one.
//!
//! A process that attaches an object first makes the kernel count it, and then looks for the flag MOVING. This process
//! first sets the flag, and then asks for the count. So one of the two sees the other. Asking first would lose the
//! stores of a process that attaches between the answer and the removal.

use std::thread;
use std::time::{Duration, Instant};

use nix::errno::Errno;

use super::{AnchorLock, Deadline, Found, GRACE_PERIOD};
use crate::segment::header::Header;
use crate::sys::failpoint::{self, Step};
use crate::sys::shm;

/// The pause between two looks at the count. A process that lists objects without end has each attached most of the
/// time, so few looks find one unattached.
const PAUSE: Duration = Duration::from_micros(100);

/// An object that only this process has attached, and that no process attaches until this is dropped. The process has
/// the anchor's lock.
pub(crate) struct Excluded<'a> {
    lock: &'a AnchorLock,
    header: &'a Header,
}

impl<'a> Excluded<'a> {
    /// Sets the flag, and waits for processes that only look at the object. This process has attached it `ours` times.
    ///
    /// # Errors
    ///
    /// The number of other attachments.
    pub(crate) fn new(
        lock: &'a AnchorLock,
        header: &'a Header,
        shmid: i32,
        ours: u64,
        grace: &mut Deadline,
    ) -> Result<Self, u64> {
        header.flags().set_moving();
        let excluded = Self { lock, header };
        failpoint::reach(Step::MoveMarked);
        loop {
            match attached_by_others(shmid, ours) {
                0 => return Ok(excluded),
                attached if Instant::now() >= grace.end() => return Err(attached),
                _ => thread::sleep(PAUSE),
            }
        }
    }

    /// Lets the flag stay, because the object is removed.
    pub(crate) fn keep(self) {
        std::mem::forget(self);
    }
}

impl Drop for Excluded<'_> {
    fn drop(&mut self) {
        // A child process that was forked meanwhile leaves the object to its parent.
        if self.lock.is_ours() {
            self.header.flags().clear_moving();
        }
    }
}

impl Found {
    /// Keeps other processes away from a complete object, and waits a second for processes that only look at it.
    ///
    /// # Errors
    ///
    /// The number of other attachments.
    pub(super) fn exclude_others<'a>(&'a self, lock: &'a AnchorLock) -> Result<Excluded<'a>, u64> {
        Excluded::new(lock, self.header(), self.status.shmid, 1, &mut Deadline::new(GRACE_PERIOD))
    }
}

/// How many times a segment is attached, without the attachments of this process.
pub(crate) fn attached_by_others(shmid: i32, ours: u64) -> u64 {
    match shm::status(shmid) {
        Ok(now) => now.attach_count.saturating_sub(ours),
        // It was removed from outside, so no process attaches it any more.
        Err(Errno::EINVAL | Errno::EIDRM) => 0,
        // Unknown, and so taken for attached.
        Err(_) => 1,
    }
}
