//! The segments of this machine, and the description that each gives of itself.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use nix::errno::Errno;

use super::InspectError;
use super::describe::Known;
use crate::error::Creator;
use crate::layout::hash::LayoutHash;
use crate::layout::key::Key;
use crate::segment::classify::SegmentState;
use crate::segment::identity::Identity;
use crate::segment::mirrored::Mirrored;
use crate::sys::file;
use crate::sys::process::effective_uid;
use crate::sys::shm::{self, Mapping, Unreadable};

/// A System V segment of this IPC namespace. It need not belong to shmstore.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Segment {
    /// The kernel's number of the segment, as `ipcs -m` shows it.
    pub shmid: i32,
    /// Its key; 0 after its removal.
    pub key: Key,
    /// Its size, in bytes.
    pub size: u64,
    /// The user that owns it.
    pub owner: u32,
    /// The user that made it.
    pub creator: u32,
    /// The process that made it, from the kernel.
    pub creator_pid: u32,
    /// Its permission bits.
    pub mode: u32,
    /// The number of its attachments in all processes.
    pub attached: u64,
    /// The time when it was made, or when its owner or mode last changed.
    pub changed: SystemTime,
    /// Its state.
    pub state: SegmentState,
    /// The reason for its state, for these states:
    ///
    /// - [`Damaged`](SegmentState::Damaged): the field, and its value.
    /// - [`Orphaned`](SegmentState::Orphaned), [`Elsewhere`](SegmentState::Elsewhere): the facts about its anchor.
    /// - [`NewerFormat`](SegmentState::NewerFormat): the unknown flags.
    /// - [`Foreign`](SegmentState::Foreign), if the segment is on huge pages.
    /// - [`Unreadable`](SegmentState::Unreadable), for other reasons than its permissions.
    pub detail: Option<String>,
    /// Its own description, if it belongs to shmstore and could be read.
    pub description: Option<Description>,
    /// The hash of its anchor and id in its first word, if it belongs to shmstore and could be read.
    pub(super) owner_hash: Option<u32>,
}

/// The description that a segment of shmstore gives of itself. Any process with write access can make it a lie.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Description {
    /// The version of the segment format.
    pub format: u32,
    /// The type-id-char.
    pub id: char,
    /// The path of the anchor when the object was made, absolute and without symbolic links. Any bytes are possible.
    pub path: PathBuf,
    /// True if `path` is the whole path. The header keeps only the last 512 bytes of a long path.
    pub path_is_whole: bool,
    /// The name of its type; `None` if its schema cannot be read.
    pub type_name: Option<String>,
    /// The layout hash.
    pub layout_hash: LayoutHash,
    /// The process that made it.
    pub creator: Creator,
    /// The device of the anchor.
    pub device: u64,
    /// The inode of the anchor.
    pub inode: u64,
    /// The size of the object, in bytes.
    pub object_size: u64,
    /// The size to which the object can grow, in bytes. `None` if it was made without room.
    pub room: Option<u64>,
    /// The number of processes that can attach it for writing.
    pub max_processes: u32,
    /// The facts about a copy of another machine's object. `None` if it is none, or if it is not complete.
    pub mirrored: Option<Mirrored>,
    /// The random number that no other segment has.
    pub nonce: u64,
    /// In a journal: the nonces of the object that is migrated, and of the one that takes its place.
    pub(super) moved_nonces: Option<(u64, u64)>,
}

impl Description {
    /// Returns the path of the anchor, if the path leads to the very file or directory that the segment names. No other
    /// path from a segment may be opened, because it may name a device that acts on being opened.
    pub(super) fn anchor(&self) -> Option<&Path> {
        let stat = file::stat_path(&self.path).ok().filter(|_| self.path_is_whole)?;
        let is_it = (stat.dev, stat.ino) == (self.device, self.inode) && (stat.is_dir() || stat.is_file());
        is_it.then_some(&self.path)
    }
}

/// The use of the kernel's limits for System V shared memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Usage {
    /// The number of segments.
    pub segments: u64,
    /// The largest number of segments: `kernel.shmmni`.
    pub segment_limit: u64,
    /// The number of pages of all segments.
    pub pages: u64,
    /// The largest number of pages: `kernel.shmall`.
    pub page_limit: u64,
    /// The largest size of a segment, in bytes: `kernel.shmmax`.
    pub max_size: u64,
}

/// Returns the use of the kernel's limits.
///
/// # Errors
///
/// [`InspectError::System`] if the kernel has no System V shared memory.
pub fn usage() -> Result<Usage, InspectError> {
    let asked = shm::usage().and_then(|usage| Ok((usage, shm::table()?.count() as u64)));
    let (usage, segments) =
        asked.map_err(|errno| of_all("ask (`shmctl(IPC_INFO)`, /proc/sysvipc) for the limits of", errno))?;
    let shm::Usage { segment_limit, pages, page_limit, max_size, .. } = usage;
    Ok(Usage { segments, segment_limit, pages, page_limit, max_size })
}

/// Lists all segments of this IPC namespace, also foreign ones, in the order of the kernel's table.
///
/// Each segment that may belong to shmstore, by its size, is attached for a moment, for reading.
///
/// # Details
///
/// - The kernel attaches a segment as a whole, although only its header and schema are read. A segment that does not
///   fit into the address space of this process is [`SegmentState::Unreadable`].
/// - In a process with `mlockall(MCL_FUTURE)`, attaching fills every page. Such a process should leave listings to
///   another process, such as the `shmstore` program.
///
/// # Errors
///
/// [`InspectError::System`] if the kernel has no System V shared memory.
pub fn segments() -> Result<Vec<Segment>, InspectError> {
    listed(&mut Known::default())
}

/// Lists all segments, with the schemas that are known already.
pub(super) fn listed(known: &mut Known) -> Result<Vec<Segment>, InspectError> {
    let table = shm::table().map_err(|errno| of_all("list (`shmctl(SHM_INFO)`, /proc/sysvipc/shm)", errno))?;
    Ok(table.map(|status| Segment::inspect(&status, known).0).collect())
}

fn of_all(attempted: &'static str, errno: Errno) -> InspectError {
    InspectError::System { attempted, shmid: -1, cause: errno.into() }
}

impl Segment {
    /// Returns the segment with a number of the kernel's.
    ///
    /// # Errors
    ///
    /// [`InspectError::Gone`] if no segment has the number.
    pub fn of_shmid(shmid: i32) -> Result<Self, InspectError> {
        Self::attached_of_shmid(shmid).map(|(segment, _)| segment)
    }

    /// As [`of_shmid`](Self::of_shmid), with the mapping. No other segment gets the number while the mapping exists.
    pub(super) fn attached_of_shmid(shmid: i32) -> Result<(Self, Option<Mapping>), InspectError> {
        let status = match shm::status(shmid) {
            Ok(status) => Some(status),
            // The table shows the owner all the same.
            Err(Errno::EACCES) => shm::table().ok().and_then(|mut table| table.find(|status| status.shmid == shmid)),
            Err(_) => None,
        };
        let status = status.ok_or(InspectError::Gone { shmid })?;
        Ok(Self::inspect(&status, &mut Known::default()))
    }

    /// Returns the path of its anchor, if the segment holds the whole path.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        self.description.as_ref().filter(|of| of.path_is_whole).map(|of| of.path.as_path())
    }

    /// Returns the name of its type, if the segment holds a valid schema.
    #[must_use]
    pub fn type_name(&self) -> Option<&str> {
        self.description.as_ref()?.type_name.as_deref()
    }

    /// Returns `true` if the segment may belong to the anchor with this device and inode: it has the anchor's key, and
    /// neither its first word nor its header names another anchor.
    ///
    /// If nothing of shmstore can be read in the segment, only the key decides, which many anchors share.
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

    /// Returns `true` if it is the journal of a migration of that object, or of the migration that made it.
    ///
    /// Else another object has taken the place of a migrated one. [`SegmentState::Journal`] is the state of a journal.
    #[must_use]
    pub fn is_journal_of(&self, object: &Self) -> bool {
        let [journal, object] = [self, object].map(|segment| segment.description.as_ref());
        let nonces = journal.and_then(|of| of.moved_nonces);
        nonces.zip(object).is_some_and(|((old, new), object)| [old, new].contains(&object.nonce))
    }

    /// Returns `true` if its creator has finished it, so that its description does not change any more.
    pub(super) fn is_complete(&self) -> bool {
        use SegmentState::{Elsewhere, Orphaned, Ready, Removed};
        matches!(self.state, Ready | Removed | Orphaned | Elsewhere)
    }

    /// Returns `true` if its description is that of the same object.
    pub(super) fn has_description_of(&self, other: &Self) -> bool {
        let said = |segment: &Self| {
            let of = segment.description.as_ref()?;
            Some((of.nonce, of.device, of.inode, of.id, of.layout_hash))
        };
        said(self) == said(other)
    }

    /// The reason why it cannot be inspected.
    pub(super) fn refused(&self) -> InspectError {
        let Self { shmid, state, detail, owner, mode, .. } = self.clone();
        match state {
            SegmentState::Foreign => {
                let is_other = "no segment of shmstore has its size, or its first bytes";
                InspectError::Foreign { shmid, why: detail.map_or(is_other, |_| Unreadable::HugePages.why()) }
            }
            SegmentState::Unreadable if detail.is_none() => {
                InspectError::AccessDenied { shmid, attempted: "read", owner, mode, uid: effective_uid() }
            }
            _ => InspectError::NotReady { shmid, state, detail },
        }
    }
}
