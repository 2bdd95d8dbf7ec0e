//! The liveness lock: a byte that a process keeps locked until it ends. Other PID namespaces know by it that the
//! process is alive.
//!
//! The file is the same for all segments of a directory: the [`LivenessFile`]. The offset of the byte is the token. The
//! process also locks the byte at 2³² plus the number of its IPC namespace: creators in other IPC namespaces know by it
//! that there are other objects at the path.
//!
//! The kernel drops the lock when every copy of its descriptor is closed: see `lock_descriptor`. Another descriptor
//! asks about locks, because a descriptor does not see its own.

use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::segment::this_process::local;
use crate::segment::this_process::lock_descriptor::LockDescriptor;
use crate::sys::file::{self, Inode};
use crate::sys::vantage::ipc_namespace;

/// The first byte of an IPC namespace, behind the bytes of tokens, and before the bytes that [`Anchor::open`] tries.
///
/// [`Anchor::open`]: crate::segment::anchor::Anchor::open
const NAMESPACES: i64 = 1 << 32;

/// The file with the liveness locks of a segment's processes, as its creator says, and where it may be.
#[derive(Debug, Clone)]
pub(crate) struct LivenessFile {
    inode: Inode,
    /// The file is this one, or its directory.
    anchor: Arc<Path>,
}

/// Another IPC namespace, in which a process holds its liveness lock in a file.
#[derive(Debug)]
pub(crate) struct OtherIpcNamespace {
    pub(crate) path: PathBuf,
    pub(crate) own: u32,
    pub(crate) other: u32,
}

impl LivenessFile {
    /// The inode may be any that the header says: it is used only if the anchor or its directory has it.
    pub(crate) fn new(inode: Inode, anchor: &Arc<Path>) -> Self {
        Self { inode, anchor: anchor.clone() }
    }

    /// Another IPC namespace with a process that has objects of this file attached; `None` if none is known.
    ///
    /// The locks of this process do not count, whatever their namespace: a thread may change its namespace.
    pub(crate) fn other_ipc_namespace(&self) -> Option<OtherIpcNamespace> {
        local().liveness_locks().other_ipc_namespace(self)
    }

    pub(in crate::segment) fn anchor(&self) -> &Path {
        &self.anchor
    }

    fn path(&self) -> Option<&Path> {
        let candidates = [Some(&*self.anchor), self.anchor.parent()].into_iter().flatten();
        candidates.into_iter().find(|path| file::stat_path(path).is_ok_and(|stat| stat.inode() == self.inode))
    }

    fn open(&self) -> Option<OwnedFd> {
        self.checked(file::open(self.path()?).ok()?)
    }

    fn checked(&self, fd: OwnedFd) -> Option<OwnedFd> {
        file::is_open_on(fd.as_raw_fd(), self.inode).then_some(fd)
    }
}

/// A liveness lock that this process holds.
#[derive(Debug)]
struct LivenessLock {
    descriptor: LockDescriptor,
    token: u32,
}

impl LivenessLock {
    fn take(of: &LivenessFile, token: u32) -> Option<Self> {
        let descriptor = LockDescriptor::open(of.path()?).ok()?;
        let is_taken = descriptor.inode() == of.inode && file::lock_byte(descriptor.fd(), token.into()).is_ok();
        if !is_taken {
            descriptor.close();
            return None;
        }
        // Without the second lock only creators in other IPC namespaces miss a warning.
        let namespace = ipc_namespace();
        let _ = (namespace != 0).then(|| file::lock_byte(descriptor.fd(), NAMESPACES + i64::from(namespace)));
        Some(Self { descriptor, token })
    }

    fn fd(&self) -> BorrowedFd<'_> {
        self.descriptor.fd()
    }
}

/// The liveness locks that this process holds: at most one in a file.
#[derive(Debug, Default)]
pub(in crate::segment) struct LivenessLocks(Mutex<Vec<LivenessLock>>);

impl LivenessLocks {
    /// Takes the liveness lock in a file, which this process then holds until it ends. Returns `false` if that is
    /// impossible: other PID namespaces then take the process for alive forever.
    pub(in crate::segment) fn hold(&self, of: &LivenessFile, token: u32) -> bool {
        let mut locks = self.lock();
        if let Some(at) = locks.iter().position(|lock| lock.descriptor.inode() == of.inode) {
            if locks[at].token == token && locks[at].descriptor.is_open() {
                return true;
            }
            locks.swap_remove(at).descriptor.close();
        }
        let taken = LivenessLock::take(of, token);
        let is_taken = taken.is_some();
        locks.extend(taken);
        is_taken
    }

    /// Gives up all locks, for a process that has to draw another token because another process has this one.
    pub(in crate::segment) fn release_all(&self) {
        for lock in self.lock().drain(..) {
            // Closing alone would leave the copies of a raw clone of this process locked.
            let _ = file::unlock_byte(lock.fd(), lock.token.into());
            lock.descriptor.close();
        }
    }

    /// Returns `true` if another process holds the liveness lock of a token; `None` if that is unknown.
    pub(in crate::segment) fn is_held_by_another(&self, of: &LivenessFile, token: u32) -> Option<bool> {
        let locks = self.lock();
        let own = open_lock(&locks, of);
        if let Some(own) = own.filter(|own| own.token == token) {
            // A descriptor does not see its own lock.
            return file::byte_is_locked(own.fd(), token.into()).ok();
        }
        // By its descriptor, because the file may have moved, and its path may be closed to this process by now.
        let reopened = own.and_then(|own| of.checked(file::reopen(own.fd()).ok()?));
        drop(locks);
        let fd = reopened.or_else(|| of.open())?;
        file::byte_is_locked(fd.as_fd(), token.into()).ok()
    }

    fn other_ipc_namespace(&self, of: &LivenessFile) -> Option<OtherIpcNamespace> {
        let locks = self.lock();
        let held = open_lock(&locks, of);
        let opened = if held.is_none() { Some(of.open()?) } else { None };
        let fd = held.map(LivenessLock::fd).or_else(|| opened.as_ref().map(AsFd::as_fd))?;
        // In most cases there is no other process, and one query is enough.
        file::locked_byte_in(fd, NAMESPACES..2 * NAMESPACES)?;
        let own = Some(ipc_namespace()).filter(|&own| own != 0)?;
        let own_byte = NAMESPACES + i64::from(own);
        let mut others = [NAMESPACES..own_byte, own_byte + 1..2 * NAMESPACES].into_iter();
        let byte = others.find_map(|range| file::locked_byte_in(fd, range))?;
        Some(OtherIpcNamespace { path: of.path()?.into(), own, other: u32::try_from(byte - NAMESPACES).ok()? })
    }

    fn lock(&self) -> MutexGuard<'_, Vec<LivenessLock>> {
        // Every change is one push or removal: a panic leaves nothing half-done.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The lock that is held in a file, unless another part of the program has closed its descriptor: then it is gone.
fn open_lock<'a>(locks: &'a [LivenessLock], of: &LivenessFile) -> Option<&'a LivenessLock> {
    locks.iter().find(|lock| lock.descriptor.inode() == of.inode && lock.descriptor.is_open())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_lock_is_not_taken_for_one_of_another_process_with_the_same_token() {
        const TOKEN: u32 = 77;
        let directory = tempfile::tempdir().unwrap();
        let inode = file::stat_path(directory.path()).unwrap().inode();
        let (locks, of) = (LivenessLocks::default(), LivenessFile::new(inode, &directory.path().into()));
        assert!(locks.hold(&of, TOKEN));
        assert_eq!(locks.is_held_by_another(&of, TOKEN), Some(false));
        let other = file::open(directory.path()).unwrap();
        file::lock_byte(other.as_fd(), TOKEN.into()).unwrap();
        assert_eq!(locks.is_held_by_another(&of, TOKEN), Some(true));
        locks.release_all();
    }
}
