//! A file for the anchor of a new name, before it has the name.
//!
//! It has no name at all if possible. It has a temporary name where a file without a name cannot be made, or cannot be
//! named because `linkat` through `/proc` or the file's own descriptor is not allowed.

use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};

use nix::errno::Errno;

use super::directory::Directory;
use crate::error::OpenError;
use crate::layout::key::Key;
use crate::segment::anchor::{Ownership, not_made, system};
use crate::sys::file;
use crate::sys::process::random_u64;

/// The attempt to choose a temporary name, in an error.
const RANDOM: &str = "draw a random number (`getrandom`, or /dev/urandom) for a temporary name beside";

/// The beginning of temporary names.
const TEMPORARY: &str = ".candidate-";

/// A new file that has not got its name yet.
#[derive(Debug)]
pub(super) struct Candidate<'a> {
    directory: &'a Directory,
    fd: OwnedFd,
    /// Removed from the directory unless it became the name.
    temporary: Option<PathBuf>,
}

impl<'a> Candidate<'a> {
    /// Makes a file for the name at `path`, without any name if `nameless` and the file system has such files.
    pub(super) fn make(directory: &'a Directory, path: &Path, nameless: bool) -> Result<Self, OpenError> {
        if let Some(fd) = nameless.then(|| file::create_unnamed(directory.fd())).and_then(Result::ok) {
            return Ok(Self { directory, fd, temporary: None });
        }
        let random = random_u64().map_err(system(RANDOM, path))?;
        let temporary = PathBuf::from(format!("{TEMPORARY}{random:016x}"));
        let fd = file::create_exclusive(directory.fd(), &temporary).map_err(|errno| not_made(path, errno))?;
        Ok(Self { directory, fd, temporary: Some(temporary) })
    }

    /// The low 24 bits of its keys.
    pub(super) fn anchor_bits(&self) -> Result<u32, OpenError> {
        let path = self.temporary.as_deref().unwrap_or(Path::new("a new file"));
        let stat = file::stat_fd(self.fd.as_fd()).map_err(system("look (`statx`, `fstatat`) at", path))?;
        Ok(Key::new(stat.dev, stat.ino, 0).anchor_bits())
    }

    /// Gives the file its owner, its mode and its name. If the name was taken meanwhile, the other file is the anchor.
    /// Returns `false` if this file cannot be named, but a file with a temporary name may be. The path is for errors.
    pub(super) fn publish(&self, name: &Path, path: &Path, mode: u32) -> Result<bool, OpenError> {
        if let Some(Ownership { owner, group }) = self.directory.anchor().heir(mode) {
            // Refused to a user that is not in the group. Then the file keeps the user's own group.
            let _ = file::set_owner(self.fd.as_fd(), owner, group);
        }
        file::set_mode(self.fd.as_fd(), mode).map_err(system("set (`fchmod`) the mode of", path))?;
        match self.give_name(name) {
            Ok(()) | Err(Errno::EEXIST) => Ok(true),
            Err(_) if self.temporary.is_none() => Ok(false),
            Err(errno) => Err(not_made(path, errno)),
        }
    }

    fn give_name(&self, name: &Path) -> Result<(), Errno> {
        let directory = self.directory.fd();
        let Some(temporary) = &self.temporary else {
            return file::link_unnamed(self.fd.as_fd(), directory, name);
        };
        // A file system or a sandbox may not have `RENAME_NOREPLACE`. Then a second name is made, and the first is
        // removed later.
        file::rename_new(directory, temporary, name).or_else(|errno| match errno {
            Errno::EEXIST => Err(errno),
            _ => file::link_in(directory, temporary, name),
        })
    }
}

impl Drop for Candidate<'_> {
    fn drop(&mut self) {
        if let Some(temporary) = &self.temporary {
            // If it was published by renaming, there is nothing to remove.
            let _ = file::remove_in(self.directory.fd(), temporary);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Store;
    use super::*;

    #[test]
    fn file_with_a_temporary_name_becomes_the_name_and_replaces_no_other() {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(directory.path()).unwrap();
        let path = directory.path().join("rover.shm");
        let inode = || file::stat_path(&path).unwrap().ino;
        let mut winner = None;
        let held = Directory::lock(&store).unwrap();
        for _ in 0..2 {
            let candidate = Candidate::make(&held, &path, false).unwrap();
            let ino = file::stat_fd(candidate.fd.as_fd()).unwrap().ino;
            assert!(candidate.publish(Path::new("rover.shm"), &path, 0o600).unwrap());
            assert_eq!(*winner.get_or_insert(ino), inode());
        }
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1);
    }
}
