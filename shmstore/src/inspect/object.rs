//! An object of any type, attached for reading only.

use std::fmt;
use std::path::Path;
use std::ptr::NonNull;
use std::sync::Arc;

use nix::errno::Errno;

use super::decode::Decoder;
use super::describe::{Complete, Known};
use super::limits::Limits;
use super::memory::{Live, Memory};
use super::segment::{Description, Segment};
use super::value::Value;
use super::{InspectError, SegmentState, segments};
use crate::layout::path::{FieldError, FieldPath};
use crate::layout::schema::OwnedSchema;
use crate::segment::header::{self, Geometry, Header};
use crate::segment::identity::Identity;
use crate::segment::mirrored::Mirrored;
use crate::segment::this_process::registry::{self, SegmentRef};
use crate::store::attached::{Participant, participants, processes};
use crate::sys::file;
use crate::sys::process::effective_uid;
use crate::sys::readable::ReadablePages;
use crate::sys::shm::{self, Access, Mapping, Status};

/// The attempts to attach an object that is removed and made again meanwhile.
const ATTEMPTS: u32 = 16;

/// An object of any type, attached for reading only. Its layout comes from the schema in its segment.
///
/// It takes no slot in the object's table of processes and writes nothing. An orphaned or removed object can be read,
/// too.
pub struct Object {
    segment: Segment,
    schema: Arc<OwnedSchema>,
    /// The word that published the schema, if the object has room.
    layout_word: u64,
    attached: SegmentRef,
}

impl Object {
    /// Attaches a segment of [`segments`].
    ///
    /// # Errors
    ///
    /// - [`InspectError::Foreign`] if it is not an object of shmstore.
    /// - [`InspectError::AccessDenied`] if this process has no permission to read it.
    /// - [`InspectError::Gone`] if it does not exist any more.
    /// - [`InspectError::Rewritten`] if its header names another object than when it was listed.
    /// - [`InspectError::NotReady`] if it is incomplete, damaged, or in a format that this program cannot read.
    /// - [`InspectError::System`] if a system call fails for another reason.
    pub fn attach(segment: &Segment) -> Result<Self, InspectError> {
        Self::map(segment)?.describe(segment, &mut Known::default())
    }

    /// Maps a segment, and reads nothing of it but that its first page is there.
    pub(super) fn map(listed: &Segment) -> Result<Mapped, InspectError> {
        let shmid = listed.shmid;
        let (unread, status) = shm::attach(shmid, Access::ReadOnly).map_err(|errno| match errno {
            Errno::EINVAL | Errno::EIDRM => InspectError::Gone { shmid },
            Errno::EACCES => {
                let Segment { owner, mode, .. } = *listed;
                InspectError::AccessDenied { shmid, attempted: "read", owner, mode, uid: effective_uid() }
            }
            errno => match shm::no_memory_to_attach(errno) {
                Some(why) => {
                    InspectError::NotReady { shmid, state: SegmentState::Unreadable, detail: Some(why.into()) }
                }
                None => {
                    let attempted = "attach (`shmat`, `shmctl(IPC_STAT)`)";
                    InspectError::System { attempted, shmid, cause: errno.into() }
                }
            },
        })?;
        let mut segment = Segment { attached: status.attach_count.saturating_sub(1), ..Segment::of_status(&status) };
        if !header::is_tagged(status.size) {
            return Err(segment.refused());
        }
        let mapping = segment.read(unread).ok_or_else(|| segment.refused())?;
        Ok(Mapped { segment, mapping, status })
    }

    /// Finds and attaches the object at a path. Without an id it has to be the only object there.
    ///
    /// It does not wait: an object that is being created is [`InspectError::NotReady`].
    ///
    /// # Errors
    ///
    /// - [`InspectError::NotFound`] if there is no object, or if there are several and no id was given.
    /// - The errors of [`segments`] and of [`attach`](Self::attach).
    pub fn find(path: &Path, id: Option<char>) -> Result<Self, InspectError> {
        let not_found = || InspectError::NotFound { path: path.into(), id };
        // If the object is removed before it is attached, another one may stand there already.
        for _ in 0..ATTEMPTS {
            let stat = file::stat_path(path).map_err(|_| not_found())?;
            let found = match id {
                Some(id) => of_id(stat.dev, stat.ino, id)?,
                None => {
                    let there =
                        |segment: &Segment| stands(segment, stat.dev, stat.ino) && segment.description.is_some();
                    let mut all = segments()?.into_iter().filter(there);
                    all.next().filter(|_| all.next().is_none())
                }
            };
            match Self::attach(&found.ok_or_else(not_found)?) {
                Err(InspectError::Gone { .. } | InspectError::Rewritten { .. }) => {}
                attached => return attached,
            }
        }
        Err(not_found())
    }

    /// Reads the object through an attachment for writing. It has this layout.
    pub(crate) fn through(attached: SegmentRef, schema: OwnedSchema) -> Result<Self, InspectError> {
        // No other segment has this number while this one is attached.
        let segment = Segment::of_shmid(attached.shmid())?;
        // `refresh` reads the layout again, because no layout has this word.
        Ok(Self { segment, schema: schema.into(), layout_word: 0, attached })
    }

    /// The first byte of the object.
    pub(crate) fn payload(&self) -> NonNull<u8> {
        self.attached.payload()
    }

    /// Returns the segment as it was when it was attached.
    #[must_use]
    pub fn segment(&self) -> &Segment {
        &self.segment
    }

    /// Returns the layout of its type, by the schema in the segment.
    #[must_use]
    pub fn schema(&self) -> &OwnedSchema {
        &self.schema
    }

    /// Reads the layout again. Returns `true` if the object has grown since it was attached or last read.
    ///
    /// A load and a comparison if it has not. The schema only becomes longer, so paths of fields stay valid.
    ///
    /// # Errors
    ///
    /// [`InspectError::NotReady`] if the layout is damaged. The old one is kept.
    pub fn refresh(&mut self) -> Result<bool, InspectError> {
        let (mapping, geometry) = (self.attached.mapping(), self.attached.geometry());
        if !geometry.has_room() || self.attached.header().layout_word() == self.layout_word {
            return Ok(false);
        }
        let word = self.attached.header().layout_word();
        let schema = read_schema(mapping, geometry).map_err(|why| InspectError::NotReady {
            shmid: self.segment.shmid,
            state: SegmentState::Damaged,
            detail: Some(why),
        })?;
        if let Some(description) = &mut self.segment.description {
            (description.layout_hash, description.object_size) = (schema.hash(), schema.size());
        }
        (self.schema, self.layout_word) = (schema.into(), word);
        Ok(true)
    }

    /// Returns `true` if the object was removed, so that a new attach gets another object or none.
    ///
    /// It takes one system call, or none if the header says that the object was removed.
    #[must_use]
    pub fn is_removed(&self) -> bool {
        self.attached.is_removed()
    }

    /// Returns `true` while the object is about to be migrated, replaced or removed. A program that only observes it
    /// detaches then, because another process may wait until no program has the object attached.
    ///
    /// One load, and no system call. The attempt may be given up, and then it returns `false` again.
    #[must_use]
    pub fn is_moving(&self) -> bool {
        self.attached.header().flags().has(header::MOVING)
    }

    /// Returns the random number that no other segment has. A new object at the same path has another one.
    #[must_use]
    pub fn nonce(&self) -> u64 {
        self.attached.nonce()
    }

    /// Returns the facts about a copy of another machine's object as they are now. `None` if it is none.
    ///
    /// Some system calls for a copy, and one load otherwise.
    #[must_use]
    pub fn mirrored(&self) -> Option<Mirrored> {
        Mirrored::of_attached(&self.attached)
    }

    /// Returns the processes that have the object attached for reading and writing, with the parts that each has
    /// locked.
    ///
    /// A process that left or died stays in the list until its slot is used again. Each process takes some system
    /// calls.
    #[must_use]
    pub fn participants(&self) -> Vec<Participant> {
        participants(&self.attached, &self.schema)
    }

    /// Returns the same processes without the parts that they have locked.
    ///
    /// It does not touch the parts of the object. For a large object that saves time, and memory for pages that are not
    /// written yet.
    #[must_use]
    pub fn processes(&self) -> Vec<Participant> {
        processes(&self.attached)
    }

    /// Decodes the whole object.
    ///
    /// Each part has its value of some moment during the call. The value of a `Versioned` is of one version.
    #[must_use]
    pub fn read(&self, limits: &Limits) -> Value {
        Decoder::new(Memory::Live(self.live(&self.pages())), limits).all(&self.schema)
    }

    /// Decodes the field at a path.
    ///
    /// # Errors
    ///
    /// [`FieldError`] if there is no such field.
    pub fn read_at(&self, path: &FieldPath, limits: &Limits) -> Result<Value, FieldError> {
        Decoder::new(Memory::Live(self.live(&self.pages())), limits).at(&self.schema, path)
    }

    pub(super) fn live<'a>(&'a self, pages: &'a ReadablePages<'a>) -> Live<'a> {
        Live::of(&self.attached, pages)
    }

    /// The pages for one call. They are not kept, because a page may become unreadable until the next call.
    pub(super) fn pages(&self) -> ReadablePages<'_> {
        ReadablePages::of(self.attached.mapping())
    }
}

/// A segment that is mapped, and not described yet.
pub(super) struct Mapped {
    /// What the kernel says of it.
    pub(super) segment: Segment,
    pub(super) mapping: Mapping,
    pub(super) status: Status,
}

impl Mapped {
    /// Describes the segment as if nothing was known of it but some schemas.
    pub(super) fn describe(self, listed: &Segment, known: &mut Known) -> Result<Object, InspectError> {
        let Self { mut segment, mapping, status } = self;
        // Before the schema: if the object grows in between, `refresh` reads the schema again.
        let layout_word = Header::of(&mapping).map_or(0, Header::layout_word);
        let complete = segment.describe(&mapping, &status, known);
        let complete = complete.ok_or_else(|| segment.refused())?;
        if listed.is_complete() && !segment.has_description_of(listed) {
            return Err(InspectError::Rewritten { shmid: segment.shmid });
        }
        // At the anchor are the liveness locks of processes of other PID namespaces.
        let anchor = segment.description.as_ref().and_then(Description::anchor).unwrap_or(Path::new(""));
        let anchor = anchor.into();
        Ok(Object::register(segment, mapping, complete, layout_word, &anchor))
    }
}

impl Object {
    /// Makes a mapping one of this process's attachments.
    pub(super) fn register(
        segment: Segment,
        mapping: Mapping,
        Complete { identity, id, geometry, schema }: Complete,
        layout_word: u64,
        anchor: &Arc<Path>,
    ) -> Self {
        let (shmid, key) = (segment.shmid, identity.key(id));
        let candidate = registry::Candidate { mapping, geometry, shmid, key, anchor, schema: None };
        Self { segment, schema, layout_word, attached: registry::register_to_read(candidate) }
    }

    /// Returns the parts that the object shares with the next attachment of it.
    pub(super) fn shared(&self) -> (&Arc<OwnedSchema>, u64, &SegmentRef) {
        (&self.schema, self.layout_word, &self.attached)
    }
}

/// The segment at the key of an anchor and an id. `None` if no object of this anchor stands there.
fn of_id(device: u64, inode: u64, id: char) -> Result<Option<Segment>, InspectError> {
    let Some(id) = u8::try_from(id).ok().filter(|id| (b' '..=b'~').contains(id)) else { return Ok(None) };
    let identity = Identity { dev: device, ino: inode, birth: None };
    let found = shm::find(identity.key(id)).map_err(|errno| {
        let attempted = "look (`shmget`) for";
        InspectError::System { attempted, shmid: -1, cause: errno.into() }
    })?;
    match found.map(Segment::of_shmid) {
        Some(Ok(segment)) => Ok(Some(segment).filter(|segment| stands(segment, device, inode))),
        Some(Err(InspectError::Gone { .. })) | None => Ok(None),
        Some(Err(error)) => Err(error),
    }
}

/// Returns `true` for a segment of an anchor that is neither foreign, nor left over.
fn stands(segment: &Segment, device: u64, inode: u64) -> bool {
    use SegmentState::{Foreign, Journal, Orphaned, Removed};
    !matches!(segment.state, Foreign | Removed | Orphaned | Journal) && segment.stands_at(device, inode)
}

/// Reads the newest schema, or says why it is damaged.
fn read_schema(mapping: &Mapping, geometry: &Geometry) -> Result<OwnedSchema, String> {
    let stored = header::read_layout(mapping, geometry).map_err(|damage| damage.found)?;
    let schema = OwnedSchema::from_json(stored.json).map_err(|error| error.to_string())?;
    // Another process may have written since it was classified.
    if schema.size() != stored.size as u64 {
        return Err("its schema changes while it is read".into());
    }
    Ok(schema)
}

impl fmt::Debug for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Object").field("segment", &self.segment).finish_non_exhaustive()
    }
}
