//! One object, attached for reading only, whatever its type.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use nix::errno::Errno;

use super::decode::{Decoder, Limits};
use super::judge::{Known, Whole};
use super::memory::{Live, Memory};
use super::segment::{Description, Segment};
use super::value::Value;
use super::{InspectError, SegmentState, segments};
use crate::layout::path::{FieldError, FieldPath};
use crate::layout::schema::OwnedSchema;
use crate::segment::header;
use crate::segment::process::registry::{self, SegmentRef};
use crate::store::attached::{Participant, participants, processes};
use crate::sys::file;
use crate::sys::process::effective_uid;
use crate::sys::readable::ReadablePages;
use crate::sys::shm::{self, Access};

/// An object that is attached for reading only, known by the schema in its segment.
///
/// It takes no place in the object's table of processes, and writes nothing. An orphan or a removed object can be read, too.
pub struct Object {
    segment: Segment,
    schema: OwnedSchema,
    attached: SegmentRef,
}

impl Object {
    /// Attaches a segment of [`segments`].
    ///
    /// # Errors
    ///
    /// [`InspectError`] if it is none of shmstore's, may not be read, is gone, is not whole, or says other than when it was listed
    /// which object it is.
    pub fn attach(segment: &Segment) -> Result<Self, InspectError> {
        let shmid = segment.shmid;
        let (unread, status) = shm::attach(shmid, Access::ReadOnly).map_err(|errno| match errno {
            Errno::EINVAL | Errno::EIDRM => InspectError::Gone { shmid },
            Errno::EACCES => {
                let Segment { owner, mode, .. } = *segment;
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
        let listed = segment;
        let mut segment = Segment { attached: status.attach_count.saturating_sub(1), ..Segment::of_status(&status) };
        if !header::is_tagged(status.size) {
            return Err(segment.refused());
        }
        let mapping = segment.read(unread).ok_or_else(|| segment.refused())?;
        let whole = segment.judge(&mapping, &status, &mut Known::default());
        let Whole { identity, id, geometry } = whole.ok_or_else(|| segment.refused())?;
        if listed.is_whole() && !segment.says_the_same(listed) {
            return Err(InspectError::Rewritten { shmid });
        }
        let damaged = |why: String| InspectError::NotReady { shmid, state: SegmentState::Damaged, detail: Some(why) };
        let json = header::read_schema(&mapping, &geometry).map_err(|damage| damaged(damage.found))?;
        let schema = OwnedSchema::from_json(json).map_err(|error| damaged(error.to_string()))?;
        // Others may have written since it was judged.
        if schema.size() != geometry.payload_len as u64 {
            return Err(damaged("its schema changes while it is read".into()));
        }
        // Where the lock bytes of processes of other PID namespaces are asked for.
        let anchor = segment.description.as_ref().and_then(Description::anchor).unwrap_or(Path::new(""));
        let anchor: Arc<Path> = anchor.into();
        let key = identity.key(id);
        let attached = registry::register_to_read(registry::Candidate {
            mapping,
            geometry,
            shmid,
            key,
            anchor: &anchor,
            schema: None,
        });
        Ok(Self { segment, schema, attached })
    }

    /// Finds the object at a path: the one with that id, or the only one there.
    ///
    /// # Errors
    ///
    /// [`InspectError::NotFound`] if there is none, or more than one and no id was given; and as [`attach`](Self::attach).
    pub fn find(path: &Path, id: Option<char>) -> Result<Self, InspectError> {
        let not_found = || InspectError::NotFound { path: path.into(), id };
        let stat = file::stat_path(path).map_err(|_| not_found())?;
        let is_meant = |segment: &Segment| {
            let is_left = matches!(segment.state, SegmentState::Removed | SegmentState::Orphaned);
            let of = segment.description.as_ref().filter(|_| !is_left);
            of.is_some_and(|of| id.is_none_or(|id| id == of.id)) && segment.stands_at(stat.dev, stat.ino)
        };
        let there: Vec<Segment> = segments()?.into_iter().filter(is_meant).collect();
        match there.as_slice() {
            [one] => Self::attach(one),
            _ => Err(not_found()),
        }
    }

    /// The segment, as it was when it was attached.
    #[must_use]
    pub fn segment(&self) -> &Segment {
        &self.segment
    }

    /// The layout of its type, as the segment says.
    #[must_use]
    pub fn schema(&self) -> &OwnedSchema {
        &self.schema
    }

    /// Whether it was removed since: who attaches anew gets another one, or none. One system call, unless the object says so itself.
    #[must_use]
    pub fn is_removed(&self) -> bool {
        self.attached.is_removed()
    }

    /// The processes that have it, or had it, attached for reading and writing, and what each holds. Some system calls for each.
    #[must_use]
    pub fn participants(&self) -> Vec<Participant> {
        participants(&self.attached, &self.schema)
    }

    /// The same processes, but not what each holds: no part of the object is touched, which for a large one takes time, and memory for
    /// pages that nobody has written yet.
    #[must_use]
    pub fn processes(&self) -> Vec<Participant> {
        processes(&self.attached)
    }

    /// Decodes all of it, each part as it is at some moment during the call. A `Versioned` is whole.
    #[must_use]
    pub fn read(&self, limits: &Limits) -> Value {
        Decoder::new(Memory::Live(self.live(&self.pages())), limits).all(&self.schema)
    }

    /// Decodes one part of it.
    ///
    /// # Errors
    ///
    /// [`FieldError`] if there is no such part.
    pub fn read_at(&self, path: &FieldPath, limits: &Limits) -> Result<Value, FieldError> {
        Decoder::new(Memory::Live(self.live(&self.pages())), limits).at(&self.schema, path)
    }

    pub(super) fn live<'a>(&'a self, pages: &'a ReadablePages<'a>) -> Live<'a> {
        Live::of(&self.attached, pages)
    }

    /// The pages that are asked for during one call: in one that is later, each may have become unreadable.
    pub(super) fn pages(&self) -> ReadablePages<'_> {
        ReadablePages::of(self.attached.mapping())
    }
}

impl fmt::Debug for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Object").field("segment", &self.segment).finish_non_exhaustive()
    }
}
