//! What can be asked of an object that a process has attached, for writing or for reading only.

mod holding;

use std::collections::HashMap;
use std::time::SystemTime;

use crate::layout::schema::{OwnedSchema, Schema};
use crate::segment::participants::Occupant;
use crate::segment::process::registry::SegmentRef;
use crate::store::creator;
use crate::store::{ObjectInfo, ObjectState, Store};
use crate::sys::shm;
use holding::{HeldPart, held_parts};

/// An attachment, and the store it was made by.
#[derive(Clone)]
pub(crate) struct AttachedObject {
    pub(crate) attached: SegmentRef,
    pub(crate) store: Store,
}

/// A process that has, or had, an object attached for reading and writing.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Participant {
    /// The process, as its own PID namespace numbers it.
    pub pid: u32,
    /// The inode of that PID namespace; 0 if it was not known.
    pub pid_namespace: u32,
    /// When it attached, to the second.
    pub since: SystemTime,
    /// Whether it has dropped its last handle since.
    pub left: bool,
    /// Whether it is alive: false only if it has provably ended. For processes of other PID namespaces that rests on a
    /// lock of theirs on the anchor or its directory; where it cannot be asked, they are alive.
    pub alive: bool,
    /// The parts whose locks it holds at this moment, by their paths in the object: `position`, `accounts[3].value`; `.`
    /// for the object itself.
    pub holding: Vec<String>,
}

impl AttachedObject {
    /// One load.
    pub(crate) fn is_removed(&self) -> bool {
        self.attached.header().says_removed()
    }

    /// One system call. `None` if the kernel does not let us ask any more.
    pub(crate) fn info(&self, schema: &'static Schema) -> Option<ObjectInfo> {
        let Self { attached, store } = self;
        let status = shm::status(attached.shmid()).ok()?;
        let removed = status.removed || attached.header().says_removed();
        let state = if removed { ObjectState::Removed } else { ObjectState::Ready };
        let creator = creator(attached.header());
        let mut info = store.kernel_info(&status, attached.key(), state);
        info.type_name = Some(schema.to_string());
        (info.created, info.creator_pid) = (Some(creator.created), Some(creator.pid));
        Some(info)
    }

    /// Some system calls for each process: see [`Shared::participants`](crate::Shared::participants).
    pub(crate) fn participants(&self, schema: &'static Schema) -> Vec<Participant> {
        participants(&self.attached, &schema.into())
    }
}

/// The processes of an object, and the parts that each holds.
pub(crate) fn participants(object: &SegmentRef, schema: &OwnedSchema) -> Vec<Participant> {
    // Each part is told of once, however many slots have its holder's token: a peer that breaks the protocol may have
    // written the same one into all slots and all locks.
    let mut held: HashMap<u32, Vec<String>> = HashMap::new();
    for HeldPart { path, token } in held_parts(schema, object) {
        held.entry(token).or_default().push(path);
    }
    let held_by = |occupant: Occupant| {
        let holding = held.remove(&occupant.token).unwrap_or_default();
        Participant { holding, ..participant(&occupant) }
    };
    object.occupants().into_iter().map(held_by).collect()
}

/// The processes of an object, without what each holds: no part of the object is touched.
pub(crate) fn processes(object: &SegmentRef) -> Vec<Participant> {
    object.occupants().iter().map(participant).collect()
}

fn participant(occupant: &Occupant) -> Participant {
    let &Occupant { pid, pid_namespace, since, left, alive, .. } = occupant;
    Participant { pid, pid_namespace, since, left, alive, holding: Vec::new() }
}
