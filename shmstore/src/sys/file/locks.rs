//! Locks on files: `flock`, and open-file-description locks on single bytes.
//!
//! # Safety
//!
//! As `file.rs`.
#![allow(unsafe_code)]

use std::ops::Range;
use std::os::fd::{AsRawFd, BorrowedFd};

use nix::errno::Errno;
use nix::libc;

/// Takes the exclusive `flock`; `EWOULDBLOCK` if another descriptor has it. The lock lasts until every copy of the
/// descriptor is closed, in all processes.
pub(crate) fn try_lock(fd: BorrowedFd<'_>) -> Result<(), Errno> {
    flock(fd, libc::LOCK_EX | libc::LOCK_NB)
}

/// Gives up the `flock`, also for copies of the descriptor.
pub(crate) fn unlock(fd: BorrowedFd<'_>) -> Result<(), Errno> {
    flock(fd, libc::LOCK_UN)
}

fn flock(fd: BorrowedFd<'_>, operation: libc::c_int) -> Result<(), Errno> {
    // SAFETY: takes numbers only.
    Errno::result(unsafe { libc::flock(fd.as_raw_fd(), operation) }).map(drop)
}

/// Takes a shared lock on one byte, which lasts until every copy of the descriptor is closed.
pub(crate) fn lock_byte(fd: BorrowedFd<'_>, byte: i64) -> Result<(), Errno> {
    set_lock(fd, libc::F_RDLCK, byte)
}

/// Gives up a lock taken by [`lock_byte`], also for copies of the descriptor.
pub(crate) fn unlock_byte(fd: BorrowedFd<'_>, byte: i64) -> Result<(), Errno> {
    set_lock(fd, libc::F_UNLCK, byte)
}

fn set_lock(fd: BorrowedFd<'_>, kind: libc::c_int, byte: i64) -> Result<(), Errno> {
    let lock = lock_of(kind, byte..byte + 1);
    // SAFETY: F_OFD_SETLK reads a `flock`, alive during the call.
    Errno::result(unsafe { libc::fcntl(fd.as_raw_fd(), libc::F_OFD_SETLK, &raw const lock) }).map(drop)
}

/// Returns `true` if another open file description holds a lock on one byte.
pub(crate) fn byte_is_locked(fd: BorrowedFd<'_>, byte: i64) -> Result<bool, Errno> {
    lock_within(fd, byte..byte + 1).map(|found| found.is_some())
}

/// A byte in a range that another open file description has locked by itself.
pub(crate) fn locked_byte_in(fd: BorrowedFd<'_>, bytes: Range<i64>) -> Option<i64> {
    let found = lock_within(fd, bytes.clone()).ok()??;
    (found.l_len == 1 && bytes.contains(&found.l_start)).then_some(found.l_start)
}

/// A lock of another open file description on any of the bytes.
fn lock_within(fd: BorrowedFd<'_>, bytes: Range<i64>) -> Result<Option<libc::flock>, Errno> {
    let mut lock = lock_of(libc::F_WRLCK, bytes);
    // SAFETY: F_OFD_GETLK fills a `flock`, alive during the call.
    Errno::result(unsafe { libc::fcntl(fd.as_raw_fd(), libc::F_OFD_GETLK, &raw mut lock) })?;
    Ok((lock.l_type != libc::F_UNLCK as libc::c_short).then_some(lock))
}

fn lock_of(kind: libc::c_int, bytes: Range<i64>) -> libc::flock {
    libc::flock {
        l_type: kind as libc::c_short,
        l_whence: libc::SEEK_SET as libc::c_short,
        l_start: bytes.start,
        l_len: bytes.end - bytes.start,
        l_pid: 0,
    }
}
