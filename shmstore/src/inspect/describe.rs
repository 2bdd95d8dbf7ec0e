//! The description of a segment, which may have any content.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use nix::errno::Errno;

use super::orphan::{AnchorSeen, Directories, anchor_of};
use super::segment::{Description, Segment};
use crate::layout::schema::OwnedSchema;
use crate::segment::classify::SegmentState;
use crate::segment::classify::{Class, classify};
use crate::segment::header::{self, Damage, FORMAT_VERSION, Geometry, Header, JOURNAL_BIT, State};
use crate::segment::identity::Identity;
use crate::segment::mirrored::Mirrored;
use crate::segment::type_names::TypeNames;
use crate::sys::process::{has_ended, namespace, proc_is_ours, start_time};
use crate::sys::shm::{self, Access, Mapping, Status, Unread, Unreadable};

/// The facts that all segments of a listing share, found once.
#[derive(Default)]
pub(super) struct Known {
    names: TypeNames,
    directories: Directories,
}

impl Known {
    /// Forgets what may have changed since the last listing. Schemas are known by their bytes, and kept.
    pub(super) fn forget_directories(&mut self) {
        self.directories = Directories::default();
    }
}

/// The identity of a complete segment, as it says itself, and the offsets of its parts.
pub(super) struct Complete {
    pub(super) identity: Identity,
    pub(super) id: u8,
    pub(super) geometry: Geometry,
    pub(super) schema: Arc<OwnedSchema>,
}

impl Segment {
    /// Describes a segment by the kernel's status alone.
    pub(super) fn of_status(status: &Status) -> Self {
        Self {
            shmid: status.shmid,
            key: status.key,
            size: status.size as u64,
            owner: status.owner,
            creator: status.creator,
            creator_pid: status.creator_pid.unsigned_abs(),
            mode: status.mode,
            attached: status.attach_count,
            changed: UNIX_EPOCH + Duration::from_secs(status.changed.max(0).unsigned_abs()),
            state: SegmentState::Foreign,
            detail: None,
            description: None,
            owner_hash: None,
        }
    }

    /// Describes a segment by the kernel's status and its own header. Also returns the mapping that was read.
    pub(super) fn inspect(status: &Status, known: &mut Known) -> (Self, Option<Mapping>) {
        let mut segment = Self::of_status(status);
        if !header::is_tagged(status.size) {
            return (segment, None);
        }
        match shm::attach(status.shmid, Access::ReadOnly) {
            Ok((unread, status)) => {
                // Without the attachment by which it is read.
                segment.attached = status.attach_count.saturating_sub(1);
                let mapping = segment.read(unread);
                if let Some(mapping) = &mapping {
                    segment.describe(mapping, &status, known);
                }
                return (segment, mapping);
            }
            Err(Errno::EACCES) => segment.state = SegmentState::Unreadable,
            Err(Errno::EINVAL | Errno::EIDRM) => segment.state = SegmentState::Removed,
            Err(errno) => {
                segment.state = SegmentState::Unreadable;
                segment.detail = Some(shm::no_memory_to_attach(errno).unwrap_or(errno.desc()).into());
            }
        }
        (segment, None)
    }

    /// Makes an attached segment readable, or notes why it is not.
    pub(super) fn read(&mut self, unread: Unread) -> Option<Mapping> {
        let unreadable = match unread.readable() {
            Ok(mapping) => return Some(mapping),
            Err(unreadable) => unreadable,
        };
        if unreadable == Unreadable::Page {
            self.state = SegmentState::Unreadable;
        }
        self.detail = Some(unreadable.why().into());
        None
    }

    /// Classifies the segment, and adds what its header says. Returns the offsets of its parts if it is complete.
    pub(super) fn describe(&mut self, mapping: &Mapping, status: &Status, known: &mut Known) -> Option<Complete> {
        let header = Header::of(mapping)?;
        let class = classify(mapping, None);
        self.state = class.state(mapping);
        if self.state == SegmentState::Foreign {
            return None;
        }
        if class == Class::Unwritten {
            self.state = half_made(has_ended_here(self.creator_pid, 0));
            return None;
        }
        self.owner_hash = Some(header.owner_hash());
        self.describe_as(class, header, mapping, status, known).unwrap_or_else(|Damage { field, found }| {
            self.state = SegmentState::Damaged;
            self.detail = Some(format!("its {field} is {found}"));
            None
        })
    }

    fn describe_as(
        &mut self,
        class: Class,
        header: &Header,
        mapping: &Mapping,
        status: &Status,
        known: &mut Known,
    ) -> Result<Option<Complete>, Damage> {
        match class {
            Class::OtherFormat(format) => {
                self.detail = Some(format!("format {format}, of which this program reads {FORMAT_VERSION}"));
                return Ok(None);
            }
            Class::HalfMade => {
                self.state = self.half_made_state(header);
                let (identity, id) = match header.state()? {
                    State::Virgin => header.identity()?,
                    _ => header.claimed_identity()?,
                };
                self.description = Some(description(header, &identity, id));
                return Ok(None);
            }
            _ => {}
        }
        let (identity, id) = header.claimed_identity()?;
        let description = self.description.insert(description(header, &identity, id));
        if let Class::NewerFormat(flags) = class {
            self.detail = Some(format!("flags {flags:#06x}, which this program does not know: update this program"));
            return Ok(None);
        }
        let geometry = match class {
            Class::Damaged(damage) => return Err(damage),
            Class::Ready(geometry) => geometry,
            _ => header.geometry(mapping)?,
        };
        description.max_processes = geometry.slot_count;
        description.room = geometry.room();
        let anchor = description.anchor().unwrap_or(Path::new("")).into();
        description.mirrored = Mirrored::of(mapping, &geometry, status.shmid, &anchor);
        let stored = header::read_layout(mapping, &geometry)?;
        (description.layout_hash, description.object_size) = (stored.hash, stored.size as u64);
        let described = known.names.with_schema(stored);
        let (name, schema) =
            described.ok_or_else(|| Damage::new("schema", "not one, or another than its hash and size say"))?;
        description.type_name = Some(name);
        if status.removed {
            self.state = SegmentState::Removed;
        }
        if self.state == SegmentState::Ready {
            let made_from = header.provenance().vantage;
            let key = identity.key(id);
            let (state, detail) = if status.key == key {
                match anchor_of(description, &identity, &made_from, &mut known.directories) {
                    AnchorSeen::There | AnchorSeen::Unknown if header.is_journal() => (SegmentState::Journal, None),
                    AnchorSeen::There | AnchorSeen::Unknown => (SegmentState::Ready, None),
                    AnchorSeen::Gone(why) => (SegmentState::Orphaned, Some(why)),
                    AnchorSeen::Elsewhere(why) => (SegmentState::Elsewhere, Some(why.into())),
                }
            } else {
                // Any user can write the identity of another anchor into a segment, but cannot give it the key.
                let why = format!("its key is {}, and its anchor's is {key}", status.key);
                (SegmentState::Orphaned, Some(why))
            };
            (self.state, self.detail) = (state, detail);
        }
        Ok(Some(Complete { identity, id, geometry, schema }))
    }

    /// The state of a half-made segment, by its creator's process.
    fn half_made_state(&self, header: &Header) -> SegmentState {
        let by = header.provenance();
        let is_of_this_namespace = by.pid != 0 && by.pid_namespace == namespace("pid");
        // Start times count within one time namespace only.
        let start = if by.time_namespace == namespace("time") { by.start } else { 0 };
        let (pid, start) = if is_of_this_namespace { (by.pid, start) } else { (self.creator_pid, 0) };
        half_made(has_ended_here(pid, start))
    }
}

/// The part of a description that the header alone gives.
fn description(header: &Header, identity: &Identity, id: u8) -> Description {
    let (path, path_is_whole) = header.path();
    Description {
        format: header.version(),
        id: Some(id & !JOURNAL_BIT).filter(|id| (b' '..=b'~').contains(id)).map_or('?', char::from),
        path: PathBuf::from(OsString::from_vec(path)),
        path_is_whole,
        type_name: None,
        layout_hash: header.layout_hash(),
        creator: header.creator(),
        device: identity.dev,
        inode: identity.ino,
        object_size: 0,
        room: None,
        max_processes: 0,
        mirrored: None,
        nonce: header.nonce(),
        moved_nonces: header.is_journal().then(|| header.moved_nonces()),
    }
}

fn half_made(creator_has_ended: bool) -> SegmentState {
    if creator_has_ended { SegmentState::Abandoned } else { SegmentState::Initializing }
}

/// Returns `true` if a process of this PID namespace has provably ended: no process has the pid, or one that started at
/// another time. A pid of 0 or a start of 0 is unknown, and proves nothing.
fn has_ended_here(pid: u32, start: u64) -> bool {
    let is_another = || start != 0 && proc_is_ours() && ![0, start].contains(&start_time(pid));
    pid != 0 && (has_ended(pid) || is_another())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn process_has_ended_only_if_no_process_or_another_one_has_its_pid() {
        let own = std::process::id();
        assert!(!has_ended_here(own, 0));
        assert!(!has_ended_here(own, start_time(own)));
        assert!(has_ended_here(own, start_time(own) + 1));
        assert!(!has_ended_here(0, 0), "an unknown pid proves nothing");
        assert!(has_ended_here(i32::MAX as u32, 0));
    }
}
