//! The segments of this machine, and what each says of itself.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use nix::errno::Errno;

use super::InspectError;
use super::judge::Known;
use crate::error::Creator;
use crate::layout::hash::LayoutHash;
use crate::layout::key::Key;
use crate::segment::identity::Identity;
use crate::sys::file;
use crate::sys::process::effective_uid;
use crate::sys::shm::{self, Mapping, Unreadable};

/// A System V segment of this machine (of this IPC namespace), shmstore's or not.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Segment {
    /// The kernel's number of it, as `ipcs -m` shows it.
    pub shmid: i32,
    /// Its key; 0 once it was removed.
    pub key: Key,
    /// Its size, in bytes.
    pub size: u64,
    /// The user it belongs to.
    pub owner: u32,
    /// The user who made it.
    pub creator: u32,
    /// The process that made it, as the kernel says.
    pub creator_pid: u32,
    /// Its permission bits.
    pub mode: u32,
    /// How many times it is attached, in all processes.
    pub attached: u64,
    /// When it was made, or its owner or mode last changed.
    pub changed: SystemTime,
    /// What state it is in.
    pub state: SegmentState,
    /// What is wrong with it, if its state is [`Damaged`](SegmentState::Damaged); what is known of its anchor, if it is
    /// [`Orphaned`](SegmentState::Orphaned) or [`Elsewhere`](SegmentState::Elsewhere); which flags are not known, if it is of a
    /// [newer format](SegmentState::NewerFormat); that it is on huge pages, if it is [`Foreign`](SegmentState::Foreign) for that; why it cannot
    /// be read, if it is [`Unreadable`](SegmentState::Unreadable) for another reason than its permissions.
    pub detail: Option<String>,
    /// What it says of itself, if it is shmstore's and could be read.
    pub description: Option<Description>,
    /// What its first word says of its anchor and id, if it is shmstore's and could be read.
    pub(super) owner_hash: Option<u32>,
}

/// What a segment of shmstore says of itself. Whoever may write it can lie.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Description {
    /// The version of the segment format.
    pub format: u32,
    /// The type-id-char.
    pub id: char,
    /// The path of the anchor when the object was made, absolute and without symbolic links. May hold any bytes.
    pub path: PathBuf,
    /// Whether that is the whole path: of a long one only the end is kept.
    pub path_is_whole: bool,
    /// The name of its type; `None` if its schema cannot be read.
    pub type_name: Option<String>,
    /// The layout hash.
    pub layout_hash: LayoutHash,
    /// Who made it.
    pub creator: Creator,
    /// The device of the anchor.
    pub device: u64,
    /// The inode of the anchor.
    pub inode: u64,
    /// The size of the object, in bytes.
    pub object_size: u64,
    /// How many processes it has room for.
    pub max_processes: u32,
    /// What tells this segment from every other.
    pub(super) nonce: u64,
}

impl Description {
    /// The path of the anchor, if the very file or directory is there that the segment names. Nothing else may be opened because a
    /// segment says so: it may name a device that acts when it is opened.
    pub(super) fn anchor(&self) -> Option<&Path> {
        let stat = file::stat_path(&self.path).ok().filter(|_| self.path_is_whole)?;
        let is_it = (stat.dev, stat.ino) == (self.device, self.inode) && (stat.is_dir() || stat.is_file());
        is_it.then_some(&self.path)
    }
}

/// What state a segment is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SegmentState {
    /// Whole, and at its anchor.
    Ready,
    /// Its creator is at work.
    Initializing,
    /// Its creator died before it was whole.
    Abandoned,
    /// Removed: it lives on for those who have it attached.
    Removed,
    /// Whole, but nobody can find it any more: its anchor is gone, or another file is at its path; or it has not its anchor's key.
    Orphaned,
    /// Whole, but its creator had another mount namespace or another root directory than this thread, or it is not known which:
    /// whether its anchor is there cannot be seen from here.
    Elsewhere,
    /// Made by a shmstore with another segment format.
    OtherFormat,
    /// With features that this program does not know: a program with a newer shmstore uses it.
    NewerFormat,
    /// Its header or schema is not what a creator writes.
    Damaged,
    /// We may not look into it, the kernel cannot provide a page of it, or it does not fit into this process.
    Unreadable,
    /// Not shmstore's.
    Foreign,
}

impl SegmentState {
    /// Returns `true` if the object is whole and nothing tells that its programs are done with it: so also if its anchor cannot be seen.
    #[must_use]
    pub fn is_usable(self) -> bool {
        matches!(self, Self::Ready | Self::Elsewhere)
    }

    /// In one word or two: `ready`, `initializing`, …
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Initializing => "initializing",
            Self::Abandoned => "abandoned",
            Self::Removed => "removed",
            Self::Orphaned => "orphaned",
            Self::Elsewhere => "elsewhere",
            Self::OtherFormat => "other format",
            Self::NewerFormat => "newer format",
            Self::Damaged => "damaged",
            Self::Unreadable => "unreadable",
            Self::Foreign => "foreign",
        }
    }
}

impl fmt::Display for SegmentState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// How much of the kernel's limits for System V shared memory is in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Usage {
    /// How many segments there are.
    pub segments: u64,
    /// How many there may be: `kernel.shmmni`.
    pub segment_limit: u64,
    /// Pages of all segments.
    pub pages: u64,
    /// How many there may be: `kernel.shmall`.
    pub page_limit: u64,
    /// The largest segment that may be made, in bytes: `kernel.shmmax`.
    pub max_size: u64,
}

/// Asks how much of the kernel's limits is in use.
///
/// # Errors
///
/// [`InspectError::System`] where there is no System V shared memory.
pub fn usage() -> Result<Usage, InspectError> {
    let asked = shm::usage().and_then(|usage| Ok((usage, shm::table()?.count() as u64)));
    let (usage, segments) =
        asked.map_err(|errno| of_all("ask (`shmctl(IPC_INFO)`, /proc/sysvipc) for the limits of", errno))?;
    let shm::Usage { segment_limit, pages, page_limit, max_size, .. } = usage;
    Ok(Usage { segments, segment_limit, pages, page_limit, max_size })
}

/// Lists all segments of this IPC namespace, foreign ones included, by number of their index in the kernel's table.
///
/// Those that may be shmstore's, by their size, are attached for a moment, for reading, whoever made them.
///
/// The kernel attaches a segment as a whole, although no more than the header and the schema is read. A segment that does not fit into the
/// address space of this process is [`SegmentState::Unreadable`]. In a process with `mlockall(MCL_FUTURE)` to attach is also to
/// fill each page: such a process should leave listings to another one, such as the `shmstore` program.
///
/// # Errors
///
/// [`InspectError::System`] where there is no System V shared memory.
pub fn segments() -> Result<Vec<Segment>, InspectError> {
    let table = shm::table().map_err(|errno| of_all("list (`shmctl(SHM_INFO)`, /proc/sysvipc/shm)", errno))?;
    let mut known = Known::default();
    Ok(table.map(|status| Segment::look(&status, &mut known).0).collect())
}

fn of_all(attempted: &'static str, errno: Errno) -> InspectError {
    InspectError::System { attempted, shmid: -1, cause: errno.into() }
}

impl Segment {
    /// The segment with a number of the kernel's.
    ///
    /// # Errors
    ///
    /// [`InspectError::Gone`] if there is none.
    pub fn of_shmid(shmid: i32) -> Result<Self, InspectError> {
        Self::attached_of_shmid(shmid).map(|(segment, _)| segment)
    }

    /// The same, and what it was looked at by: for as long as that lasts no other segment has its number.
    pub(super) fn attached_of_shmid(shmid: i32) -> Result<(Self, Option<Mapping>), InspectError> {
        let status = match shm::status(shmid) {
            Ok(status) => Some(status),
            // Whose it is can be seen in the table all the same.
            Err(Errno::EACCES) => shm::table().ok().and_then(|mut table| table.find(|status| status.shmid == shmid)),
            Err(_) => None,
        };
        let status = status.ok_or(InspectError::Gone { shmid })?;
        Ok(Self::look(&status, &mut Known::default()))
    }

    /// The path of its anchor, if it says so and that is the whole path.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        self.description.as_ref().filter(|of| of.path_is_whole).map(|of| of.path.as_path())
    }

    /// The name of its type, if it says so.
    #[must_use]
    pub fn type_name(&self) -> Option<&str> {
        self.description.as_ref()?.type_name.as_deref()
    }

    /// Whether it stands at the anchor with this device and inode: at the key of that, and its first word, which says whose it is in all
    /// formats, or what else it says of itself, is of no other anchor.
    ///
    /// Of a segment in which nothing of shmstore's can be read, only the key is known, which is that of many anchors: it *may* stand there.
    ///
    /// ```
    /// use std::os::unix::fs::MetadataExt;
    ///
    /// # let dir = tempfile::tempdir()?;
    /// let anchor = std::fs::metadata(dir.path())?;
    /// let segments = shmstore::inspect::segments()?;
    /// assert!(!segments.iter().any(|segment| segment.stands_at(anchor.dev(), anchor.ino())));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn stands_at(&self, device: u64, inode: u64) -> bool {
        let identity = Identity { dev: device, ino: inode, birth: None };
        // Its creator may have died before it wrote the anchor.
        let named = self.description.as_ref().map(|of| (of.device, of.inode)).filter(|named| *named != (0, 0));
        if self.key.to_raw() == 0 && self.state == SegmentState::Removed {
            return named == Some((device, inode));
        }
        let id = self.key.id_byte();
        self.key == identity.key(id)
            && named.is_none_or(|named| named == (device, inode))
            && self.owner_hash.is_none_or(|hash| hash == identity.hash32(id))
    }

    /// Whether all of it had been written: what it says of itself does not change any more.
    pub(super) fn is_whole(&self) -> bool {
        use SegmentState::{Elsewhere, Orphaned, Ready, Removed};
        matches!(self.state, Ready | Removed | Orphaned | Elsewhere)
    }

    /// Whether it says the same of itself as another time, if it does say anything.
    pub(super) fn says_the_same(&self, other: &Self) -> bool {
        let said = |segment: &Self| {
            let of = segment.description.as_ref()?;
            Some((of.nonce, of.device, of.inode, of.id, of.layout_hash))
        };
        said(self) == said(other)
    }

    /// Why it cannot be looked into.
    pub(super) fn refused(&self) -> InspectError {
        let Self { shmid, state, detail, owner, mode, .. } = self.clone();
        match state {
            SegmentState::Foreign => {
                let is_other = "it has another size than any of them, or no header of theirs";
                InspectError::Foreign { shmid, why: detail.map_or(is_other, |_| Unreadable::HugePages.why()) }
            }
            SegmentState::Unreadable if detail.is_none() => {
                InspectError::AccessDenied { shmid, attempted: "read", owner, mode, uid: effective_uid() }
            }
            _ => InspectError::NotReady { shmid, state, detail },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_have_names_that_differ() {
        use SegmentState::*;
        let whole = [Ready, Removed, Orphaned, Elsewhere, OtherFormat, NewerFormat];
        let all = [&whole[..], &[Initializing, Abandoned, Damaged, Unreadable, Foreign]].concat();
        let names: std::collections::HashSet<_> = all.iter().map(|state| state.name()).collect();
        assert_eq!(names.len(), all.len());
        assert_eq!(format!("{:>6}|", Ready), " ready|");
    }
}
