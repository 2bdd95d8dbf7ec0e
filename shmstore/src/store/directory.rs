//! The directory of a store, held by a descriptor while it is made, or while names in it are made and removed.
//!
//! The owner of a directory above it may put another directory or a link in its place at any time. So a file that was
//! checked by its path may be another file when it is changed by that path.

use std::fs::DirBuilder;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;

use nix::errno::Errno;
use nix::libc;

use super::open::{Inner, Store};
use super::options::errno_of;
use crate::error::OpenError;
use crate::segment::anchor::{Anchor, not_made, open_failed, system};
use crate::store::{AnchorLock, Deadline};
use crate::sys::failpoint::{self, Step};
use crate::sys::file::{self, FileStat};
use crate::sys::process::effective_uid;

/// Permission bits, and those that are set with them.
const ALL_BITS: u32 = 0o7777;

/// Adds a search bit for each user that may read, and takes the write bit from users outside the group, as files in a
/// directory that every user may write in cannot be trusted.
pub(super) fn directory_mode(mode: u32) -> u32 {
    (mode | (mode & 0o444) >> 2) & !0o002
}

/// Makes the last directory with exactly `mode`, and the directories above it by the umask.
///
/// A directory that another process makes first is used, and keeps its mode.
pub(super) fn make_directory(path: &Path, mode: u32) -> Result<(), OpenError> {
    let refused = |errno| not_made(path, errno);
    let parent = path.parent().unwrap_or(path);
    DirBuilder::new().recursive(true).create(parent).map_err(|error| not_made(parent, errno_of(&error)))?;
    // `..` exists if its parent does.
    let Some(name) = path.file_name().map(Path::new) else { return Ok(()) };
    let parent = file::hold_directory(parent).map_err(refused)?;
    let first_mode = mode & 0o700;
    match file::make_directory_in(parent.as_fd(), name, first_mode) {
        Ok(()) => {}
        Err(Errno::EEXIST) => return Ok(()),
        Err(errno) => return Err(refused(errno)),
    }
    failpoint::reach(Step::DirectoryMade);
    let made = match file::open_directory_in(parent.as_fd(), name) {
        Ok(made) => made,
        // Another file or a link took its place.
        Err(Errno::ENOTDIR | Errno::ELOOP) => return Ok(()),
        Err(errno) => return Err(refused(errno)),
    };
    let stat = file::stat_fd(made.as_fd()).map_err(refused)?;
    if !is_as_made(&stat, first_mode) {
        return Ok(());
    }
    // Whatever the umask is. A directory below one with the set-group-ID bit keeps that bit.
    file::set_mode(made.as_fd(), mode | stat.mode & libc::S_ISGID).map_err(refused)
}

/// Returns `true` if a directory can be the one that this process has just made. The umask may have taken bits.
fn is_as_made(stat: &FileStat, mode: u32) -> bool {
    stat.owner == effective_uid() && stat.mode & ALL_BITS & !libc::S_ISGID & !mode == 0
}

/// A store's directory, locked and held.
#[derive(Debug)]
pub(super) struct Directory {
    lock: AnchorLock,
    fd: OwnedFd,
}

impl Directory {
    /// Takes the lock of a store's directory, and opens it.
    pub(super) fn lock(store: &Store) -> Result<Self, OpenError> {
        let Inner { location, anchor, policy, .. } = &*store.inner;
        let path = &location.path;
        let trusts = |owner| policy.trusts(owner);
        let lock = AnchorLock::acquire(path, anchor, trusts, &mut Deadline::new(policy.wait))?;
        let fd = file::hold_directory(path).map_err(|errno| open_failed(path, errno))?;
        let stat = file::stat_fd(fd.as_fd()).map_err(system("look (`statx`, `fstatat`) at", path))?;
        if stat.is_same_file(&lock.anchor().stat) {
            Ok(Self { lock, fd })
        } else {
            Err(system("work in a directory that was just replaced,", path)(Errno::ESTALE))
        }
    }

    /// The directory as it was when it was locked.
    pub(super) fn anchor(&self) -> &Anchor {
        self.lock.anchor()
    }

    pub(super) fn fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readers_of_a_directory_may_search_it() {
        assert_eq!(directory_mode(0o600), 0o700);
        assert_eq!(directory_mode(0o660), 0o770);
        assert_eq!(directory_mode(0o644), 0o755);
        assert_eq!(directory_mode(0o620), 0o720);
        assert_eq!(directory_mode(0o666), 0o775);
    }

    #[test]
    fn only_a_directory_of_this_user_with_no_more_bits_than_it_was_made_with_is_as_made() {
        let directory = tempfile::tempdir().unwrap();
        let stat = file::stat_path(directory.path()).unwrap();
        let is = |owner, bits| is_as_made(&FileStat { owner, mode: libc::S_IFDIR | bits, ..stat }, 0o700);
        let us = effective_uid();
        assert!(is(us, 0o700) && is(us, 0o500) && is(us, 0o2700));
        assert!(!is(us + 1, 0o700) && !is(us, 0o750) && !is(us, 0o701) && !is(us, 0o1700));
    }
}
