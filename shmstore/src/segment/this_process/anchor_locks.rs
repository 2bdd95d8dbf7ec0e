//! The locks on anchors, between the threads of this process: `flock` locks open files and knows no threads.
//!
//! A thread that has locked an anchor locks it again by counting. Other threads wait.

use std::os::fd::BorrowedFd;
use std::path::Path;
use std::sync::{MutexGuard, PoisonError};
use std::thread::{self, ThreadId};
use std::time::Instant;

use nix::errno::Errno;

use super::Local;
use super::lock_descriptor::LockDescriptor;
use crate::sys::file::{self, Inode};

/// An anchor that a thread has locked.
#[derive(Debug)]
pub(crate) struct LockedAnchor {
    dev: u64,
    ino: u64,
    thread: ThreadId,
    /// The number of times that the thread has locked it.
    depth: usize,
    /// The objects that the thread is initializing: a bit for each id, which is below 128.
    initializing: u128,
}

/// The anchors that threads of this process have locked.
#[derive(Debug, Default)]
pub(super) struct AnchorLocks {
    /// A few entries: at most one for each thread that is creating objects.
    locked: Vec<LockedAnchor>,
    /// The number of threads that are waiting for one of them.
    waiting: usize,
}

/// The way in which a thread has locked an anchor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Entry {
    /// No thread of this process had it: the file lock must be taken too.
    First,
    /// The same thread had it already.
    Nested,
}

impl AnchorLocks {
    fn find(&mut self, dev: u64, ino: u64) -> Option<&mut LockedAnchor> {
        self.locked.iter_mut().find(|anchor| (anchor.dev, anchor.ino) == (dev, ino))
    }
}

impl Local {
    fn lock_anchors(&self) -> MutexGuard<'_, AnchorLocks> {
        // Every change is one insertion, removal or count: a panic leaves nothing half-done.
        self.anchor_locks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Locks an anchor between threads. Returns `None` if another thread had it until the deadline.
    pub(crate) fn enter_anchor(&self, dev: u64, ino: u64, mut deadline: impl FnMut() -> Instant) -> Option<Entry> {
        let mut anchors = self.lock_anchors();
        let me = thread::current().id();
        loop {
            match anchors.find(dev, ino) {
                None => {
                    anchors.locked.push(LockedAnchor { dev, ino, thread: me, depth: 1, initializing: 0 });
                    return Some(Entry::First);
                }
                Some(anchor) if anchor.thread == me => {
                    anchor.depth += 1;
                    return Some(Entry::Nested);
                }
                Some(_) => {}
            }
            let left = deadline().saturating_duration_since(Instant::now());
            if left.is_zero() {
                return None;
            }
            anchors.waiting += 1;
            anchors = self.anchor_unlocked.wait_timeout(anchors, left).unwrap_or_else(PoisonError::into_inner).0;
            anchors.waiting -= 1;
        }
    }

    /// Takes back one [`enter_anchor`](Self::enter_anchor).
    pub(crate) fn leave_anchor(&self, dev: u64, ino: u64) {
        let mut anchors = self.lock_anchors();
        if let Some(anchor) = anchors.find(dev, ino) {
            anchor.depth -= 1;
            if anchor.depth == 0 {
                anchors.locked.retain(|anchor| (anchor.dev, anchor.ino) != (dev, ino));
                // Takes a system call even if no thread is waiting.
                if anchors.waiting != 0 {
                    self.anchor_unlocked.notify_all();
                }
            }
        }
    }

    /// Returns `true` if this very thread is initializing an object.
    pub(crate) fn is_initializing(&self, dev: u64, ino: u64, id: u8) -> bool {
        let mut anchors = self.lock_anchors();
        let anchor = anchors.find(dev, ino).filter(|anchor| anchor.initializing & bit(id) != 0);
        anchor.is_some_and(|anchor| anchor.thread == thread::current().id())
    }

    /// Notes that this thread, which has locked the anchor, begins or ends to initialize an object.
    pub(crate) fn set_initializing(&self, dev: u64, ino: u64, id: u8, initializing: bool) {
        if let Some(anchor) = self.lock_anchors().find(dev, ino) {
            let others = anchor.initializing & !bit(id);
            anchor.initializing = if initializing { others | bit(id) } else { others };
        }
    }
}

impl Local {
    fn lock_idle(&self) -> MutexGuard<'_, Option<LockDescriptor>> {
        // Every change is one replacement.
        self.idle_lock_file.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The file of the last lock, if it is this file and still open.
    fn take_idle(&self, inode: Inode) -> Option<LockDescriptor> {
        let file = self.lock_idle().take_if(|file| file.inode() == inode)?;
        if file.is_open() {
            return Some(file);
        }
        file.close();
        None
    }

    /// Keeps the file of a lock that was given up for the next lock on it, because opening takes longer than locking.
    /// One file only: thousands of names need no more descriptors than one name.
    fn keep_idle(&self, file: LockDescriptor) {
        let other = self.lock_idle().replace(file);
        other.into_iter().for_each(LockDescriptor::close);
    }
}

/// The bit of an id: printable ASCII.
fn bit(id: u8) -> u128 {
    1 << (id & 127)
}

/// The file of an anchor's lock, given up when dropped.
#[derive(Debug)]
pub(crate) struct LockFile {
    /// `None` once it is closed.
    file: Option<LockDescriptor>,
    /// The token of the process that opened it: a child that inherits this value must not touch the descriptor.
    token: u32,
}

impl LockFile {
    /// Opens a file to be locked. Returns `None` if another file is at the path.
    pub(crate) fn open(path: &Path, inode: Inode) -> Result<Option<Self>, Errno> {
        let token = super::token();
        let file = match super::local().take_idle(inode) {
            Some(file) => file,
            None => LockDescriptor::open(path)?,
        };
        if file.inode() != inode {
            file.close();
            return Ok(None);
        }
        Ok(Some(Self { file: Some(file), token }))
    }

    fn file(&self) -> &LockDescriptor {
        self.file.as_ref().expect("closed only when dropped")
    }

    pub(crate) fn fd(&self) -> BorrowedFd<'_> {
        self.file().fd()
    }
}

impl Drop for LockFile {
    fn drop(&mut self) {
        if self.token != super::current_token() {
            // Closed in this child already: another file may have the number.
            return;
        }
        // Closing alone would leave the copies of a raw clone of this process locked.
        let is_unlocked = self.file().is_open() && file::unlock(self.fd()).is_ok();
        match self.file.take() {
            Some(file) if is_unlocked => super::local().keep_idle(file),
            file => file.into_iter().for_each(LockDescriptor::close),
        }
    }
}
