//! The anchor: the file or directory that stands for a store, and which files are fit to be one.

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

/// File systems whose locks other machines share, or only seem to hold.
const NETWORK_FILE_SYSTEMS: [(i64, &str); 6] = [
    (0x6969, "NFS"),
    (0xff53_4d42, "CIFS"),
    (0xfe53_4d42, "SMB2"),
    (0x517b, "SMB"),
    (0x0102_1997, "9p"),
    (0x5346_414f, "AFS"),
];

/// File systems that are this kernel's alone: ext, XFS, Btrfs, tmpfs. Its own locks work on each file there, and directories
/// tell each file's own inode number.
const PLAIN_FILE_SYSTEMS: [i64; 4] = [0xef53, 0x5846_5342, 0x9123_683e, 0x0102_1994];

/// A byte far beyond those that processes lock.
const PROBE_BYTE: i64 = 1 << 40;

/// What the kernel calls users and groups that have no number in this user namespace.
const UNKNOWN: u32 = 65_534;

/// The user and the group that something is given to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ownership {
    pub(crate) owner: u32,
    pub(crate) group: u32,
}

impl Ownership {
    /// What the kernel gives new things to.
    pub(crate) fn of_process() -> Self {
        Self { owner: effective_uid(), group: effective_gid() }
    }
}

/// A file that is fit to be an anchor, as it was when it was looked at.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Anchor {
    pub(crate) stat: FileStat,
    birth_is_trusted: bool,
    /// Whether it is on one of [`PLAIN_FILE_SYSTEMS`].
    pub(crate) is_plain: bool,
    /// Whether it is that of a name: a file, and not a link to one.
    is_named: bool,
}

impl Anchor {
    /// Opens a path, and checks what is there.
    pub(crate) fn open(path: &Path, trusts: impl FnOnce(u32) -> bool) -> Result<Self, OpenError> {
        let fd = file::open(path).map_err(|errno| open_failed(path, errno))?;
        Self::check(path, &fd, None, trusts)
    }

    /// Checks that what is open is a file or a directory of somebody who is trusted, with locks that work. The owner of a
    /// directory could put one name's file in the place of another's.
    ///
    /// What was found out of a directory's file system need not be found out again of a file in it, if it is a plain one.
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

    /// Opens the anchor of a name: a user who may write in the directory could have put anything there.
    pub(crate) fn open_named(
        path: &Path,
        directory: Option<&Self>,
        trusts: impl FnOnce(u32) -> bool,
    ) -> Result<Self, OpenError> {
        Self::named_as_opened(path, file::open_no_follow(path), directory, trusts)
    }

    /// The same, of a name in a directory that is held. The path is for errors.
    pub(crate) fn open_named_in(
        held: BorrowedFd<'_>,
        name: &Path,
        path: &Path,
        directory: Option<&Self>,
        trusts: impl FnOnce(u32) -> bool,
    ) -> Result<Self, OpenError> {
        Self::named_as_opened(path, file::open_in(held, name), directory, trusts)
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

    /// Looks at the path again. The same file keeps its file system and its locks, but may have got another owner or mode: these
    /// are checked again. Another file has to pass all checks.
    pub(crate) fn refresh(&self, path: &Path, trusts: impl FnOnce(u32) -> bool) -> Result<Self, OpenError> {
        let look = if self.is_named { file::stat_no_follow } else { file::stat_path };
        let stat = look(path).map_err(|errno| open_failed(path, errno))?;
        if stat.is_same_file(&self.stat) {
            check_trust(path, &stat, trusts)?;
            return Ok(Self { stat, ..*self });
        }
        if self.is_named { Self::open_named(path, None, trusts) } else { Self::open(path, trusts) }
    }

    pub(crate) fn identity(&self) -> Identity {
        Identity::new(&self.stat, self.birth_is_trusted)
    }

    /// The inode that carries the lock bytes of the processes: one for all names of a directory, since each costs every
    /// process a descriptor.
    pub(crate) fn liveness_inode(&self, path: &Path) -> Inode {
        let parent = if self.is_named { path.parent() } else { None };
        let directory = parent.and_then(|parent| file::stat_path(parent).ok());
        directory.as_ref().unwrap_or(&self.stat).inode()
    }

    /// The user and the group that get what this process makes here; `None` if the kernel gives it to them anyway. What a group
    /// may use goes to the anchor's group. What root makes goes to the anchor's owner, which could not use or remove it otherwise.
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

/// Checks what the owner of a file can change of it at any time.
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

/// Locks a byte, and asks through a second descriptor: some file systems say yes and lock nothing.
///
/// Sandboxes and old kernels refuse locks that belong to an open file (`F_OFD_SETLK`) on every file. Then nothing is
/// tried, and processes of other PID namespaces do not see when this one dies; on file systems that are not known to
/// lock, the store is not opened.
fn check_locks(path: &Path, fd: &OwnedFd, is_plain: bool) -> Result<(), OpenError> {
    // A byte of our own, so that others who probe at the same time are not taken for our lock.
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

/// What the kernel's refusal to open or look at a path means.
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
        errno => OpenError::System { attempted: "open", path, errno },
    }
}

/// What the kernel's refusal to make a file or directory means.
pub(crate) fn not_made(path: &Path, errno: Errno) -> OpenError {
    match errno {
        Errno::EACCES => {
            let refused = FileOwner::on_the_way_to(path.parent().unwrap_or(path));
            OpenError::NotWritable { path: path.into(), uid: effective_uid(), refused }
        }
        // The directory is gone: what was to be made in it is not missing.
        Errno::ENOENT => open_failed(path.parent().unwrap_or(path), errno),
        errno => match obstacle(path) {
            Some(obstacle) if matches!(errno, Errno::EEXIST | Errno::ENOTDIR) => {
                OpenError::InTheWay { path: path.into(), obstacle }
            }
            _ => OpenError::System { attempted: "make", path: path.into(), errno },
        },
    }
}

/// What is no directory on the way to a path.
fn obstacle(path: &Path) -> Option<PathBuf> {
    let is_in_the_way = |path: &&Path| path.symlink_metadata().is_ok() && !path.is_dir();
    path.ancestors().find(is_in_the_way).map(Path::to_path_buf)
}

/// Names what was attempted when the kernel refuses.
pub(crate) fn system<'a>(attempted: &'static str, path: &'a Path) -> impl Fn(Errno) -> OpenError + use<'a> {
    move |errno| OpenError::System { attempted, path: path.into(), errno }
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
        assert_eq!(heir(ours.owner, other.group, 0o600), None, "no group may use it");
        assert_eq!(heir(ours.owner, ours.group, 0o660), None);
        assert_eq!(heir(ours.owner, UNKNOWN, 0o660), None, "a group without a number here");
        let user = Ownership { owner: ours.owner + 1, group: ours.group + 1 };
        let is_root = ours.owner == 0;
        assert_eq!(heir(user.owner, user.group, 0o600), Some(user).filter(|_| is_root));
        assert_eq!(heir(UNKNOWN, ours.group, 0o600), None);
    }
}
