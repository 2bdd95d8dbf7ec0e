//! The removal of a segment, as this process knows of it.
//!
//! A removal by a store is in the segment's header. Of any other removal only the kernel knows. Its answer
//! is noted in the attachment, so that all handles of this process know it without a system call.

use std::sync::atomic::Ordering::Relaxed;

use super::SegmentRef;
use crate::sys::shm;

impl SegmentRef {
    /// Returns `true` if the segment was removed: its header says so, or the kernel has told this process before.
    pub(crate) fn says_removed(&self) -> bool {
        self.header().says_removed() || self.attachment().removal.load(Relaxed)
    }

    /// Also asks the kernel, by one system call.
    pub(crate) fn is_removed(&self) -> bool {
        if !self.says_removed() && shm::status(self.shmid()).is_ok_and(|status| status.removed) {
            self.note_removal();
        }
        self.says_removed()
    }

    /// Notes, for this process, that the kernel says that the segment was removed.
    pub(crate) fn note_removal(&self) {
        self.attachment().removal.store(true, Relaxed);
    }
}
