//! The list of the objects under a store, whatever their types.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use super::open::{Inner, Location, Store};
use crate::error::{AttachError, Creator, OpenError};
use crate::layout::key::Key;
use crate::segment::anchor::system;
use crate::segment::classify::{Class, SegmentState};
use crate::segment::header::{self, Header};
use crate::segment::identity::Identity;
use crate::segment::mirrored::Mirrored;
use crate::segment::type_names::TypeNames;
use crate::store::{Found, Target};
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
    /// The size to which the object can grow, in bytes. `None` if it was made without room, or if that cannot be read.
    pub room: Option<u64>,
    /// The facts about a copy of another machine's object. `None` if it is none, or if that cannot be read.
    pub mirrored: Option<Mirrored>,
    /// The state it is in.
    pub state: SegmentState,
}

/// The facts that the objects of a list share, read once.
#[derive(Default)]
struct Snapshot {
    /// The kernel's segments, by the low 24 bits of their keys.
    segments: HashMap<u32, Vec<Status>>,
    names: TypeNames,
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
        let mut info = ObjectInfo::from_status(location, status, status.key, SegmentState::Unreadable);
        let id = status.key.id_byte();
        let target = Target { path: &location.path, real_path, anchor, policy, id, layout: None };
        match target.find_to_read(identity) {
            Ok(Some(found)) => info.learn(&found, &location.path, snapshot),
            // Removed since the list was read.
            Ok(None) => info.state = SegmentState::Removed,
            Err(AttachError::Foreign { .. } | AttachError::Collision { .. }) => info.state = SegmentState::Foreign,
            Err(AttachError::Untrusted { .. }) => info.state = SegmentState::Untrusted,
            Err(AttachError::StillInitializing { .. } | AttachError::Abandoned { .. }) => {
                info.state = SegmentState::Initializing;
            }
            Err(_) => {}
        }
        info
    }
}

impl ObjectInfo {
    /// The kernel's part of a description. In the kernel a segment that was removed has lost its key: `key` is the one
    /// it had.
    pub(super) fn from_status(location: &Location, status: &Status, key: Key, state: SegmentState) -> Self {
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
            room: None,
            mirrored: None,
            state,
        }
    }

    /// Adds what the segment's header and schema say. This process's attachment is not counted.
    fn learn(&mut self, found: &Found, anchor: &Arc<Path>, snapshot: &mut Snapshot) {
        self.attached = found.attached();
        self.state = found.class.state(&found.mapping);
        let (Class::Ready(geometry), Some(header)) = (&found.class, Header::of(&found.mapping)) else {
            return;
        };
        let Creator { pid, created, .. } = header.creator();
        (self.creator_pid, self.created) = (Some(pid), Some(created));
        self.room = geometry.room();
        self.mirrored = Mirrored::of(&found.mapping, geometry, found.status.shmid, anchor);
        let stored = header::read_layout(&found.mapping, geometry).ok();
        self.type_name = stored.and_then(|stored| snapshot.names.of(stored));
        if self.type_name.is_none() {
            self.state = SegmentState::Damaged;
        }
    }
}
