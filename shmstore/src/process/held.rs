//! The locks on anchors that threads of this process hold: `flock` knows open files, not threads.
//!
//! A thread that has an anchor's lock takes it again by counting; another thread waits.

use std::collections::HashMap;
use std::os::fd::BorrowedFd;
use std::path::Path;
use std::sync::{MutexGuard, PoisonError};
use std::thread::{self, ThreadId};
use std::time::Instant;

use nix::errno::Errno;

use super::Local;
use super::descriptor::LockDescriptor;
use crate::sys::file::{self, Inode};

/// Which thread has an anchor, how many times, and what it is initialising there.
#[derive(Debug)]
pub(crate) struct HeldAnchor {
    thread: ThreadId,
    depth: usize,
    initializing: Vec<u8>,
}

type Anchors = HashMap<(u64, u64), HeldAnchor>;

/// How a thread got an anchor to itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Entry {
    /// It is the first of this process: the file lock is to be taken yet.
    First,
    /// It had it already.
    Nested,
}

impl Local {
    fn lock_anchors(&self) -> MutexGuard<'_, Anchors> {
        // Every change is one insertion, removal or count: a panic leaves nothing half-done.
        self.anchors.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps other threads of this process from an anchor; `None` if one had it until the deadline.
    pub(crate) fn enter_anchor(&self, dev: u64, ino: u64, deadline: Instant) -> Option<Entry> {
        let mut anchors = self.lock_anchors();
        let me = thread::current().id();
        loop {
            match anchors.get_mut(&(dev, ino)) {
                None => {
                    anchors.insert((dev, ino), HeldAnchor { thread: me, depth: 1, initializing: Vec::new() });
                    return Some(Entry::First);
                }
                Some(held) if held.thread == me => {
                    held.depth += 1;
                    return Some(Entry::Nested);
                }
                Some(_) => {}
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return None;
            }
            anchors = self.anchor_unlocked.wait_timeout(anchors, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Takes back one [`enter_anchor`](Self::enter_anchor).
    pub(crate) fn leave_anchor(&self, dev: u64, ino: u64) {
        let mut anchors = self.lock_anchors();
        if let Some(held) = anchors.get_mut(&(dev, ino)) {
            held.depth -= 1;
            if held.depth == 0 {
                anchors.remove(&(dev, ino));
                self.anchor_unlocked.notify_all();
            }
        }
    }

    /// Tells whether this very thread is initialising an object.
    pub(crate) fn is_initializing(&self, dev: u64, ino: u64, id: u8) -> bool {
        let me = thread::current().id();
        self.lock_anchors().get(&(dev, ino)).is_some_and(|held| held.thread == me && held.initializing.contains(&id))
    }

    /// Notes that this thread, which has the anchor, begins (or ends) to initialise an object.
    pub(crate) fn set_initializing(&self, dev: u64, ino: u64, id: u8, initializing: bool) {
        if let Some(held) = self.lock_anchors().get_mut(&(dev, ino)) {
            held.initializing.retain(|other| *other != id);
            held.initializing.extend(initializing.then_some(id));
        }
    }
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
    /// Opens a file to be locked.
    pub(crate) fn open(path: &Path) -> Result<Self, Errno> {
        let token = super::token();
        LockDescriptor::open(path).map(|file| Self { file: Some(file), token })
    }

    fn file(&self) -> &LockDescriptor {
        self.file.as_ref().expect("closed only when dropped")
    }

    pub(crate) fn fd(&self) -> BorrowedFd<'_> {
        self.file().fd()
    }

    /// Tells which file it is that is locked.
    pub(crate) fn is_on(&self, dev: u64, ino: u64) -> bool {
        self.file().inode() == Inode { dev, ino }
    }
}

impl Drop for LockFile {
    fn drop(&mut self) {
        if self.token != super::current_token() {
            // Closed in this child already; the number may be somebody else's by now.
            return;
        }
        if self.file().is_open() {
            // Explicitly, for copies that a raw clone of this process may have. Closing unlocks too, so failure is harmless.
            let _ = file::unlock(self.fd());
        }
        self.file.take().into_iter().for_each(LockDescriptor::close);
    }
}
