//! What is under a store, as far as it can be seen without knowing the types.

use std::collections::HashMap;
use std::fmt;
use std::path::PathBuf;
use std::time::SystemTime;

use super::open::{Inner, Store};
use crate::error::{AttachError, Creator, OpenError};
use crate::layout::key::Key;
use crate::layout::schema::OwnedSchema;
use crate::segment::anchor::system;
use crate::segment::header::{self, Header};
use crate::segment::identity::Identity;
use crate::store::{Condition, Found, Target, creator};
use crate::sys::shm::{self, Status};

/// What is known of one object, or of a segment that stands at an object's key.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ObjectInfo {
    /// The anchor.
    pub path: PathBuf,
    /// The name, if it stands under a [`named`](Store::named) store.
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
    /// What state it is in.
    pub state: ObjectState,
}

/// What state an object is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ObjectState {
    /// Whole, and in use.
    Ready,
    /// Its creator is at work, or has died: the next who needs it will find out.
    Initializing,
    /// Removed: it lives on for those who have it attached.
    Removed,
    /// Of an earlier file on the anchor's inode.
    Orphaned,
    /// Made by a shmstore with another segment format.
    OtherFormat,
    /// With features that this program does not know: a program with a newer shmstore uses it.
    NewerFormat,
    /// Its header or schema is not what a creator writes.
    Damaged,
    /// Not ours: a foreign segment, or another anchor's, stands at the key.
    Foreign,
    /// Made by a user who is not trusted: nothing of it is believed.
    Untrusted,
    /// We may not look into it, or the kernel cannot provide a page of it.
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

/// What is looked at once for all objects of a list.
#[derive(Default)]
struct Looked {
    /// The kernel's segments, by the low 24 bits of their keys.
    segments: HashMap<u32, Vec<Status>>,
    /// The schema that was read last, and the name of its type: most often the next object's, too.
    schema: (Vec<u8>, Option<String>),
}

impl Looked {
    /// The name of the type that a schema describes; `None` if it is not one.
    fn type_name(&mut self, json: Vec<u8>) -> Option<String> {
        if self.schema.0 != json {
            let name = OwnedSchema::from_json(&json).ok().map(|schema| schema.to_string());
            self.schema = (json, name);
        }
        self.schema.1.clone()
    }
}

impl Store {
    /// Lists the objects under this store: those of the anchor itself, then those of its names, each by id.
    ///
    /// Asks the kernel for all its segments once, and attaches those that stand at one of our keys for a moment.
    ///
    /// # Errors
    ///
    /// [`OpenError`] if the anchor, or the kernel's table, cannot be read.
    pub fn list(&self) -> Result<Vec<ObjectInfo>, OpenError> {
        let path = &self.inner.path;
        let mut looked = Looked::default();
        for status in
            shm::table().map_err(system("list (`shmctl(SHM_INFO)`, /proc/sysvipc/shm) the segments for", path))?
        {
            if !status.removed {
                looked.segments.entry(status.key.anchor_bits()).or_default().push(status);
            }
        }
        let mut objects = self.list_anchor(&mut looked)?;
        let names = if self.inner.anchor.stat.is_dir() { self.names()? } else { Vec::new() };
        for name in names {
            // Gone meanwhile, or not to be trusted: nothing is under it that we could speak of.
            let named = self.open_named(&name).and_then(|named| named.list_anchor(&mut looked));
            objects.extend(named.unwrap_or_default());
        }
        Ok(objects)
    }

    fn list_anchor(&self, looked: &mut Looked) -> Result<Vec<ObjectInfo>, OpenError> {
        let Inner { path, anchor, policy, .. } = &*self.inner;
        let identity = anchor.refresh(path, |owner| policy.trusts(owner))?.identity();
        let mut ours = looked.segments.remove(&identity.key(0).anchor_bits()).unwrap_or_default();
        ours.retain(|status| (b' '..=b'~').contains(&status.key.id_byte()));
        ours.sort_unstable_by_key(|status| status.key.id_byte());
        Ok(ours.iter().map(|status| self.describe(&identity, status, looked)).collect())
    }

    fn describe(&self, identity: &Identity, status: &Status, looked: &mut Looked) -> ObjectInfo {
        let mut info = self.kernel_info(status, status.key, ObjectState::Unreadable);
        let id = status.key.id_byte();
        let Inner { path, real_path, anchor, policy, .. } = &*self.inner;
        let target = Target { path, real_path, anchor, policy, id, schema: None };
        match target.find_to_read(identity) {
            Ok(Some(found)) => info.learn(&found, looked),
            // Removed while we looked.
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

    /// What the kernel tells. A segment that was removed has lost its key there: `key` is the one it had.
    pub(crate) fn kernel_info(&self, status: &Status, key: Key, state: ObjectState) -> ObjectInfo {
        ObjectInfo {
            path: self.inner.path.to_path_buf(),
            name: self.inner.name.clone(),
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
}

impl ObjectInfo {
    /// Takes in what a segment of our own tells of itself. Our own look at it is not counted as an attachment.
    fn learn(&mut self, found: &Found, looked: &mut Looked) {
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
        self.type_name = json.and_then(|json| looked.type_name(json));
        if self.type_name.is_none() {
            self.state = ObjectState::Damaged;
        }
    }
}
