//! The segments of this machine, and what each says of itself.

use std::ffi::OsString;
use std::fmt;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use nix::errno::Errno;

use super::InspectError;
use super::orphan::{Directories, why_orphaned};
use super::type_names::TypeNames;
use crate::error::Creator;
use crate::handshake::creator;
use crate::hash::LayoutHash;
use crate::header::{self, FORMAT_VERSION, Geometry, Header, State};
use crate::identity::Identity;
use crate::key::Key;
use crate::sys::file;
use crate::sys::process::{effective_uid, has_ended, namespace, proc_is_ours, start_time};
use crate::sys::shm::{self, Access, Mapping, Status};

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
    /// [`Orphaned`](SegmentState::Orphaned).
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
    /// The name of its type; `None` if its schema can not be read.
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
    Retired,
    /// Whole, but nobody can find it any more: its anchor is gone, or another file is at its path; or it has not its anchor's key.
    Orphaned,
    /// Made by a shmstore with another segment format.
    OtherFormat,
    /// Its header or schema is not what a creator writes.
    Damaged,
    /// We may not look into it.
    Unreadable,
    /// Not shmstore's.
    Foreign,
}

impl SegmentState {
    /// In one word or two: `ready`, `initialising`, …
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Initializing => "initialising",
            Self::Abandoned => "abandoned",
            Self::Retired => "retired",
            Self::Orphaned => "orphaned",
            Self::OtherFormat => "other format",
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
    let (usage, segments) = asked.map_err(|errno| of_all("ask for the limits of", errno))?;
    let shm::Usage { segment_limit, pages, page_limit, max_size, .. } = usage;
    Ok(Usage { segments, segment_limit, pages, page_limit, max_size })
}

/// Lists all segments of this IPC namespace, foreign ones included, by number of their index in the kernel's table.
///
/// Those that may be shmstore's, by their size, are attached for a moment, for reading.
///
/// # Errors
///
/// [`InspectError::System`] where there is no System V shared memory.
pub fn segments() -> Result<Vec<Segment>, InspectError> {
    let table = shm::table().map_err(|errno| of_all("list", errno))?;
    let mut known = Known::default();
    Ok(table.map(|status| Segment::look(&status, &mut known).0).collect())
}

fn of_all(attempted: &'static str, errno: Errno) -> InspectError {
    InspectError::System { attempted, shmid: -1, source: errno.into() }
}

/// What is found out once for all segments of a listing.
#[derive(Default)]
pub(super) struct Known {
    names: TypeNames,
    directories: Directories,
}

/// Where things are in a segment that is whole, and whose it says it is.
pub(super) struct Whole {
    pub(super) identity: Identity,
    pub(super) id: u8,
    pub(super) geometry: Geometry,
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
        if self.key.to_raw() == 0 && self.state == SegmentState::Retired {
            return named == Some((device, inode));
        }
        let id = self.key.id_byte();
        self.key == identity.key(id)
            && named.is_none_or(|named| named == (device, inode))
            && self.owner_hash.is_none_or(|hash| hash == identity.hash32(id))
    }

    /// Whether all of it had been written: what it says of itself does not change any more.
    pub(super) fn is_whole(&self) -> bool {
        matches!(self.state, SegmentState::Ready | SegmentState::Retired | SegmentState::Orphaned)
    }

    /// Whether it says the same of itself as another time, if it does say anything.
    pub(super) fn says_the_same(&self, other: &Self) -> bool {
        let said = |segment: &Self| {
            let of = segment.description.as_ref()?;
            Some((of.nonce, of.device, of.inode, of.id, of.layout_hash))
        };
        said(self) == said(other)
    }

    /// What the kernel tells.
    pub(super) fn of_status(status: &Status) -> Self {
        Self {
            shmid: status.shmid,
            key: status.key,
            size: status.size as u64,
            owner: status.owner,
            creator: status.creator,
            creator_pid: status.creator_pid.unsigned_abs(),
            mode: status.mode,
            attached: status.attached,
            changed: UNIX_EPOCH + Duration::from_secs(status.changed.max(0).unsigned_abs()),
            state: SegmentState::Foreign,
            detail: None,
            description: None,
            owner_hash: None,
        }
    }

    fn look(status: &Status, known: &mut Known) -> (Self, Option<Mapping>) {
        let mut segment = Self::of_status(status);
        if !header::is_tagged(status.size) {
            return (segment, None);
        }
        match shm::attach(status.shmid, Access::ReadOnly) {
            Ok((mapping, status)) => {
                // Without this look at it.
                segment.attached = status.attached.saturating_sub(1);
                segment.judge(&mapping, &status, known);
                return (segment, Some(mapping));
            }
            Err(Errno::EACCES) => segment.state = SegmentState::Unreadable,
            Err(Errno::EINVAL | Errno::EIDRM) => segment.state = SegmentState::Retired,
            Err(errno) => {
                segment.state = SegmentState::Unreadable;
                segment.detail = Some(errno.desc().into());
            }
        }
        (segment, None)
    }

    /// Judges what was attached, and notes it. Returns where things are in it if it is whole.
    pub(super) fn judge(&mut self, mapping: &Mapping, status: &Status, known: &mut Known) -> Option<Whole> {
        let header = Header::of(mapping)?;
        if header::is_blank(mapping) {
            self.state = half_made(has_ended_here(self.creator_pid, 0));
            return None;
        }
        if !header.has_magic() {
            return None;
        }
        self.owner_hash = Some(header.owner_hash());
        self.judge_header(header, mapping, status, known).unwrap_or_else(|damage| {
            self.state = SegmentState::Damaged;
            self.detail = Some(format!("its {} is {}", damage.field, damage.found));
            None
        })
    }

    fn judge_header(
        &mut self,
        header: &Header,
        mapping: &Mapping,
        status: &Status,
        known: &mut Known,
    ) -> Result<Option<Whole>, header::Damage> {
        let state = header.state()?;
        let format = header.version();
        if format != FORMAT_VERSION && (format != 0 || state == State::Ready) {
            self.state = SegmentState::OtherFormat;
            self.detail = Some(format!("format {format}, of which this program reads {FORMAT_VERSION}"));
            return Ok(None);
        }
        let is_half_made = matches!(state, State::Virgin | State::Initializing);
        if is_half_made {
            let by = header.provenance();
            let is_of_here = by.pid != 0 && by.pid_namespace == namespace("pid");
            // Start times count within one time namespace only.
            let start = if by.time_namespace == namespace("time") { by.start } else { 0 };
            let (pid, start) = if is_of_here { (by.pid, start) } else { (self.creator_pid, 0) };
            self.state = half_made(has_ended_here(pid, start));
        }
        let (identity, id) = header.identity()?;
        let is_printable = (b' '..=b'~').contains(&id);
        if !is_half_made && !is_printable {
            return Err(header::Damage::new("id", id));
        }
        if !header.is_claimed_for(&identity, id) && state != State::Virgin {
            return Err(header::Damage::new("first word", "not that of its own anchor and id"));
        }
        let (path, path_is_whole) = header.path();
        let mut description = Description {
            format,
            id: if is_printable { char::from(id) } else { '?' },
            path: PathBuf::from(OsString::from_vec(path)),
            path_is_whole,
            type_name: None,
            layout_hash: header.layout_hash(),
            creator: creator(header),
            device: identity.dev,
            inode: identity.ino,
            object_size: 0,
            max_processes: 0,
            nonce: header.nonce(),
        };
        if is_half_made {
            self.description = Some(description);
            return Ok(None);
        }
        let judged = header.geometry(mapping).and_then(|geometry| {
            let json = header::read_schema(mapping, &geometry)?;
            description.object_size = geometry.payload_len as u64;
            description.max_processes = geometry.slot_count;
            description.type_name = known.names.of(description.layout_hash, json, description.object_size);
            if description.type_name.is_some() {
                Ok(geometry)
            } else {
                Err(header::Damage::new("schema", "not one, or another than its hash and size say"))
            }
        });
        self.state = SegmentState::Ready;
        if state == State::Retired || status.removed {
            self.state = SegmentState::Retired;
        } else if status.key != identity.key(id) {
            // Anybody may write the identity of another's anchor into a segment of his own; but that does not have its key.
            let why = format!("its key is {}, and its anchor's is {}", status.key, identity.key(id));
            (self.state, self.detail) = (SegmentState::Orphaned, Some(why));
        } else if let Some(why) = why_orphaned(&description, &identity, &mut known.directories) {
            (self.state, self.detail) = (SegmentState::Orphaned, Some(why));
        }
        self.description = Some(description);
        judged.map(|geometry| Some(Whole { identity, id, geometry }))
    }

    /// Why it can not be looked into.
    pub(super) fn refused(&self) -> InspectError {
        let Self { shmid, state, detail, owner, mode, .. } = self.clone();
        match state {
            SegmentState::Foreign => {
                InspectError::Foreign { shmid, why: "it has another size than any of them, or no header of theirs" }
            }
            SegmentState::Unreadable => {
                InspectError::AccessDenied { shmid, attempted: "read", owner, mode, uid: effective_uid() }
            }
            _ => InspectError::NotReady { shmid, state, detail },
        }
    }
}

fn half_made(creator_has_ended: bool) -> SegmentState {
    if creator_has_ended { SegmentState::Abandoned } else { SegmentState::Initializing }
}

/// Whether a process of this PID namespace has provably ended: there is none of this number, or it is another one.
fn has_ended_here(pid: u32, start: u64) -> bool {
    let is_another = || start != 0 && proc_is_ours() && ![0, start].contains(&start_time(pid));
    pid != 0 && (has_ended(pid) || is_another())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_have_names_that_differ() {
        use SegmentState::*;
        let all = [Ready, Initializing, Abandoned, Retired, Orphaned, OtherFormat, Damaged, Unreadable, Foreign];
        let names: std::collections::HashSet<_> = all.map(SegmentState::name).into();
        assert_eq!(names.len(), all.len());
        assert_eq!(format!("{:>6}|", Ready), " ready|");
    }

    #[test]
    fn process_has_ended_only_if_there_is_none_or_another_of_its_number() {
        let own = std::process::id();
        assert!(!has_ended_here(own, 0));
        assert!(!has_ended_here(own, start_time(own)));
        assert!(has_ended_here(own, start_time(own) + 1));
        assert!(!has_ended_here(0, 0), "nobody's number proves nothing");
        assert!(has_ended_here(i32::MAX as u32, 0));
    }
}
