//! The locks on anchors that threads of this process hold: `flock` knows open files, not threads.
//!
//! A thread that has an anchor's lock takes it again by counting; another thread waits.

use std::os::fd::BorrowedFd;
use std::path::Path;
use std::sync::{MutexGuard, PoisonError};
use std::thread::{self, ThreadId};
use std::time::Instant;

use nix::errno::Errno;

use super::Local;
use super::lock_descriptor::LockDescriptor;
use crate::sys::file::{self, Inode};

/// Which thread has an anchor, how many times, and what it is initializing there.
#[derive(Debug)]
pub(crate) struct LockedAnchor {
    dev: u64,
    ino: u64,
    thread: ThreadId,
    depth: usize,
    /// A bit for each id, of which there are 95 below 128.
    initializing: u128,
}

/// The anchors that threads of this process have.
#[derive(Debug, Default)]
pub(super) struct AnchorLocks {
    /// A few at a time: as many as there are threads that create, or nest.
    held: Vec<LockedAnchor>,
    /// How many threads wait for one of them.
    waiting: usize,
}

/// How a thread got an anchor to itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Entry {
    /// It is the first of this process: the file lock is to be taken yet.
    First,
    /// It had it already.
    Nested,
}

impl AnchorLocks {
    fn find(&mut self, dev: u64, ino: u64) -> Option<&mut LockedAnchor> {
        self.held.iter_mut().find(|held| (held.dev, held.ino) == (dev, ino))
    }
}

impl Local {
    fn lock_anchors(&self) -> MutexGuard<'_, AnchorLocks> {
        // Every change is one insertion, removal or count: a panic leaves nothing half-done.
        self.anchor_locks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps other threads of this process from an anchor; `None` if one had it until the deadline.
    pub(crate) fn enter_anchor(&self, dev: u64, ino: u64, mut deadline: impl FnMut() -> Instant) -> Option<Entry> {
        let mut anchors = self.lock_anchors();
        let me = thread::current().id();
        loop {
            match anchors.find(dev, ino) {
                None => {
                    anchors.held.push(LockedAnchor { dev, ino, thread: me, depth: 1, initializing: 0 });
                    return Some(Entry::First);
                }
                Some(held) if held.thread == me => {
                    held.depth += 1;
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
        if let Some(held) = anchors.find(dev, ino) {
            held.depth -= 1;
            if held.depth == 0 {
                anchors.held.retain(|held| (held.dev, held.ino) != (dev, ino));
                // A system call, whether anybody waits or not.
                if anchors.waiting != 0 {
                    self.anchor_unlocked.notify_all();
                }
            }
        }
    }

    /// Tells whether this very thread is initializing an object.
    pub(crate) fn is_initializing(&self, dev: u64, ino: u64, id: u8) -> bool {
        let mut anchors = self.lock_anchors();
        let held = anchors.find(dev, ino).filter(|held| held.initializing & bit(id) != 0);
        held.is_some_and(|held| held.thread == thread::current().id())
    }

    /// Notes that this thread, which has the anchor, begins (or ends) to initialize an object.
    pub(crate) fn set_initializing(&self, dev: u64, ino: u64, id: u8, initializing: bool) {
        if let Some(held) = self.lock_anchors().find(dev, ino) {
            let others = held.initializing & !bit(id);
            held.initializing = if initializing { others | bit(id) } else { others };
        }
    }
}

impl Local {
    fn lock_idle(&self) -> MutexGuard<'_, Option<LockDescriptor>> {
        // Every change is one replacement.
        self.idle_lock_file.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The file that the last lock was taken by, if it is this one, and open still.
    fn take_idle(&self, inode: Inode) -> Option<LockDescriptor> {
        let file = self.lock_idle().take_if(|file| file.inode() == inode)?;
        if file.is_open() {
            return Some(file);
        }
        file.close();
        None
    }

    /// Keeps the file of a lock that was given up for the next lock on it: to open it takes longer than to lock it. One
    /// file, so that thousands of names need no more descriptors than one.
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
    /// Whose it is: a child that inherited this value must not touch the descriptor, which is closed there.
    token: u32,
}

impl LockFile {
    /// Opens a file to be locked; `None` if another one is at the path.
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
            // Closed in this child already; the number may be somebody else's by now.
            return;
        }
        // Explicitly, for copies that a raw clone of this process may have.
        let is_unlocked = self.file().is_open() && file::unlock(self.fd()).is_ok();
        match self.file.take() {
            Some(file) if is_unlocked => super::local().keep_idle(file),
            file => file.into_iter().for_each(LockDescriptor::close),
        }
    }
}
