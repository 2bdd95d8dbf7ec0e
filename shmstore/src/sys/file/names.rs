//! Names in an open directory, which stay its own wherever its path leads by then.
//!
//! # Safety
//!
//! As `file.rs`.
#![allow(unsafe_code)]

use std::ffi::CStr;
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd};
use std::path::Path;

use nix::errno::Errno;
use nix::libc;

use super::{FileStat, TO_READ, c_path, held_path, open_flags, stat, with_c_path};

/// The status of what a name in a directory names, which may be a symbolic link.
pub(crate) fn stat_in(dir: BorrowedFd<'_>, name: &Path) -> Result<FileStat, Errno> {
    with_c_path(name, |name| stat(dir.as_raw_fd(), name, libc::AT_SYMLINK_NOFOLLOW))
}

/// Opens an existing file or directory for reading. A symbolic link is `ELOOP`.
pub(crate) fn open_in(dir: BorrowedFd<'_>, name: &Path) -> Result<OwnedFd, Errno> {
    open_flags(Some(dir), name, TO_READ | libc::O_NOFOLLOW, 0)
}

/// Opens an existing directory for reading. Anything else is `ENOTDIR`.
pub(crate) fn open_directory_in(dir: BorrowedFd<'_>, name: &Path) -> Result<OwnedFd, Errno> {
    open_flags(Some(dir), name, TO_READ | libc::O_NOFOLLOW | libc::O_DIRECTORY, 0)
}

/// Makes a directory in a directory.
pub(crate) fn make_directory_in(dir: BorrowedFd<'_>, name: &Path, mode: u32) -> Result<(), Errno> {
    let name = c_path(name)?;
    // SAFETY: `name` is a C string that is alive during the call.
    Errno::result(unsafe { libc::mkdirat(dir.as_raw_fd(), name.as_ptr(), mode) }).map(drop)
}

/// Makes a file without a name on the file system of `dir`. Some file systems have no such files.
pub(crate) fn create_unnamed(dir: BorrowedFd<'_>) -> Result<OwnedFd, Errno> {
    open_flags(Some(dir), Path::new("."), libc::O_TMPFILE | libc::O_RDWR, 0o600)
}

/// Makes a file; `EEXIST` if the name is taken.
pub(crate) fn create_exclusive(dir: BorrowedFd<'_>, name: &Path) -> Result<OwnedFd, Errno> {
    open_flags(Some(dir), name, libc::O_CREAT | libc::O_EXCL | libc::O_RDWR | libc::O_NOFOLLOW, 0o600)
}

/// Gives an unnamed file a name in a directory; `EEXIST` if the name is taken.
///
/// Uses `/proc`, or the descriptor where `/proc` is not mounted, which needs Linux 6.10 or a privilege.
pub(crate) fn link_unnamed(fd: BorrowedFd<'_>, dir: BorrowedFd<'_>, name: &Path) -> Result<(), Errno> {
    let (by_proc, name) = (c_path(&held_path(fd))?, c_path(name)?);
    link(libc::AT_FDCWD, &by_proc, dir, &name, libc::AT_SYMLINK_FOLLOW).or_else(|errno| match errno {
        Errno::EEXIST => Err(errno),
        _ => link(fd.as_raw_fd(), c"", dir, &name, libc::AT_EMPTY_PATH),
    })
}

/// Gives a file of a directory a second name there; `EEXIST` if the name is taken.
pub(crate) fn link_in(dir: BorrowedFd<'_>, from: &Path, to: &Path) -> Result<(), Errno> {
    link(dir.as_raw_fd(), &c_path(from)?, dir, &c_path(to)?, 0)
}

fn link(from_dir: libc::c_int, from: &CStr, dir: BorrowedFd<'_>, to: &CStr, flags: libc::c_int) -> Result<(), Errno> {
    // SAFETY: both are C strings that are alive during the call.
    let linked = unsafe { libc::linkat(from_dir, from.as_ptr(), dir.as_raw_fd(), to.as_ptr(), flags) };
    Errno::result(linked).map(drop)
}

/// Renames a file of a directory there; `EEXIST` if the new name is taken.
pub(crate) fn rename_new(dir: BorrowedFd<'_>, from: &Path, to: &Path) -> Result<(), Errno> {
    let (dir, from, to) = (dir.as_raw_fd(), c_path(from)?, c_path(to)?);
    // SAFETY: both are C strings that are alive during the call.
    let renamed = unsafe { libc::renameat2(dir, from.as_ptr(), dir, to.as_ptr(), libc::RENAME_NOREPLACE) };
    Errno::result(renamed).map(drop)
}

/// Removes a name of a file from a directory.
pub(crate) fn remove_in(dir: BorrowedFd<'_>, name: &Path) -> Result<(), Errno> {
    let name = c_path(name)?;
    // SAFETY: `name` is a C string that is alive during the call.
    Errno::result(unsafe { libc::unlinkat(dir.as_raw_fd(), name.as_ptr(), 0) }).map(drop)
}
