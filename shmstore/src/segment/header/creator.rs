//! The creator of a segment, as the header says.

use std::sync::atomic::Ordering::Relaxed;

use super::Header;
use crate::error::{Creator, moment};
use crate::sys::file::Inode;
use crate::sys::vantage::Vantage;

/// The process that made a segment, and the time, in the kernel's numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Provenance {
    pub(crate) pid: u32,
    pub(crate) uid: u32,
    pub(crate) start: u64,
    pub(crate) pid_namespace: u32,
    pub(crate) time_namespace: u32,
    pub(crate) created_seconds: u64,
    pub(crate) created_nanoseconds: u32,
    /// The mount namespace and root in which the creator saw the anchor's path.
    pub(crate) vantage: Vantage,
}

impl Header {
    /// Writes the creator.
    pub(crate) fn sign(&self, by: &Provenance) {
        self.creator_pid.store(by.pid, Relaxed);
        self.creator_uid.store(by.uid, Relaxed);
        self.creator_start.store(by.start, Relaxed);
        self.creator_pid_namespace.store(by.pid_namespace, Relaxed);
        self.creator_time_namespace.store(by.time_namespace, Relaxed);
        self.created_seconds.store(by.created_seconds, Relaxed);
        self.created_nanoseconds.store(by.created_nanoseconds, Relaxed);
        self.mount_namespace.store(by.vantage.mount_namespace, Relaxed);
        self.root_dev.store(by.vantage.root.dev, Relaxed);
        self.root_ino.store(by.vantage.root.ino, Relaxed);
    }

    /// Reads the creator, which may be a lie.
    pub(crate) fn provenance(&self) -> Provenance {
        Provenance {
            pid: self.creator_pid.load(Relaxed),
            uid: self.creator_uid.load(Relaxed),
            start: self.creator_start.load(Relaxed),
            pid_namespace: self.creator_pid_namespace.load(Relaxed),
            time_namespace: self.creator_time_namespace.load(Relaxed),
            created_seconds: self.created_seconds.load(Relaxed),
            created_nanoseconds: self.created_nanoseconds.load(Relaxed),
            vantage: Vantage {
                mount_namespace: self.mount_namespace.load(Relaxed),
                root: Inode { dev: self.root_dev.load(Relaxed), ino: self.root_ino.load(Relaxed) },
            },
        }
    }

    /// The creator as errors and lists name it.
    pub(crate) fn creator(&self) -> Creator {
        let by = self.provenance();
        Creator { pid: by.pid, uid: by.uid, created: moment(by.created_seconds, by.created_nanoseconds) }
    }
}
