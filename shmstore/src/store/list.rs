//! The list of the objects under a store, whatever their types.

use std::collections::HashMap;
use std::fmt;
use std::path::PathBuf;
use std::time::SystemTime;

use super::open::{Inner, Location, Store};
use crate::error::{AttachError, Creator, OpenError};
use crate::layout::key::Key;
use crate::layout::schema::OwnedSchema;
use crate::segment::anchor::system;
use crate::segment::header::{self, Header};
use crate::segment::identity::Identity;
use crate::store::{Condition, Found, Target, creator};
use crate::sys::shm::{self, Status};

/// A description of one object, or of a segment that has an object's key.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ObjectInfo {
    /// The anchor.
    pub path: PathBuf,
    /// The name, if the object is in a [named](Store::open_or_create_named) store.
    pub name: Option<String>,
    /// The name of its type, from the schema in the segment; `None` if that cannot be read.
    pub type_name: Option<String>,
    /// The type-id-char.
    pub id: char,
    /// The key.
    pub key: Key,
    /// The kernel's number of the segment, as `ipcs -m` shows it.
    pub shmid: i32,
    /// The size of the segment, in bytes: header, schema, participants and object.
    pub size: usize,
    /// The user it belongs to.
    pub owner: u32,
    /// Its permission bits.
    pub mode: u32,
    /// How many times it is attached, in all processes.
    pub attached: u64,
    /// When it was created, as its header says; `None` if that cannot be read.
    pub created: Option<SystemTime>,
    /// The process that created it, as its own PID namespace numbers it; `None` if that cannot be read.
    pub creator_pid: Option<u32>,
    /// The state it is in.
    pub state: ObjectState,
}

/// The state of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ObjectState {
    /// Complete, and in use.
    Ready,
    /// Its creator is at work, or has died. The next process that attaches or creates it will find out.
    Initializing,
    /// Removed. Processes that have it attached keep it.
    Removed,
    /// Of an earlier file on the anchor's inode.
    Orphaned,
    /// Made by a shmstore with another segment format.
    OtherFormat,
    /// With features that this program does not know, because a program with a newer shmstore uses it.
    NewerFormat,
    /// Damaged: its header or schema is not what a creator writes.
    Damaged,
    /// A segment that no shmstore made, or an object of another anchor, has the key.
    Foreign,
    /// Made by a user that is not trusted. Nothing in it was read.
    Untrusted,
    /// This process may not read it, or the kernel cannot provide a page of it.
    Unreadable,
}

impl fmt::Display for ObjectState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Ready => "ready",
            Self::Initializing => "initializing",
            Self::Removed => "removed",
            Self::Orphaned => "orphaned",
            Self::OtherFormat => "other format",
            Self::NewerFormat => "newer format",
            Self::Damaged => "damaged",
            Self::Foreign => "foreign",
            Self::Untrusted => "untrusted",
            Self::Unreadable => "unreadable",
        })
    }
}

/// What the objects of a list have in common, read once.
#[derive(Default)]
struct Snapshot {
    /// The kernel's segments, by the low 24 bits of their keys.
    segments: HashMap<u32, Vec<Status>>,
    /// The schema that was read last, and the name of its type. Most often the next object has the same one.
    schema: (Vec<u8>, Option<String>),
}

impl Snapshot {
    /// The name of the type that a schema describes; `None` if it is not a schema.
    fn type_name(&mut self, json: Vec<u8>) -> Option<String> {
        if self.schema.0 != json {
            let name = OwnedSchema::from_json(&json).ok().map(|schema| schema.to_string());
            self.schema = (json, name);
        }
        self.schema.1.clone()
    }
}

impl Store {
    /// Lists the objects under this store: the objects of the anchor first, then the objects of each name, ordered by
    /// id.
    ///
    /// Asks the kernel once for all its segments, and attaches each one that has a key of this store for a moment.
    ///
    /// # Errors
    ///
    /// [`OpenError`] if the anchor, or the kernel's table, cannot be read.
    pub fn list(&self) -> Result<Vec<ObjectInfo>, OpenError> {
        let path = &self.inner.location.path;
        let mut snapshot = Snapshot::default();
        for status in
            shm::table().map_err(system("list (`shmctl(SHM_INFO)`, /proc/sysvipc/shm) the segments for", path))?
        {
            if !status.removed {
                snapshot.segments.entry(status.key.anchor_bits()).or_default().push(status);
            }
        }
        let mut objects = self.list_anchor(&mut snapshot)?;
        let names = if self.inner.anchor.stat.is_dir() { self.names()? } else { Vec::new() };
        for name in names {
            // A name that was removed meanwhile, or is not trusted, has nothing to list.
            let named = self.open_named(&name).and_then(|named| named.list_anchor(&mut snapshot));
            objects.extend(named.unwrap_or_default());
        }
        Ok(objects)
    }

    fn list_anchor(&self, snapshot: &mut Snapshot) -> Result<Vec<ObjectInfo>, OpenError> {
        let Inner { location, anchor, policy, .. } = &*self.inner;
        let identity = anchor.refresh(&location.path, |owner| policy.trusts(owner))?.identity();
        let mut ours = snapshot.segments.remove(&identity.key(0).anchor_bits()).unwrap_or_default();
        ours.retain(|status| (b' '..=b'~').contains(&status.key.id_byte()));
        ours.sort_unstable_by_key(|status| status.key.id_byte());
        Ok(ours.iter().map(|status| self.describe(&identity, status, snapshot)).collect())
    }

    fn describe(&self, identity: &Identity, status: &Status, snapshot: &mut Snapshot) -> ObjectInfo {
        let Inner { location, real_path, anchor, policy, .. } = &*self.inner;
        let mut info = ObjectInfo::from_status(location, status, status.key, ObjectState::Unreadable);
        let id = status.key.id_byte();
        let target = Target { path: &location.path, real_path, anchor, policy, id, schema: None };
        match target.find_to_read(identity) {
            Ok(Some(found)) => info.learn(&found, snapshot),
            // Removed since the list was read.
            Ok(None) => info.state = ObjectState::Removed,
            Err(AttachError::Foreign { .. } | AttachError::Collision { .. }) => info.state = ObjectState::Foreign,
            Err(AttachError::Untrusted { .. }) => info.state = ObjectState::Untrusted,
            Err(AttachError::StillInitializing { .. } | AttachError::Abandoned { .. }) => {
                info.state = ObjectState::Initializing;
            }
            Err(_) => {}
        }
        info
    }
}

impl ObjectInfo {
    /// The kernel's part of a description. In the kernel a segment that was removed has lost its key: `key` is the one
    /// it had.
    pub(super) fn from_status(location: &Location, status: &Status, key: Key, state: ObjectState) -> Self {
        Self {
            path: location.path.to_path_buf(),
            name: location.name.as_deref().map(str::to_owned),
            type_name: None,
            id: char::from(key.id_byte()),
            key,
            shmid: status.shmid,
            size: status.size,
            owner: status.owner,
            mode: status.mode,
            attached: status.attach_count,
            created: None,
            creator_pid: None,
            state,
        }
    }

    /// Adds what the segment's header and schema say. This process's attachment is not counted.
    fn learn(&mut self, found: &Found, snapshot: &mut Snapshot) {
        self.attached = found.attached();
        self.state = match &found.condition {
            Condition::Ready(_) => ObjectState::Ready,
            Condition::Virgin | Condition::HalfMade => ObjectState::Initializing,
            Condition::Removed => ObjectState::Removed,
            Condition::Orphan => ObjectState::Orphaned,
            Condition::OtherFormat(_) => ObjectState::OtherFormat,
            Condition::NewerFormat(_) => ObjectState::NewerFormat,
            Condition::Damaged(_) => ObjectState::Damaged,
        };
        let (Condition::Ready(geometry), Some(header)) = (&found.condition, Header::of(&found.mapping)) else {
            return;
        };
        let Creator { pid, created, .. } = creator(header);
        (self.creator_pid, self.created) = (Some(pid), Some(created));
        let json = header::read_schema(&found.mapping, geometry).ok();
        self.type_name = json.and_then(|json| snapshot.type_name(json));
        if self.type_name.is_none() {
            self.state = ObjectState::Damaged;
        }
    }
}
