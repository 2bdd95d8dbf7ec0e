//! The contents of errors: an object, a segment, its creator, its anchor.

use std::fmt;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::value::calendar::Civil;
use nix::libc;

use crate::layout::key::Key;

/// The object that an operation was about.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Subject {
    /// The name of the type that was asked for. Empty if only an id was.
    pub type_name: String,
    /// The type-id-char.
    pub id: char,
    /// The key, once it is known.
    pub key: Option<Key>,
    /// The anchor.
    pub path: PathBuf,
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.type_name.is_empty() {
            write!(f, "the object with id {:?}", self.id)?;
            if let Some(key) = self.key {
                write!(f, " (key {key})")?;
            }
        } else {
            write!(f, "`{}` (id {:?}", self.type_name, self.id)?;
            match self.key {
                Some(key) => write!(f, ", key {key})")?,
                None => write!(f, ")")?,
            }
        }
        write!(f, " at {}", self.path.display())
    }
}

impl Subject {
    /// The end of a method's name in the user's code: by type, or by id.
    pub(crate) fn turbofish(&self) -> String {
        if self.type_name.is_empty() { format!("_id({:?})", self.id) } else { format!("::<{}>()", self.type_name) }
    }
}

/// The creator of a segment, as its header says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Creator {
    /// The process, as its own PID namespace numbers it.
    pub pid: u32,
    /// Its effective user.
    pub uid: u32,
    /// When it made the segment.
    pub created: SystemTime,
}

impl fmt::Display for Creator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "created by pid {}, uid {}, {}", self.pid, self.uid, Utc(self.created))
    }
}

/// The kernel's facts about a segment, independent of its contents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct SegmentOwner {
    /// The kernel's number of the segment, as `ipcs -m` shows it.
    pub shmid: i32,
    /// Its size in bytes.
    pub size: usize,
    /// The user it belongs to.
    pub owner: u32,
    /// The group it belongs to.
    pub group: u32,
    /// The user that made it.
    pub creator: u32,
    /// The process that made it; 0 if it is in another PID namespace.
    pub creator_pid: i32,
    /// Its permission bits.
    pub mode: u32,
}

impl fmt::Display for SegmentOwner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { shmid, size, owner, group, creator, creator_pid, mode } = self;
        write!(
            f,
            "segment {shmid} of {size} bytes, owner uid {owner}, group {group}, mode {mode:04o}, made by pid \
             {creator_pid}"
        )?;
        if creator != owner { write!(f, " of uid {creator}") } else { Ok(()) }
    }
}

/// A file or directory that this process may not use, and its owner.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct FileOwner {
    /// Its path.
    pub path: PathBuf,
    /// The user it belongs to.
    pub owner: u32,
    /// The group it belongs to.
    pub group: u32,
    /// Its permission bits.
    pub mode: u32,
}

impl FileOwner {
    /// The last file on the way to a path that this process can look at: a directory that it may not search, or write
    /// in, or the path itself.
    pub(crate) fn on_the_way_to(path: &Path) -> Option<Box<Self>> {
        let mut way: Vec<&Path> = path.ancestors().collect();
        way.reverse();
        let stats = way.into_iter().map_while(|path| Some((path, std::fs::metadata(path).ok()?)));
        let (path, stat) = stats.last()?;
        Some(Box::new(Self { path: path.into(), owner: stat.uid(), group: stat.gid(), mode: stat.mode() & 0o7777 }))
    }
}

impl fmt::Display for FileOwner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, owner, group, mode } = self;
        write!(f, "{} (owner uid {owner}, group {group}, mode {mode:04o})", path.display())
    }
}

/// The file or directory that refused, as a clause; empty if it is not known.
pub(super) fn by(refused: &Option<Box<FileOwner>>) -> String {
    refused.as_ref().map_or_else(String::new, |refused| format!(" by {refused}"))
}

/// An anchor as a segment's header names it. The path is an unchecked hint.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct AnchorClaim {
    /// Device number.
    pub dev: u64,
    /// Inode number.
    pub ino: u64,
    /// The path by which the creator knew it; unprintable characters are escaped.
    pub path: String,
}

impl fmt::Display for AnchorClaim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (device {:#x}, inode {})", self.path, self.dev, self.ino)
    }
}

/// A time in UTC, to the second: `2026-11-22 13:40:02`.
pub(crate) struct Utc(pub(crate) SystemTime);

impl fmt::Display for Utc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs() as i64);
        Civil { seconds, separator: ' ' }.fmt(f)
    }
}

/// A time from the seconds and nanoseconds in a segment, which may be any numbers.
pub(crate) fn moment(seconds: u64, nanoseconds: u32) -> SystemTime {
    let since = Duration::from_secs(seconds).saturating_add(Duration::from_nanos(nanoseconds.into()));
    UNIX_EPOCH.checked_add(since).unwrap_or(UNIX_EPOCH)
}

/// The length of a wait, as the end of a clause; empty if there was none.
pub(crate) fn after(waited: &Duration) -> String {
    // Rounded, so that the rest of a timeout reads as the timeout.
    let rounded = Duration::from_millis((waited.as_secs_f64() * 1e3).round() as u64);
    if rounded.is_zero() { String::new() } else { format!(" after {rounded:?}") }
}

/// A hint for errors that the kernel itself does not return for these calls.
pub(crate) fn if_refused(cause: &io::Error) -> &'static str {
    match cause.raw_os_error() {
        Some(libc::EPERM | libc::ENOSYS) => {
            ". A sandbox, such as the seccomp filter of a container, seems to refuse this system call: let it allow \
             the call. docs/requirements.md lists the system calls that shmstore needs"
        }
        _ => "",
    }
}

/// The target of a symbolic link; `None` for other files.
pub(crate) fn link_target(path: &Path) -> Option<PathBuf> {
    std::fs::read_link(path).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_shown_as_dates() {
        let cases = [
            (0, "1970-01-01 00:00:00"),
            (951_782_400, "2000-02-29 00:00:00"),
            (1_795_354_802, "2026-11-22 13:40:02"),
            (4_107_542_399, "2100-02-28 23:59:59"),
            (4_107_542_400, "2100-03-01 00:00:00"),
        ];
        for (seconds, shown) in cases {
            assert_eq!(Utc(moment(seconds, 0)).to_string(), shown);
        }
    }

    #[test]
    fn waiting_is_told_in_milliseconds() {
        assert_eq!(after(&Duration::ZERO), "");
        assert_eq!(after(&Duration::from_nanos(999_768_624)), " after 1s");
        assert_eq!(after(&Duration::from_millis(20)), " after 20ms");
        assert_eq!(after(&Duration::MAX), format!(" after {:?}", Duration::from_millis(u64::MAX)));
    }

    #[test]
    fn moments_of_any_bits_are_moments() {
        assert_eq!(moment(u64::MAX, u32::MAX), UNIX_EPOCH);
    }
}
