//! Descriptors that carry locks: closed in every child of `fork`, because a lock lives as long as any copy of its
//! descriptor.
//!
//! A child that was made by a raw `clone`, past the C library, runs no handler: it closes its copies when it first needs
//! a token.

use std::mem::ManuallyDrop;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::path::Path;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicU64};
use std::thread;

use nix::errno::Errno;

use super::append::AppendList;
use crate::sys::file::{self, Inode};
use crate::sys::process;

/// What the child handler knows of a descriptor: number plus one, and the file it must have open. 0 is vacant.
#[derive(Debug)]
struct Known {
    fd: AtomicI32,
    dev: AtomicU64,
    ino: AtomicU64,
}

static KNOWN: AppendList<Known> = AppendList::new();

/// An open file that every child of `fork` closes its copy of. Closed by [`close`](Self::close) alone: in a child the
/// number may be somebody else's.
#[derive(Debug)]
pub(super) struct LockDescriptor {
    fd: ManuallyDrop<OwnedFd>,
    known: &'static Known,
}

impl LockDescriptor {
    /// Opens a file to be locked. No child is forked between the opening and its being known to the child handler.
    pub(super) fn open(path: &Path) -> Result<Self, Errno> {
        static AT_FORK: AtomicBool = AtomicBool::new(false);
        hold_forks_off();
        if !AT_FORK.load(Relaxed) {
            // Not in a `Once`, which a child could inherit half-run. To register twice does no harm.
            process::at_fork(hold_forks_off, let_forks_go, start_as_child).expect("memory for a fork handler");
            AT_FORK.store(true, Relaxed);
        }
        let opened = file::open(path).and_then(|fd| Ok((file::stat_fd(fd.as_fd())?.inode(), fd)));
        let file = opened.map(|(inode, fd)| Self { known: Known::of(&fd, inode), fd: ManuallyDrop::new(fd) });
        let_forks_go();
        file
    }

    pub(super) fn fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }

    /// Which file it was opened on.
    pub(super) fn inode(&self) -> Inode {
        self.known.inode()
    }

    /// Tells whether it is open still: somebody may have closed it behind our back.
    pub(super) fn is_open(&self) -> bool {
        file::is_open_on(self.fd.as_raw_fd(), self.inode())
    }

    pub(super) fn close(self) {
        let is_open = self.is_open();
        self.known.fd.store(0, Release);
        if is_open {
            file::close(self.fd.as_raw_fd());
        }
    }
}

impl Known {
    fn of(fd: &OwnedFd, inode: Inode) -> &'static Self {
        let vacant = KNOWN.iter().find(|known| known.fd.compare_exchange(0, -1, Acquire, Relaxed).is_ok());
        let fresh = || KNOWN.push(Self { fd: AtomicI32::new(-1), dev: 0.into(), ino: 0.into() });
        let known = vacant.unwrap_or_else(fresh);
        known.dev.store(inode.dev, Relaxed);
        known.ino.store(inode.ino, Relaxed);
        known.fd.store(fd.as_raw_fd() + 1, Release);
        known
    }

    fn inode(&self) -> Inode {
        Inode { dev: self.dev.load(Relaxed), ino: self.ino.load(Relaxed) }
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
    close_inherited();
}

/// Closes what a process that has no token yet can only have inherited.
pub(super) fn close_inherited() {
    for known in KNOWN.iter() {
        let number = known.fd.swap(0, Acquire);
        // The descriptor is closed only if it still is what was locked: somebody may have closed it behind our back.
        if number > 0 && file::is_open_on(number - 1, known.inode()) {
            file::close(number - 1);
        }
    }
}
