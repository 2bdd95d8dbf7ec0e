//! Files and their locks: `statx`, `open`, `flock`, open-file-description locks, unnamed files
//! ([statx(2)], [flock(2)], [fcntl_locking(2)], [open(2)]).
//!
//! [statx(2)]: https://man7.org/linux/man-pages/man2/statx.2.html
//! [flock(2)]: https://man7.org/linux/man-pages/man2/flock.2.html
//! [fcntl_locking(2)]: https://man7.org/linux/man-pages/man2/fcntl_locking.2.html
//! [open(2)]: https://man7.org/linux/man-pages/man2/open.2.html
//!
//! # Safety
//!
//! Assumes nothing but the C library's prototypes. Every buffer is on the stack, and of the type that the call fills.
#![allow(unsafe_code)]

pub(crate) mod data;
mod locks;
mod names;

use std::ffi::{CStr, CString};
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::libc;

pub(crate) use locks::{byte_is_locked, lock_byte, locked_byte_in, try_lock, unlock, unlock_byte};
pub(crate) use names::{
    create_exclusive, create_unnamed, link_in, link_unnamed, make_directory_in, open_directory_in, open_in, remove_in,
    rename_new, stat_in,
};

/// The identity of a file, whatever its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Inode {
    pub(crate) dev: u64,
    pub(crate) ino: u64,
}

/// The time at which a file was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Birth {
    pub(crate) seconds: i64,
    pub(crate) nanoseconds: u32,
}

/// The status of a file, as `statx` returns it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FileStat {
    pub(crate) dev: u64,
    pub(crate) ino: u64,
    pub(crate) birth: Option<Birth>,
    /// Type and permission bits.
    pub(crate) mode: u32,
    pub(crate) owner: u32,
    pub(crate) group: u32,
    /// The number of its names.
    pub(crate) links: u32,
    /// In bytes.
    pub(crate) size: u64,
}

impl FileStat {
    pub(crate) fn kind(&self) -> u32 {
        self.mode & libc::S_IFMT
    }

    pub(crate) fn is_dir(&self) -> bool {
        self.kind() == libc::S_IFDIR
    }

    pub(crate) fn is_file(&self) -> bool {
        self.kind() == libc::S_IFREG
    }

    pub(crate) fn inode(&self) -> Inode {
        Inode { dev: self.dev, ino: self.ino }
    }

    pub(crate) fn is_same_file(&self, other: &Self) -> bool {
        (self.dev, self.ino, self.birth) == (other.dev, other.ino, other.birth)
    }
}

/// The status of what a path names. Follows links.
pub(crate) fn stat_path(path: &Path) -> Result<FileStat, Errno> {
    with_c_path(path, |path| stat(libc::AT_FDCWD, path, 0))
}

/// The status of what a path names, which may be a symbolic link.
pub(crate) fn stat_no_follow(path: &Path) -> Result<FileStat, Errno> {
    with_c_path(path, |path| stat(libc::AT_FDCWD, path, libc::AT_SYMLINK_NOFOLLOW))
}

/// The status of an open file.
pub(crate) fn stat_fd(fd: BorrowedFd<'_>) -> Result<FileStat, Errno> {
    stat(fd.as_raw_fd(), c"", libc::AT_EMPTY_PATH)
}

/// Calls `statx`, or a call without the birth time where a sandbox or Linux before 4.11 refuses `statx`.
fn stat(dir: libc::c_int, path: &CStr, flags: libc::c_int) -> Result<FileStat, Errno> {
    match stat_with_birth(dir, path, flags) {
        Err(Errno::EPERM | Errno::ENOSYS | Errno::EINVAL) => stat_without_birth(dir, path, flags),
        found => found,
    }
}

fn stat_without_birth(dir: libc::c_int, path: &CStr, flags: libc::c_int) -> Result<FileStat, Errno> {
    let mut buffer = MaybeUninit::<libc::stat>::zeroed();
    // SAFETY: `path` is a C string, `buffer` a `stat`, both alive during the call.
    Errno::result(unsafe { libc::fstatat(dir, path.as_ptr(), buffer.as_mut_ptr(), flags) })?;
    // SAFETY: zeroed, then filled: integers all of them.
    let found = unsafe { buffer.assume_init() };
    Ok(FileStat {
        dev: found.st_dev,
        ino: found.st_ino,
        birth: None,
        mode: found.st_mode,
        owner: found.st_uid,
        group: found.st_gid,
        links: found.st_nlink as u32,
        size: found.st_size as u64,
    })
}

fn stat_with_birth(dir: libc::c_int, path: &CStr, flags: libc::c_int) -> Result<FileStat, Errno> {
    let mut buffer = MaybeUninit::<libc::statx>::zeroed();
    let mask = libc::STATX_BASIC_STATS | libc::STATX_BTIME;
    // SAFETY: `path` is a C string, `buffer` a `statx`, both alive during the call.
    Errno::result(unsafe { libc::statx(dir, path.as_ptr(), flags, mask, buffer.as_mut_ptr()) })?;
    // SAFETY: zeroed, then filled: integers all of them.
    let found = unsafe { buffer.assume_init() };
    let birth = (found.stx_mask & libc::STATX_BTIME != 0)
        .then_some(Birth { seconds: found.stx_btime.tv_sec, nanoseconds: found.stx_btime.tv_nsec });
    Ok(FileStat {
        dev: libc::makedev(found.stx_dev_major, found.stx_dev_minor),
        ino: found.stx_ino,
        birth,
        mode: u32::from(found.stx_mode),
        owner: found.stx_uid,
        group: found.stx_gid,
        links: found.stx_nlink,
        size: found.stx_size,
    })
}

/// The flags by which existing files are opened.
const TO_READ: libc::c_int = libc::O_RDONLY | libc::O_NONBLOCK | libc::O_NOCTTY;

/// Opens an existing file or directory for reading. Never blocks on a pipe, and gets no controlling terminal.
pub(crate) fn open(path: &Path) -> Result<OwnedFd, Errno> {
    open_flags(None, path, TO_READ, 0)
}

/// Opens what a path names for status calls alone (`O_PATH`): a device does not notice.
pub(crate) fn hold(path: &Path) -> Result<OwnedFd, Errno> {
    open_flags(None, path, libc::O_PATH, 0)
}

/// [`hold`], of a symbolic link itself.
pub(crate) fn hold_no_follow(path: &Path) -> Result<OwnedFd, Errno> {
    open_flags(None, path, libc::O_PATH | libc::O_NOFOLLOW, 0)
}

/// Opens a directory to work with names in it (`O_PATH`), which stay its own wherever its path leads by then.
pub(crate) fn hold_directory(path: &Path) -> Result<OwnedFd, Errno> {
    open_flags(None, path, libc::O_PATH | libc::O_DIRECTORY, 0)
}

/// A path by which this process can open a file that it has a descriptor of, even if the file has moved.
pub(crate) fn held_path(fd: BorrowedFd<'_>) -> PathBuf {
    format!("/proc/self/fd/{}", fd.as_raw_fd()).into()
}

/// [`open`], but a symbolic link is `ELOOP`.
pub(crate) fn open_no_follow(path: &Path) -> Result<OwnedFd, Errno> {
    open_flags(None, path, TO_READ | libc::O_NOFOLLOW, 0)
}

fn open_flags(
    dir: Option<BorrowedFd<'_>>,
    path: &Path,
    flags: libc::c_int,
    mode: libc::mode_t,
) -> Result<OwnedFd, Errno> {
    let dir = dir.map_or(libc::AT_FDCWD, |dir| dir.as_raw_fd());
    let path = c_path(path)?;
    loop {
        // SAFETY: `path` is a C string that is alive during the call.
        let fd = unsafe { libc::openat(dir, path.as_ptr(), flags | libc::O_CLOEXEC, mode) };
        match Errno::result(fd) {
            // SAFETY: just opened, and owned by no other value.
            Ok(fd) => return Ok(unsafe { OwnedFd::from_raw_fd(fd) }),
            Err(Errno::EINTR) => {}
            Err(errno) => return Err(errno),
        }
    }
}

/// Sets the permission bits, whatever the umask.
pub(crate) fn set_mode(fd: BorrowedFd<'_>, mode: u32) -> Result<(), Errno> {
    // SAFETY: takes numbers only.
    Errno::result(unsafe { libc::fchmod(fd.as_raw_fd(), mode) }).map(drop)
}

/// Gives a file to a user and a group.
pub(crate) fn set_owner(fd: BorrowedFd<'_>, owner: u32, group: u32) -> Result<(), Errno> {
    // SAFETY: takes numbers only.
    Errno::result(unsafe { libc::fchown(fd.as_raw_fd(), owner, group) }).map(drop)
}

/// The magic number of the file system that a file is on.
pub(crate) fn file_system(fd: BorrowedFd<'_>) -> Result<i64, Errno> {
    let mut buffer = MaybeUninit::<libc::statfs>::zeroed();
    // SAFETY: `buffer` is a `statfs`, alive during the call.
    Errno::result(unsafe { libc::fstatfs(fd.as_raw_fd(), buffer.as_mut_ptr()) })?;
    // SAFETY: zeroed, then filled: integers all of them.
    Ok(unsafe { buffer.assume_init() }.f_type)
}

/// Returns `true` if a descriptor number has the given file open. Allowed in a child of `fork`.
pub(crate) fn is_open_on(fd: i32, inode: Inode) -> bool {
    let mut found = MaybeUninit::<libc::stat>::zeroed();
    // SAFETY: `found` is a `stat`, alive during the call; a bad descriptor is an error, not undefined.
    if unsafe { libc::fstat(fd, found.as_mut_ptr()) } != 0 {
        return false;
    }
    // SAFETY: zeroed, then filled: integers all of them.
    let found = unsafe { found.assume_init() };
    Inode { dev: found.st_dev, ino: found.st_ino } == inode
}

/// Closes a descriptor by its number. The caller knows that no other code closes it.
pub(crate) fn close(fd: i32) {
    // SAFETY: takes a number only.
    unsafe { libc::close(fd) };
}

/// Calls with a path as a C string. A path of common length needs no memory.
fn with_c_path<R>(path: &Path, call: impl FnOnce(&CStr) -> Result<R, Errno>) -> Result<R, Errno> {
    let bytes = path.as_os_str().as_bytes();
    let mut buffer = [0; 256];
    match buffer.get_mut(..=bytes.len()) {
        Some(buffer) => {
            buffer[..bytes.len()].copy_from_slice(bytes);
            call(CStr::from_bytes_with_nul(buffer).map_err(|_| Errno::EINVAL)?)
        }
        None => call(&c_path(path)?),
    }
}

fn c_path(path: &Path) -> Result<CString, Errno> {
    CString::new(path.as_os_str().as_bytes()).map_err(|_| Errno::EINVAL)
}

/// Opens an open file again, with an open file description of its own.
pub(crate) fn reopen(fd: BorrowedFd<'_>) -> Result<OwnedFd, Errno> {
    open(&held_path(fd))
}

/// [`reopen`], also where `/proc` is not mounted: then by the path by which the file was opened.
pub(crate) fn reopen_at(fd: BorrowedFd<'_>, path: &Path) -> Result<OwnedFd, Errno> {
    reopen(fd).or_else(|errno| {
        let inode = stat_fd(fd)?.inode();
        let again = open(path)?;
        if is_open_on(again.as_raw_fd(), inode) { Ok(again) } else { Err(errno) }
    })
}

/// From `<linux/fcntl.h>`: libc does not name them on all targets.
const F_SETSIG: libc::c_int = 10;
const F_GETSIG: libc::c_int = 11;

/// The number of [tags](set_ofd_tag), 0 included.
pub(crate) const OFD_TAGS: i32 = 64;

/// Tags an open file description with a number below [`OFD_TAGS`]; others have 0. The tag is the number of the signal
/// for input (`F_SETSIG`), which is never sent.
pub(crate) fn set_ofd_tag(fd: BorrowedFd<'_>, tag: i32) -> Result<(), Errno> {
    // SAFETY: takes numbers only.
    Errno::result(unsafe { libc::fcntl(fd.as_raw_fd(), F_SETSIG, tag) }).map(drop)
}

/// The tag of an open file description; below 0 if the descriptor is not open. The cheapest query of a descriptor.
pub(crate) fn ofd_tag(fd: BorrowedFd<'_>) -> i32 {
    // SAFETY: takes numbers only.
    unsafe { libc::fcntl(fd.as_raw_fd(), F_GETSIG) }
}
