//! The byte that a process holds locked for as long as it lives, by which processes of other PID namespaces know that it
//! does: byte `token` of a file, one file for all segments of a directory. With it goes a byte for its IPC namespace, by which processes of
//! other IPC namespaces know that there are other objects at the path.
//!
//! The lock is of the open file description, so it is gone when every copy of its descriptor is: see `descriptor`.
//! Questions are asked through a description of their own, because none sees the locks that it holds itself.

use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::sync::{Arc, MutexGuard, PoisonError};

use crate::segment::process::Local;
use crate::segment::process::lock_descriptor::LockDescriptor;
use crate::sys::file::{self, Inode};
use crate::sys::vantage::ipc_namespace;

/// The first byte of an IPC namespace: far behind those of tokens, and before those that a store probes.
const NAMESPACES: i64 = 1 << 32;

/// Which file carries the bytes of a segment's processes, as its creator says, and where we may look for it.
#[derive(Debug, Clone)]
pub(crate) struct LivenessFile {
    inode: Inode,
    /// The file is this one, or the directory that it is in.
    anchor: Arc<Path>,
}

/// Another IPC namespace, in which a process holds a byte of a file.
#[derive(Debug)]
pub(crate) struct OtherNamespace {
    pub(crate) place: PathBuf,
    pub(crate) ours: u32,
    pub(crate) theirs: u32,
}

/// The file of a byte that we hold.
#[derive(Debug)]
pub(in crate::segment) struct LivenessLock {
    file: LockDescriptor,
    token: u32,
}

impl LivenessFile {
    /// The header's word is believed only if the anchor, or its directory, is that very file.
    pub(crate) fn new(inode: Inode, anchor: &Arc<Path>) -> Self {
        Self { inode, anchor: anchor.clone() }
    }

    pub(in crate::segment) fn anchor(&self) -> &Path {
        &self.anchor
    }

    fn path(&self) -> Option<&Path> {
        let candidates = [Some(&*self.anchor), self.anchor.parent()].into_iter().flatten();
        candidates.into_iter().find(|path| file::stat_path(path).is_ok_and(|stat| stat.inode() == self.inode))
    }

    fn open(&self) -> Option<OwnedFd> {
        let fd = file::open(self.path()?).ok()?;
        file::is_open_on(fd.as_raw_fd(), self.inode).then_some(fd)
    }
}

impl LivenessLock {
    fn open(place: &LivenessFile, token: u32) -> Option<Self> {
        let file = LockDescriptor::open(place.path()?).ok()?;
        let is_it = file.inode() == place.inode && file::lock_byte(file.fd(), token.into()).is_ok();
        if !is_it {
            file.close();
            return None;
        }
        // Not all depends on it: without it, a creator of another IPC namespace is not told.
        let namespace = ipc_namespace();
        let _ = (namespace != 0).then(|| file::lock_byte(file.fd(), NAMESPACES + i64::from(namespace)));
        Some(Self { file, token })
    }

    /// Tells whether it is still locked: the lock lives as long as the description by which it was taken, which somebody
    /// may have closed behind our back.
    fn is_held_for(&self, token: u32) -> bool {
        self.token == token && self.file.is_open()
    }
}

impl Local {
    fn lock_bytes(&self) -> MutexGuard<'_, Vec<LivenessLock>> {
        // Every change is one push or removal: a panic leaves nothing half-done.
        self.bytes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Locks this process's byte, once for each file, until the process ends. False if that is not possible: then
    /// processes of other PID namespaces take it for alive for ever.
    pub(in crate::segment) fn hold_byte(&self, place: &LivenessFile, token: u32) -> bool {
        let mut bytes = self.lock_bytes();
        if let Some(at) = bytes.iter().position(|held| held.file.inode() == place.inode) {
            if bytes[at].is_held_for(token) {
                return true;
            }
            bytes.swap_remove(at).file.close();
        }
        let held = LivenessLock::open(place, token);
        let holds = held.is_some();
        bytes.extend(held);
        holds
    }

    /// Gives up all bytes, for a process that has to draw another token: this one is somebody else's.
    pub(in crate::segment) fn give_bytes_back(&self) {
        for held in self.lock_bytes().drain(..) {
            // Explicitly, for copies that a raw clone of this process may have.
            let _ = file::unlock_byte(held.file.fd(), held.token.into());
            held.file.close();
        }
    }

    /// Tells whether another process holds the byte of a token; `None` if that cannot be asked.
    pub(in crate::segment) fn byte_is_locked(&self, place: &LivenessFile, token: u32) -> Option<bool> {
        if let Some(held) =
            self.lock_bytes().iter().find(|held| held.file.inode() == place.inode && held.is_held_for(token))
        {
            // A description does not see its own lock.
            return file::byte_is_locked(held.file.fd(), token.into()).ok();
        }
        let fd = self.reopen_held(place).or_else(|| place.open())?;
        file::byte_is_locked(fd.as_fd(), token.into()).ok()
    }

    /// Another IPC namespace in which a process lives that has objects of this place attached; `None` if there is none, or it is not known.
    /// Bytes of this process itself do not count, whatever their namespace: its threads may move.
    pub(crate) fn other_ipc_namespace(&self, place: &LivenessFile) -> Option<OtherNamespace> {
        let bytes = self.lock_bytes();
        let held = bytes.iter().find(|held| held.file.inode() == place.inode && held.file.is_open());
        let opened = if held.is_none() { Some(place.open()?) } else { None };
        let fd = held.map(|held| held.file.fd()).or_else(|| opened.as_ref().map(AsFd::as_fd))?;
        // Most often no other process is there, and one question is enough.
        file::locked_byte_in(fd, NAMESPACES..2 * NAMESPACES)?;
        let ours = Some(ipc_namespace()).filter(|&ours| ours != 0)?;
        let own = NAMESPACES + i64::from(ours);
        let mut others = [NAMESPACES..own, own + 1..2 * NAMESPACES].into_iter();
        let byte = others.find_map(|range| file::locked_byte_in(fd, range))?;
        Some(OtherNamespace { place: place.path()?.into(), ours, theirs: u32::try_from(byte - NAMESPACES).ok()? })
    }

    /// Opens the file of a byte that we hold, wherever it was moved, and whatever we are still permitted by its path.
    fn reopen_held(&self, place: &LivenessFile) -> Option<OwnedFd> {
        let bytes = self.lock_bytes();
        let held = bytes.iter().find(|held| held.file.inode() == place.inode && held.file.is_open())?;
        let fd = file::reopen(held.file.fd()).ok()?;
        file::is_open_on(fd.as_raw_fd(), place.inode).then_some(fd)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lock_of_our_own_is_not_taken_for_one_of_another_process_with_our_token() {
        const TOKEN: u32 = 77;
        let directory = tempfile::tempdir().unwrap();
        let inode = file::stat_path(directory.path()).unwrap().inode();
        let (local, place) = (crate::segment::process::local(), LivenessFile::new(inode, &directory.path().into()));
        assert!(local.hold_byte(&place, TOKEN));
        assert_eq!(local.byte_is_locked(&place, TOKEN), Some(false));
        let other = file::open(directory.path()).unwrap();
        file::lock_byte(other.as_fd(), TOKEN.into()).unwrap();
        assert_eq!(local.byte_is_locked(&place, TOKEN), Some(true));
    }
}
