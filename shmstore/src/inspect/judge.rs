//! What a segment is, judged by what it says of itself, which may be anything.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;
use std::time::{Duration, UNIX_EPOCH};

use nix::errno::Errno;

use super::orphan::{AnchorSeen, Directories, anchor_of};
use super::segment::{Description, Segment, SegmentState};
use super::type_names::TypeNames;
use crate::segment::header::{self, FORMAT_VERSION, Geometry, Header, State};
use crate::segment::identity::Identity;
use crate::store::creator;
use crate::sys::process::{has_ended, namespace, proc_is_ours, start_time};
use crate::sys::shm::{self, Access, Mapping, Status, Unread, Unreadable};

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
            attached: status.attach_count,
            changed: UNIX_EPOCH + Duration::from_secs(status.changed.max(0).unsigned_abs()),
            state: SegmentState::Foreign,
            detail: None,
            description: None,
            owner_hash: None,
        }
    }

    /// What the kernel tells, and what it says of itself; and what it was looked at by.
    pub(super) fn look(status: &Status, known: &mut Known) -> (Self, Option<Mapping>) {
        let mut segment = Self::of_status(status);
        if !header::is_tagged(status.size) {
            return (segment, None);
        }
        match shm::attach(status.shmid, Access::ReadOnly) {
            Ok((unread, status)) => {
                // Without this look at it.
                segment.attached = status.attach_count.saturating_sub(1);
                let mapping = segment.read(unread);
                if let Some(mapping) = &mapping {
                    segment.judge(mapping, &status, known);
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

    /// Makes what was attached readable; or notes why it cannot be.
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
        let unknown = header.unknown_flags();
        let is_newer = state == State::Ready && unknown != 0;
        if is_newer {
            self.state = SegmentState::NewerFormat;
            self.detail = Some(format!("flags {unknown:#06x}, which this program does not know: update this program"));
        }
        if is_half_made || is_newer {
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
        if state == State::Removed || status.removed {
            self.state = SegmentState::Removed;
        } else if status.key != identity.key(id) {
            // Anybody may write the identity of another's anchor into a segment of his own; but that does not have its key.
            let why = format!("its key is {}, and its anchor's is {}", status.key, identity.key(id));
            (self.state, self.detail) = (SegmentState::Orphaned, Some(why));
        } else {
            let made_from = header.provenance().vantage;
            match anchor_of(&description, &identity, &made_from, &mut known.directories) {
                AnchorSeen::There | AnchorSeen::Unknown => {}
                AnchorSeen::Gone(why) => (self.state, self.detail) = (SegmentState::Orphaned, Some(why)),
                AnchorSeen::Elsewhere(why) => (self.state, self.detail) = (SegmentState::Elsewhere, Some(why.into())),
            }
        }
        self.description = Some(description);
        judged.map(|geometry| Some(Whole { identity, id, geometry }))
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
    fn process_has_ended_only_if_there_is_none_or_another_of_its_number() {
        let own = std::process::id();
        assert!(!has_ended_here(own, 0));
        assert!(!has_ended_here(own, start_time(own)));
        assert!(has_ended_here(own, start_time(own) + 1));
        assert!(!has_ended_here(0, 0), "nobody's number proves nothing");
        assert!(has_ended_here(i32::MAX as u32, 0));
    }
}
