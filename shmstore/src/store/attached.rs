//! An object that a process has attached, for writing or for reading only: its state and its participants.

mod owned_parts;

use std::collections::HashMap;
use std::time::SystemTime;

use crate::layout::schema::{OwnedSchema, Schema};
use crate::segment::classify::SegmentState;
use crate::segment::mirrored::Mirrored;
use crate::segment::participants::Occupant;
use crate::segment::this_process::registry::SegmentRef;
use crate::store::ObjectInfo;
use crate::store::open::Location;
use crate::sys::shm;
use owned_parts::{OwnedPart, owned_parts};

/// An attachment, and where it was found.
#[derive(Clone)]
pub(crate) struct AttachedObject {
    pub(super) attached: SegmentRef,
    pub(super) location: Location,
}

/// A process that has, or had, an object attached for writing.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Participant {
    /// The process, as its own PID namespace numbers it.
    pub pid: u32,
    /// The inode of that PID namespace; 0 if it was not known.
    pub pid_namespace: u32,
    /// When it attached, to the second.
    pub since: SystemTime,
    /// `true` if it has dropped its last handle since.
    pub left: bool,
    /// `false` only if the process has provably ended. A process of another PID namespace holds a lock on
    /// the anchor or its directory while it lives, and counts as alive if that lock cannot be checked.
    pub alive: bool,
    /// The number of fields of the longest struct with which it has attached the object, up to 1,023. Less than the
    /// object's type has if the process runs an older program. `None` if the type is no struct, or if the process did
    /// not say.
    pub fields: Option<u32>,
    /// The paths of the parts that it owns at this moment: `position`, `accounts[3].value`, or `.` for the object
    /// itself. The sides of a queue are `jobs (producers' side)` and `jobs (consumers' side)`. An item that it has
    /// taken is `jobs (item 17)`. The value of a key of a map is `quotes["EURUSD"]`. The map itself is `quotes` while a
    /// key is inserted or removed. A frame that it has pinned is `images (frame 17)`, and a slot that it fills is
    /// `images (slot 2)`.
    pub holding: Vec<String>,
}

/// Checks that a reference to a `T` stays within the segment.
///
/// # Panics
///
/// Panics if the object has no room for a `T`. The handshake has refused such an object.
pub(super) fn assert_fits<T>(attached: &SegmentRef) {
    assert!(size_of::<T>() <= attached.geometry().payload_len, "the handshake has compared the sizes");
}

impl AttachedObject {
    /// One load.
    pub(crate) fn is_removed(&self) -> bool {
        self.attached.says_removed()
    }

    /// One system call. `None` if the kernel refuses it, as for a segment that no longer exists.
    pub(crate) fn info(&self, schema: &'static Schema) -> Option<ObjectInfo> {
        let Self { attached, location } = self;
        let status = shm::status(attached.shmid()).ok()?;
        if status.removed {
            attached.note_removal();
        }
        let removed = attached.says_removed();
        let state = if removed { SegmentState::Removed } else { SegmentState::Ready };
        let creator = attached.header().creator();
        let mut info = ObjectInfo::from_status(location, &status, attached.key(), state);
        info.type_name = Some(schema.to_string());
        (info.created, info.creator_pid) = (Some(creator.created), Some(creator.pid));
        info.room = attached.geometry().room();
        info.mirrored = Mirrored::of_attached(attached);
        Some(info)
    }

    /// Some system calls for each process: see [`Shared::participants`](crate::Shared::participants).
    pub(crate) fn participants(&self, schema: &'static Schema) -> Vec<Participant> {
        participants(&self.attached, &schema.into())
    }
}

/// The processes of an object, and the parts that each one owns.
pub(crate) fn participants(object: &SegmentRef, schema: &OwnedSchema) -> Vec<Participant> {
    // A process that breaks the protocol may write one token into all slots and all locks. So each part is listed once.
    let mut owned: HashMap<u32, Vec<String>> = HashMap::new();
    for OwnedPart { path, token } in owned_parts(schema, object) {
        owned.entry(token).or_default().push(path);
    }
    let with_owned_parts = |occupant: Occupant| {
        let holding = owned.remove(&occupant.token).unwrap_or_default();
        Participant { holding, ..participant(&occupant) }
    };
    object.occupants().into_iter().map(with_owned_parts).collect()
}

/// The processes of an object, without the parts that they own. No part of the object is touched.
pub(crate) fn processes(object: &SegmentRef) -> Vec<Participant> {
    object.occupants().iter().map(participant).collect()
}

fn participant(occupant: &Occupant) -> Participant {
    let &Occupant { pid, pid_namespace, since, left, alive, fields, .. } = occupant;
    let fields = Some(fields.into()).filter(|fields| *fields != 0);
    Participant { pid, pid_namespace, since, left, alive, fields, holding: Vec::new() }
}
