//! Keeping other processes away from an object that is to be removed for a new one.
//!
//! A process that attaches an object first makes the kernel count it, and then looks for the flag MOVING. This process
//! first sets the flag, and then asks for the count. So one of the two sees the other. Asking first would lose the
//! stores of a process that attaches between the answer and the removal.

use nix::errno::Errno;

use super::{AnchorLock, Deadline, Found, GRACE_PERIOD, Target};
use crate::error::RemoveError;
use crate::sys::failpoint::{self, Step};
use crate::sys::shm;

/// An object that only this process has attached, and that no process attaches until this is dropped. The process has
/// the anchor's lock.
pub(super) struct Excluded<'a> {
    lock: &'a AnchorLock,
    found: Found,
    /// True if the flag stays, because the object is removed.
    is_removed: bool,
}

impl<'a> Excluded<'a> {
    /// Sets the flag, and waits a second for processes that only look at the object.
    ///
    /// # Errors
    ///
    /// The number of other attachments.
    pub(super) fn new(lock: &'a AnchorLock, found: Found) -> Result<Self, u64> {
        found.header().flags().set_moving();
        let excluded = Self { lock, found, is_removed: false };
        failpoint::reach(Step::MoveMarked);
        let mut grace = Deadline::new(GRACE_PERIOD);
        loop {
            match excluded.attached() {
                0 => return Ok(excluded),
                attached if !grace.pause() => return Err(attached),
                _ => {}
            }
        }
    }

    /// How many times it is attached, without this attachment.
    fn attached(&self) -> u64 {
        match shm::status(self.found.status.shmid) {
            Ok(now) => now.attach_count.saturating_sub(1),
            // It was removed from outside, so no process attaches it any more.
            Err(Errno::EINVAL | Errno::EIDRM) => 0,
            // Unknown, and so taken for attached.
            Err(_) => 1,
        }
    }

    pub(super) fn nonce(&self) -> u64 {
        self.found.header().nonce()
    }

    /// Removes the object.
    pub(super) fn remove(&mut self, target: &Target<'_>) -> Result<(), RemoveError> {
        target.mark_removed(self.lock, &self.found)?;
        self.is_removed = true;
        Ok(())
    }
}

impl Drop for Excluded<'_> {
    fn drop(&mut self) {
        // A child process that was forked meanwhile leaves the object to its parent.
        if !self.is_removed && self.lock.is_ours() {
            self.found.header().flags().clear_moving();
        }
    }
}
