//! Listings and attachments that are made again and again.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;

use super::describe::{Complete, Known};
use super::object::{Mapped, Object};
use super::segment::{Description, Segment, listed};
use super::{InspectError, SegmentState};
use crate::layout::schema::OwnedSchema;
use crate::segment::classify::{Class, classify};
use crate::segment::header::Header;
use crate::segment::identity::Identity;
use crate::segment::mirrored::Mirrored;

/// Lists segments and attaches objects again and again, and reads each schema only once.
///
/// Most of the time of [`Object::attach`] goes into the schema, which is JSON, and into the search for the anchor. A
/// program that looks at many objects every second keeps an `Attacher` and detaches each object after the look, because
/// an attached object cannot be replaced, and is removed only after it is detached.
///
/// # Details
///
/// - An attached object has the state of the listed segment, or [`SegmentState::Removed`]. List the segments again to
///   learn that an object has lost its anchor.
/// - An object is known by its nonce and the word that publishes its schema. So an object that has grown, or another
///   object with the same number, gets its own schema.
/// - The schemas of objects whose header, schema and table of processes have at most 64 MiB together are kept.
///
/// ```
/// use shmstore::inspect::{Attacher, Limits, SegmentState};
/// use shmstore::{ShmObject, Store, Versioned};
///
/// #[derive(ShmObject)]
/// #[repr(C)]
/// #[shm(id = 'D')]
/// struct Door { angle: Versioned<f64> }
///
/// # let dir = tempfile::tempdir()?;
/// let store = Store::open(dir.path())?;
/// let door = store.create::<Door>()?;
/// let path = dir.path().canonicalize()?;
/// let mut attacher = Attacher::new();
/// for angle in [0.5, 1.5] {
///     door.angle.store(angle);
///     for segment in attacher.segments()?.iter().filter(|segment| segment.path() == Some(&path)) {
///         assert_eq!(segment.state, SegmentState::Ready);
///         let object = attacher.attach(segment)?;
///         assert_eq!(object.read(&Limits::default()).field("angle").and_then(|angle| angle.as_f64()), Some(angle));
///     }
/// }
/// # store.remove::<Door>()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Default)]
pub struct Attacher {
    known: Known,
    /// The objects that were attached, by the numbers of their segments.
    kept: HashMap<i32, Kept>,
    /// The bytes of the kept objects before their payloads.
    bytes: usize,
}

/// What is kept of an object.
struct Kept {
    nonce: u64,
    layout_word: u64,
    payload_len: usize,
    identity: Identity,
    id: u8,
    description: Description,
    owner_hash: Option<u32>,
    schema: Arc<OwnedSchema>,
    anchor: Arc<Path>,
}

impl Kept {
    /// Returns the facts about a mapped segment if it is the same object with the same schema.
    fn of_same(&self, mapped: &Mapped, listed: &Segment) -> Option<(Segment, Complete)> {
        let Mapped { segment, mapping, status } = mapped;
        let Class::Ready(geometry) = classify(mapping, None) else { return None };
        let header = Header::of(mapping)?;
        let is_same = (header.nonce(), header.layout_word(), geometry.payload_len)
            == (self.nonce, self.layout_word, self.payload_len)
            && header.claimed_identity().ok() == Some((self.identity, self.id))
            && (status.removed || status.key == self.identity.key(self.id))
            && listed.description.as_ref().is_some_and(|of| of.nonce == self.nonce);
        if !is_same || !listed.state.is_usable() {
            return None;
        }
        let mut description = self.description.clone();
        description.mirrored = Mirrored::of(mapping, &geometry, status.shmid, &self.anchor);
        let state = if status.removed { SegmentState::Removed } else { listed.state };
        let segment = Segment {
            state,
            detail: listed.detail.clone(),
            description: Some(description),
            owner_hash: self.owner_hash,
            ..segment.clone()
        };
        let (identity, id, schema) = (self.identity, self.id, self.schema.clone());
        Some((segment, Complete { identity, id, geometry, schema }))
    }
}

impl Attacher {
    /// Returns an attacher that knows no object yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Lists all segments of this IPC namespace, as [`segments`](super::segments) does.
    ///
    /// # Errors
    ///
    /// As [`segments`](super::segments).
    pub fn segments(&mut self) -> Result<Vec<Segment>, InspectError> {
        self.known.forget_directories();
        let listed = listed(&mut self.known)?;
        let there: HashSet<i32> = listed.iter().map(|segment| segment.shmid).collect();
        self.kept.retain(|shmid, _| there.contains(shmid));
        Ok(listed)
    }

    /// Attaches a segment for reading only, as [`Object::attach`] does.
    ///
    /// # Errors
    ///
    /// As [`Object::attach`].
    pub fn attach(&mut self, segment: &Segment) -> Result<Object, InspectError> {
        let mapped = Object::map(segment)?;
        if let Some(kept) = self.kept.get(&segment.shmid) {
            if let Some((found, complete)) = kept.of_same(&mapped, segment) {
                return Ok(Object::register(found, mapped.mapping, complete, kept.layout_word, &kept.anchor));
            }
        }
        self.known.forget_directories();
        let object = mapped.describe(segment, &mut self.known)?;
        self.keep(&object);
        Ok(object)
    }

    fn keep(&mut self, object: &Object) {
        const MOST: usize = 64 << 20;
        let segment = object.segment();
        let (schema, layout_word, attached) = object.shared();
        let geometry = attached.geometry();
        let (Some(description), Ok((identity, id))) = (&segment.description, attached.header().claimed_identity())
        else {
            return;
        };
        self.bytes = self.bytes.saturating_add(geometry.payload_offset);
        if self.bytes > MOST {
            self.kept.clear();
            self.bytes = geometry.payload_offset;
        }
        let kept = Kept {
            nonce: description.nonce,
            layout_word,
            payload_len: geometry.payload_len,
            identity,
            id,
            description: description.clone(),
            owner_hash: segment.owner_hash,
            schema: schema.clone(),
            anchor: description.anchor().unwrap_or(Path::new("")).into(),
        };
        self.kept.insert(segment.shmid, kept);
    }
}

impl std::fmt::Debug for Attacher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Attacher").finish_non_exhaustive()
    }
}
