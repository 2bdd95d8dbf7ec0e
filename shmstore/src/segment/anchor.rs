//! The anchor: the file or directory that stands for a store, and the checks that it must pass.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::errno::Errno;
use nix::libc;

use crate::error::{FileOwner, OpenError, link_target};
use crate::segment::identity::Identity;
use crate::sys::file::{self, FileStat, Inode};
use crate::sys::process::{effective_gid, effective_uid, random_u64};

/// On overlayfs a copy-up gives the same inode another birth time.
pub(crate) const OVERLAYFS: i64 = 0x794c_7630;

/// Network file systems: their locks may not work.
const NETWORK_FILE_SYSTEMS: [(i64, &str); 6] = [
    (0x6969, "NFS"),
    (0xff53_4d42, "CIFS"),
    (0xfe53_4d42, "SMB2"),
    (0x517b, "SMB"),
    (0x0102_1997, "9p"),
    (0x5346_414f, "AFS"),
];

/// File systems of this kernel alone: ext, XFS, Btrfs, tmpfs. Locks work on every file, and directories list the inode
/// number that `stat` returns.
const PLAIN_FILE_SYSTEMS: [i64; 4] = [0xef53, 0x5846_5342, 0x9123_683e, 0x0102_1994];

/// The first of the bytes on which locks are tried, far behind all bytes that processes lock.
const PROBE_BYTE: i64 = 1 << 40;

/// The number that the kernel shows for users and groups without a number in this user namespace.
const UNKNOWN: u32 = 65_534;

/// A user and a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ownership {
    pub(crate) owner: u32,
    pub(crate) group: u32,
}

impl Ownership {
    /// The owner and group that the kernel gives to new files and segments.
    pub(crate) fn of_process() -> Self {
        Self { owner: effective_uid(), group: effective_gid() }
    }
}

/// A file that has passed the checks of an anchor, with its status at that time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Anchor {
    pub(crate) stat: FileStat,
    birth_is_trusted: bool,
    /// True if the file is on one of [`PLAIN_FILE_SYSTEMS`].
    pub(crate) is_plain: bool,
    /// True if the file is the anchor of a name, which must not be a link.
    is_named: bool,
}

impl Anchor {
    /// Opens a path and checks the file or directory there.
    pub(crate) fn open(path: &Path, trusts: impl FnOnce(u32) -> bool) -> Result<Self, OpenError> {
        let fd = file::open(path).map_err(|errno| open_failed(path, errno))?;
        Self::check(path, &fd, None, trusts)
    }

    /// Checks that an open file or directory has a trusted owner and locks that work. The owner matters, because the
    /// owner of a directory could replace the file of one name by the file of another.
    ///
    /// The file system of a file is not checked again if it is the plain one of its directory.
    fn check(
        path: &Path,
        fd: &OwnedFd,
        directory: Option<&Self>,
        trusts: impl FnOnce(u32) -> bool,
    ) -> Result<Self, OpenError> {
        let stat = stat(path, fd)?;
        check_trust(path, &stat, trusts)?;
        if let Some(known) = directory.filter(|directory| directory.is_plain && directory.stat.dev == stat.dev) {
            return Ok(Self { stat, ..*known });
        }
        let file_system =
            file::file_system(fd.as_fd()).map_err(system("ask (`fstatfs`) for the file system of", path))?;
        if let Some((_, name)) = NETWORK_FILE_SYSTEMS.iter().find(|(magic, _)| *magic == file_system) {
            return Err(OpenError::LocksUnsupported { path: path.into(), reason: format!("it is on {name}") });
        }
        let is_plain = PLAIN_FILE_SYSTEMS.contains(&file_system);
        check_locks(path, fd, is_plain)?;
        Ok(Self { stat, birth_is_trusted: file_system != OVERLAYFS, is_plain, is_named: false })
    }

    /// Opens the anchor of a name. A user who may write in the directory could have put anything there.
    pub(crate) fn open_named(
        path: &Path,
        directory: Option<&Self>,
        trusts: impl FnOnce(u32) -> bool,
    ) -> Result<Self, OpenError> {
        Self::named_as_opened(path, file::open_no_follow(path), directory, trusts)
    }

    /// Opens the anchor of a name in an open directory. The path is for errors.
    pub(crate) fn open_named_in(
        dir: BorrowedFd<'_>,
        name: &Path,
        path: &Path,
        directory: Option<&Self>,
        trusts: impl FnOnce(u32) -> bool,
    ) -> Result<Self, OpenError> {
        Self::named_as_opened(path, file::open_in(dir, name), directory, trusts)
    }

    fn named_as_opened(
        path: &Path,
        opened: Result<OwnedFd, Errno>,
        directory: Option<&Self>,
        trusts: impl FnOnce(u32) -> bool,
    ) -> Result<Self, OpenError> {
        let fd = opened.map_err(|errno| match errno {
            Errno::ELOOP => OpenError::NotAnAnchor { path: path.into(), kind: "symbolic link" },
            errno => open_failed(path, errno),
        })?;
        let anchor = Self::check(path, &fd, directory, trusts)?;
        if !anchor.stat.is_file() {
            return Err(OpenError::NotAnAnchor { path: path.into(), kind: "directory" });
        }
        Ok(Self { is_named: true, ..anchor })
    }

    /// Checks the path again. If it names the same file, only owner and mode are checked, which may have changed.
    /// Another file must pass all checks.
    pub(crate) fn refresh(&self, path: &Path, trusts: impl FnOnce(u32) -> bool) -> Result<Self, OpenError> {
        let stat_path = if self.is_named { file::stat_no_follow } else { file::stat_path };
        let stat = stat_path(path).map_err(|errno| open_failed(path, errno))?;
        if stat.is_same_file(&self.stat) {
            check_trust(path, &stat, trusts)?;
            return Ok(Self { stat, ..*self });
        }
        if self.is_named { Self::open_named(path, None, trusts) } else { Self::open(path, trusts) }
    }

    pub(crate) fn identity(&self) -> Identity {
        Identity::new(&self.stat, self.birth_is_trusted)
    }

    /// The inode of the file with the liveness locks. The names of a directory share one, because each file costs every
    /// process a descriptor.
    pub(crate) fn liveness_inode(&self, path: &Path) -> Inode {
        let parent = if self.is_named { path.parent() } else { None };
        let directory = parent.and_then(|parent| file::stat_path(parent).ok());
        directory.as_ref().unwrap_or(&self.stat).inode()
    }

    /// The user and the group that must get a new file or segment of this mode; `None` if the kernel gives it to them
    /// anyway.
    ///
    /// * A mode with permissions for the group: the anchor's group.
    /// * A process of root: the anchor's owner and group, because the owner could not use or remove it otherwise.
    pub(crate) fn heir(&self, mode: u32) -> Option<Ownership> {
        let process = Ownership::of_process();
        let for_owner = process.owner == 0 && ![0, UNKNOWN].contains(&self.stat.owner);
        let for_group = (for_owner || mode & 0o060 != 0) && self.stat.group != UNKNOWN;
        let owner = if for_owner { self.stat.owner } else { process.owner };
        let group = if for_group { self.stat.group } else { process.group };
        Some(Ownership { owner, group }).filter(|heir| *heir != process)
    }

    /// The low nine permission bits.
    pub(crate) fn mode(&self) -> u32 {
        self.stat.mode & 0o777
    }
}

fn stat(path: &Path, fd: &OwnedFd) -> Result<FileStat, OpenError> {
    file::stat_fd(fd.as_fd()).map_err(system("look (`statx`, `fstatat`) at", path))
}

/// Checks what the owner of a file can change at any time.
fn check_trust(path: &Path, stat: &FileStat, trusts: impl FnOnce(u32) -> bool) -> Result<(), OpenError> {
    check_kind(path, stat)?;
    if trusts(stat.owner) { Ok(()) } else { Err(OpenError::UntrustedAnchor { path: path.into(), owner: stat.owner }) }
}

fn check_kind(path: &Path, stat: &FileStat) -> Result<(), OpenError> {
    let kind = match stat.kind() {
        libc::S_IFREG => return Ok(()),
        libc::S_IFDIR if stat.mode & 0o002 == 0 => return Ok(()),
        libc::S_IFDIR => return Err(OpenError::WorldWritable { path: path.into(), mode: stat.mode & 0o7777 }),
        libc::S_IFIFO => "pipe",
        libc::S_IFSOCK => "socket",
        libc::S_IFCHR | libc::S_IFBLK => "device",
        _ => "special file",
    };
    Err(OpenError::NotAnAnchor { path: path.into(), kind })
}

/// Locks a byte, and asks for the lock through a second descriptor: some file systems grant locks and lock nothing.
///
/// Some sandboxes and old kernels refuse such locks (`F_OFD_SETLK`) on every file. On a plain file system the anchor
/// passes nevertheless, and other PID namespaces do not notice the end of this process. On other file systems it fails.
fn check_locks(path: &Path, fd: &OwnedFd, is_plain: bool) -> Result<(), OpenError> {
    // A random byte, so that the lock of another process that probes at the same time is not taken for ours.
    let random = random_u64()
        .map_err(system("draw a random number (`getrandom`, or /dev/urandom) to try the locks of", path))?;
    let byte = PROBE_BYTE + (random >> 24) as i64;
    let probe = || -> Result<bool, Errno> {
        let holder = file::reopen_at(fd.as_fd(), path)?;
        file::lock_byte(holder.as_fd(), byte)?;
        file::byte_is_locked(fd.as_fd(), byte)
    };
    let reason = match probe() {
        Ok(true) => return Ok(()),
        Ok(false) => "a lock was granted, but a second descriptor does not see it".into(),
        Err(Errno::EINVAL | Errno::EPERM | Errno::ENOSYS) if is_plain => return Ok(()),
        Err(errno @ (Errno::EINVAL | Errno::EPERM | Errno::ENOSYS)) => format!(
            "a sandbox or the kernel refuses to try them by `fcntl(F_OFD_SETLK)`: {}; tmpfs, ext4, XFS and Btrfs do \
             without a try",
            errno.desc()
        ),
        Err(errno) => errno.desc().to_owned(),
    };
    Err(OpenError::LocksUnsupported { path: path.into(), reason })
}

/// The error for a path that cannot be opened or has no readable status.
pub(crate) fn open_failed(path: &Path, errno: Errno) -> OpenError {
    let path = PathBuf::from(path);
    match errno {
        Errno::ENOENT | Errno::ENOTDIR => match link_target(&path) {
            Some(target) => OpenError::DanglingLink { path, target },
            None => OpenError::NotFound { path, waited: Duration::ZERO },
        },
        Errno::EACCES => {
            let refused = FileOwner::on_the_way_to(&path);
            OpenError::AccessDenied { path, uid: effective_uid(), refused }
        }
        Errno::ENXIO => OpenError::NotAnAnchor { path, kind: "socket" },
        errno => OpenError::System { attempted: "open", path, cause: errno.into() },
    }
}

/// The error for a file or directory that cannot be made.
pub(crate) fn not_made(path: &Path, errno: Errno) -> OpenError {
    match errno {
        Errno::EACCES => {
            let refused = FileOwner::on_the_way_to(path.parent().unwrap_or(path));
            OpenError::NotWritable { path: path.into(), uid: effective_uid(), refused }
        }
        // The directory is missing, not the new file.
        Errno::ENOENT => open_failed(path.parent().unwrap_or(path), errno),
        errno => match obstacle(path) {
            Some(obstacle) if matches!(errno, Errno::EEXIST | Errno::ENOTDIR) => {
                OpenError::InTheWay { path: path.into(), obstacle }
            }
            _ => OpenError::System { attempted: "make", path: path.into(), cause: errno.into() },
        },
    }
}

/// The component of a path that is there and is no directory.
fn obstacle(path: &Path) -> Option<PathBuf> {
    let is_obstacle = |path: &&Path| path.symlink_metadata().is_ok() && !path.is_dir();
    path.ancestors().find(is_obstacle).map(Path::to_path_buf)
}

/// The error for a system call that failed, with what was attempted.
pub(crate) fn system<'a>(attempted: &'static str, path: &'a Path) -> impl Fn(Errno) -> OpenError + use<'a> {
    move |errno| OpenError::System { attempted, path: path.into(), cause: errno.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_made_goes_to_the_anchors_group_and_from_root_to_its_owner() {
        let directory = tempfile::tempdir().unwrap();
        let anchor = Anchor::open(directory.path(), |_| true).unwrap();
        let ours = Ownership::of_process();
        let heir = |owner, group, mode| {
            let stat = FileStat { owner, group, ..anchor.stat };
            Anchor { stat, ..anchor }.heir(mode)
        };
        let other = Ownership { group: ours.group + 1, ..ours };
        assert_eq!(heir(ours.owner, other.group, 0o660), Some(other));
        assert_eq!(heir(ours.owner, other.group, 0o640), Some(other));
        assert_eq!(heir(ours.owner, other.group, 0o600), None, "the group has no permission");
        assert_eq!(heir(ours.owner, ours.group, 0o660), None);
        assert_eq!(heir(ours.owner, UNKNOWN, 0o660), None, "a group without a number here");
        let user = Ownership { owner: ours.owner + 1, group: ours.group + 1 };
        let is_root = ours.owner == 0;
        assert_eq!(heir(user.owner, user.group, 0o600), Some(user).filter(|_| is_root));
        assert_eq!(heir(UNKNOWN, ours.group, 0o600), None);
    }
}
