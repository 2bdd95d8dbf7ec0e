//! The locks on anchors that threads of this process hold: `flock` knows open files, not threads.
//!
//! A thread that has an anchor's lock takes it again by counting; another thread waits. The descriptors that carry the
//! locks are closed in every child of `fork`: a lock lives as long as any copy of its descriptor.

use std::collections::HashMap;
use std::mem::ManuallyDrop;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::path::Path;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicU64};
use std::sync::{MutexGuard, PoisonError};
use std::thread::{self, ThreadId};
use std::time::Instant;

use super::Local;
use nix::errno::Errno;

use super::append::AppendList;
use crate::sys::file::FileStat;
use crate::sys::{file, process};

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

/// The descriptor of a lock, known to the child handler: number plus one, and the file it must have open. 0 is vacant.
struct LockDescriptor {
    fd: AtomicI32,
    dev: AtomicU64,
    ino: AtomicU64,
}

static DESCRIPTORS: AppendList<LockDescriptor> = AppendList::new();

/// A descriptor that carries a lock, given up when dropped. Every child of `fork` closes its copy at once.
#[derive(Debug)]
pub(crate) struct LockFile {
    fd: ManuallyDrop<OwnedFd>,
    known: &'static LockDescriptor,
    /// Whose it is: a child that inherited this value must not touch the number, which is closed there.
    token: u32,
}

impl std::fmt::Debug for LockDescriptor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.fd.fmt(f)
    }
}

impl LockFile {
    /// Opens a file to be locked. No child is forked between the opening and its being known to the child handler.
    pub(crate) fn open(path: &Path) -> Result<Self, Errno> {
        static AT_FORK: AtomicBool = AtomicBool::new(false);
        let token = super::token();
        hold_forks_off();
        if !AT_FORK.load(Relaxed) {
            // Not in a `Once`, which a child could inherit half-run. To register twice does no harm.
            process::at_fork(hold_forks_off, let_forks_go, start_as_child).expect("memory for a fork handler");
            AT_FORK.store(true, Relaxed);
        }
        let opened = file::open(path).and_then(|fd| Ok((file::stat_fd(fd.as_fd())?, fd)));
        let file =
            opened.map(|(stat, fd)| Self { known: LockDescriptor::of(&fd, &stat), fd: ManuallyDrop::new(fd), token });
        let_forks_go();
        file
    }

    pub(crate) fn fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }

    /// Tells which file it is that is locked.
    pub(crate) fn is_on(&self, dev: u64, ino: u64) -> bool {
        (self.known.dev.load(Relaxed), self.known.ino.load(Relaxed)) == (dev, ino)
    }
}

impl Drop for LockFile {
    fn drop(&mut self) {
        if self.token != super::current_token() {
            // Closed in this child already; the number may be somebody else's by now.
            return;
        }
        // Explicitly, for copies that a raw clone of this process may have. Closing unlocks too, so failure is harmless.
        let _ = file::unlock(self.fd());
        self.known.fd.store(0, Release);
        file::close(self.fd.as_raw_fd());
    }
}

impl LockDescriptor {
    fn of(fd: &OwnedFd, stat: &FileStat) -> &'static Self {
        let vacant = DESCRIPTORS.iter().find(|known| known.fd.compare_exchange(0, -1, Acquire, Relaxed).is_ok());
        let fresh = || DESCRIPTORS.push(Self { fd: AtomicI32::new(-1), dev: 0.into(), ino: 0.into() });
        let known = vacant.unwrap_or_else(fresh);
        known.dev.store(stat.dev, Relaxed);
        known.ino.store(stat.ino, Relaxed);
        known.fd.store(fd.as_raw_fd() + 1, Release);
        known
    }
}

/// Keeps other threads from forking, and from opening what a child would not know of. The thread that has done so may
/// do it again: a handler that is registered twice, or a `fork` in a signal handler, must not wait for itself.
extern "C" fn hold_forks_off() {
    let (barrier, me) = (super::fork_barrier(), process::thread_id());
    while barrier.load(Relaxed) != me && barrier.compare_exchange_weak(0, me, Acquire, Relaxed).is_err() {
        thread::yield_now();
    }
}

extern "C" fn let_forks_go() {
    // Somebody else's if we have let go already.
    let _ = super::fork_barrier().compare_exchange(process::thread_id(), 0, Release, Relaxed);
}

/// Runs in every child of `fork`, where only atomics and system calls are allowed.
extern "C" fn start_as_child() {
    for known in DESCRIPTORS.iter() {
        let number = known.fd.swap(0, Acquire);
        // The descriptor is closed only if it still is what was locked: somebody may have closed it behind our back.
        if number > 0 && file::is_open_on(number - 1, known.dev.load(Relaxed), known.ino.load(Relaxed)) {
            file::close(number - 1);
        }
    }
}
