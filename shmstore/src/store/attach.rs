//! Finding the segment of an object, and judging what it is.

use std::time::Duration;

use nix::errno::Errno;

use super::ownership::{Handed, is_unowned, owner};
use super::{Patience, Target};
use crate::error::{AnchorClaim, AttachError, Creator, moment};
use crate::layout::schema::Schema;
use crate::segment::header::{self, Damage, FORMAT_VERSION, FirstWord, Geometry, Header, State};
use crate::segment::identity::Identity;
use crate::segment::participants::ClaimError;
use crate::segment::process::registry::{self, Candidate, SegmentRef};
use crate::sys::process::effective_uid;
use crate::sys::shm::{self, Access, Mapping, Status, Unreadable};

/// What shows that a segment is no object's.
const OTHER_SIZE: &str = "no object has its size";
const OTHER_DATA: &str = "its first bytes are not an object's";

/// What is attempted by `shm::attach`, in an error.
pub(super) const ATTACH: &str = "attach (`shmat`, `shmctl(IPC_STAT)`)";

/// A segment of our own that was found at the key, attached to be judged.
pub(crate) struct Found {
    pub(crate) mapping: Mapping,
    pub(crate) status: Status,
    pub(crate) condition: Condition,
}

impl Found {
    /// How many times it is attached, but for this look at it.
    pub(crate) fn attached(&self) -> u64 {
        self.status.attach_count.saturating_sub(1)
    }
}

/// What state a segment of our own is in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Condition {
    /// All zero: its creator has got no further, or is dead.
    Virgin,
    /// Not ready: its creator is at work, or is dead.
    HalfMade,
    /// Whole, and of this anchor.
    Ready(Geometry),
    /// Removed, and yet it still has its key.
    Removed,
    /// Whole, and of an earlier file on the anchor's inode.
    Orphan,
    /// Made by a shmstore with another segment format.
    OtherFormat(u32),
    /// Whole, but with flags of features that this program does not know.
    NewerFormat(u32),
    /// Something in the header is not what a creator writes.
    Damaged(Damage),
}

impl Condition {
    /// Tells whether only the dead can have left it so, once the anchor's lock is ours.
    pub(super) fn is_left_over(&self) -> bool {
        matches!(self, Self::Virgin | Self::HalfMade | Self::Removed | Self::Orphan)
    }
}

impl Target<'_> {
    /// Looks for the object's segment. Errors for what is not ours to judge: foreign, colliding, untrusted, damaged.
    pub(crate) fn find(&self, identity: &Identity, patience: &mut Patience) -> Result<Option<Found>, AttachError> {
        self.find_for(Access::ReadWrite, identity, patience)
    }

    /// Likewise, for somebody who only wants to look at it.
    pub(crate) fn find_to_read(&self, identity: &Identity) -> Result<Option<Found>, AttachError> {
        self.find_for(Access::ReadOnly, identity, &mut Patience::new(Duration::ZERO))
    }

    /// Likewise, attached as the caller says.
    pub(super) fn find_for(
        &self,
        access: Access,
        identity: &Identity,
        patience: &mut Patience,
    ) -> Result<Option<Found>, AttachError> {
        // Whatever changes between two of the calls is looked at again: once at once, then for as long as the patience lasts.
        let mut is_again = false;
        loop {
            let shmid = shm::find(identity.key(self.id));
            let Some(shmid) = shmid.map_err(|errno| self.system("look (`shmget`) for", identity, errno))? else {
                return Ok(None);
            };
            match self.look(access, identity, shmid) {
                Ok(Some(found)) => return Ok(Some(found)),
                Ok(None) => {}
                Err(AttachError::AccessDenied { segment, .. }) if is_unowned(&segment) => {
                    if self.wait_for_handover(identity, segment, patience)? == Handed::Paused {
                        continue;
                    }
                }
                Err(error) => return Err(error),
            }
            if std::mem::replace(&mut is_again, true) && !patience.pause() {
                return Ok(None);
            }
        }
    }

    /// Attaches and judges a segment. It is not mapped before the kernel has told that it may be an object of a trusted user:
    /// in a process with `mlockall`, to map it is to fill it. Returns `None` if it does not stand at the key, or changes.
    fn look(&self, access: Access, identity: &Identity, shmid: i32) -> Result<Option<Found>, AttachError> {
        let failed = |errno| match errno {
            Errno::EINVAL | Errno::EIDRM => Ok(None),
            errno => self.attach_failed(identity, shmid, access, errno).map_or(Ok(None), Err),
        };
        let told = match shm::status(shmid) {
            Ok(told) if told.key == identity.key(self.id) && !told.removed => told,
            Ok(_) => return Ok(None),
            Err(errno) => return failed(errno),
        };
        if !header::is_tagged(told.size) {
            return Err(self.foreign_by(OTHER_SIZE, identity, &told));
        }
        self.check_trust(identity, &told)?;
        let (segment, status) = match shm::attach(shmid, access) {
            Ok((segment, status)) if status.is_of_same_segment(&told) && !status.removed => (segment, status),
            Ok(_) => return Ok(None),
            Err(errno) => return failed(errno),
        };
        let mapping = segment.readable().map_err(|unreadable| match unreadable {
            Unreadable::HugePages => self.foreign_by(unreadable.why(), identity, &status),
            Unreadable::Page => {
                AttachError::Unreadable { subject: self.subject(Some(identity)), segment: owner(&status) }
            }
        })?;
        let condition = self.judge(identity, &mapping, &status)?;
        Ok(Some(Found { mapping, status, condition }))
    }

    /// Explains why a segment cannot be attached; `None` if it is gone meanwhile.
    fn attach_failed(&self, identity: &Identity, shmid: i32, access: Access, errno: Errno) -> Option<AttachError> {
        let subject = self.subject(Some(identity));
        Some(match errno {
            Errno::EACCES => {
                let Some(status) = shm::table().ok().and_then(|mut table| table.find(|status| status.shmid == shmid))
                else {
                    // Gone, or a kernel that does not let us ask whose it is.
                    let there = shm::find(identity.key(self.id)) == Ok(Some(shmid));
                    return there.then_some(AttachError::System { attempted: ATTACH, subject, errno });
                };
                let readable = shm::status(shmid).is_ok();
                let segment = owner(&status);
                let foreign = !header::is_tagged(status.size);
                match self.distrusted(&status) {
                    _ if foreign => AttachError::Foreign { subject, segment, why: OTHER_SIZE },
                    Some(untrusted) => AttachError::Untrusted { subject, untrusted, segment },
                    _ => {
                        let to_write = access == Access::ReadWrite;
                        AttachError::AccessDenied { subject, uid: effective_uid(), segment, to_write, readable }
                    }
                }
            }
            // The second where memory is locked (`mlockall`), and the limit on that is reached.
            Errno::ENOMEM | Errno::EAGAIN => AttachError::OutOfMemory { subject },
            errno => AttachError::System { attempted: ATTACH, subject, errno },
        })
    }

    /// Judges by the header's first word, and reads on only what is ours.
    fn judge(&self, identity: &Identity, mapping: &Mapping, status: &Status) -> Result<Condition, AttachError> {
        let header = Header::of(mapping).ok_or_else(|| self.foreign(identity, status))?;
        match header.first_word(identity, self.id) {
            FirstWord::Foreign => return Err(self.foreign(identity, status)),
            FirstWord::AnotherAnchor => return Err(self.collision(identity, header, status)),
            FirstWord::Virgin => return Ok(Condition::Virgin),
            FirstWord::Ours => {}
        }
        match self.judge_header(identity, header, mapping) {
            Ok(Some(condition)) => Ok(condition),
            Ok(None) => Err(self.collision(identity, header, status)),
            Err(damage) => Ok(Condition::Damaged(damage)),
        }
    }

    /// `None` if the header names another anchor than its first word lets expect.
    fn judge_header(
        &self,
        identity: &Identity,
        header: &Header,
        mapping: &Mapping,
    ) -> Result<Option<Condition>, Damage> {
        let state = header.state()?;
        let version = header.version();
        if version != FORMAT_VERSION && (version != 0 || state == State::Ready) {
            return Ok(Some(Condition::OtherFormat(version)));
        }
        match state {
            State::Virgin | State::Initializing => return Ok(Some(Condition::HalfMade)),
            State::Removed => return Ok(Some(Condition::Removed)),
            State::Ready => {}
        }
        let (theirs, id) = header.identity()?;
        if id != self.id || !theirs.is_same_inode(identity) {
            return Ok(None);
        }
        let unknown = header.unknown_flags();
        if unknown != 0 {
            return Ok(Some(Condition::NewerFormat(unknown)));
        }
        // By the inode of the path that was just looked at, which is of one file at a time: whatever is mounted where.
        if theirs.is_another_life_of(identity) {
            return Ok(Some(Condition::Orphan));
        }
        header.geometry(mapping).map(|geometry| Some(Condition::Ready(geometry)))
    }

    fn check_trust(&self, identity: &Identity, status: &Status) -> Result<(), AttachError> {
        match self.distrusted(status) {
            None => Ok(()),
            Some(untrusted) => {
                let subject = self.subject(Some(identity));
                Err(AttachError::Untrusted { subject, untrusted, segment: owner(status) })
            }
        }
    }

    /// The creator or owner, if we do not trust them: either could have written what is in it.
    fn distrusted(&self, status: &Status) -> Option<u32> {
        // One system call, unless they differ.
        let owner = (status.owner != status.creator).then_some(status.owner);
        [Some(status.creator), owner].into_iter().flatten().find(|&uid| !self.policy.trusts(uid))
    }

    pub(super) fn foreign(&self, identity: &Identity, status: &Status) -> AttachError {
        self.foreign_by(OTHER_DATA, identity, status)
    }

    fn foreign_by(&self, why: &'static str, identity: &Identity, status: &Status) -> AttachError {
        AttachError::Foreign { subject: self.subject(Some(identity)), segment: owner(status), why }
    }

    fn collision(&self, identity: &Identity, header: &Header, status: &Status) -> AttachError {
        let (theirs, _) = header.identity().unwrap_or((Identity { dev: 0, ino: 0, birth: None }, 0));
        let ours = AnchorClaim { dev: identity.dev, ino: identity.ino, path: self.path.display().to_string() };
        let theirs = AnchorClaim { dev: theirs.dev, ino: theirs.ino, path: header.path_hint() };
        AttachError::Collision {
            subject: self.subject(Some(identity)),
            ours: Box::new(ours),
            theirs: Box::new(theirs),
            segment: owner(status),
        }
    }

    pub(super) fn damaged(&self, identity: &Identity, damage: Damage) -> AttachError {
        let Damage { field, found } = damage;
        AttachError::Corrupt { subject: self.subject(Some(identity)), field, found }
    }

    /// Refuses an object with flags that this program does not know: also to remove it, as they may tell of a copy or a successor.
    pub(super) fn check_known(&self, identity: &Identity, found: &Found) -> Result<(), AttachError> {
        match found.condition {
            Condition::NewerFormat(flags) => {
                let (subject, segment) = (self.subject(Some(identity)), owner(&found.status));
                Err(AttachError::NewerFormat { subject, flags, segment })
            }
            _ => Ok(()),
        }
    }

    /// Attaches what was found, if it is ready and has our layout.
    pub(super) fn enter(
        &self,
        identity: &Identity,
        schema: &'static Schema,
        found: Found,
    ) -> Result<SegmentRef, AttachError> {
        let geometry = self.check_layout(identity, schema, &found)?;
        self.register(identity, found.mapping, geometry, found.status.shmid)
    }

    /// Checks that what was found is ready and has our layout.
    pub(super) fn check_layout(
        &self,
        identity: &Identity,
        schema: &'static Schema,
        found: &Found,
    ) -> Result<Geometry, AttachError> {
        self.check_known(identity, found)?;
        let mapping = &found.mapping;
        let geometry = match &found.condition {
            Condition::Ready(geometry) => *geometry,
            Condition::Damaged(damage) => return Err(self.damaged(identity, damage.clone())),
            Condition::OtherFormat(segment) => {
                let (subject, segment) = (self.subject(Some(identity)), *segment);
                return Err(AttachError::FormatVersion { subject, segment, ours: FORMAT_VERSION });
            }
            Condition::Virgin | Condition::HalfMade | Condition::Removed | Condition::Orphan => {
                unreachable!("what is left over is waited for or recovered, not attached")
            }
            Condition::NewerFormat(_) => unreachable!("refused above"),
        };
        let header = Header::of(mapping).expect("what was judged ready has a header");
        if header.layout_hash() != schema.hash() {
            return Err(self.mismatch(identity, schema, mapping, &geometry));
        }
        if geometry.payload_len != schema.size() {
            let found = format!("{}, expected {}", geometry.payload_len, schema.size());
            return Err(self.damaged(identity, Damage { field: "payload_len", found }));
        }
        Ok(geometry)
    }

    /// A segment that was judged, or made, to be ours.
    pub(super) fn segment(
        &self,
        identity: &Identity,
        mapping: Mapping,
        geometry: Geometry,
        shmid: i32,
    ) -> Candidate<'_> {
        Candidate { mapping, geometry, shmid, key: identity.key(self.id), anchor: self.path, schema: self.schema }
    }

    /// Makes it an attachment of this process.
    pub(super) fn register(
        &self,
        identity: &Identity,
        mapping: Mapping,
        geometry: Geometry,
        shmid: i32,
    ) -> Result<SegmentRef, AttachError> {
        registry::register(self.segment(identity, mapping, geometry, shmid)).map_err(|refused| {
            let subject = self.subject(Some(identity));
            match refused {
                ClaimError::Full => AttachError::ParticipantsFull { subject, capacity: geometry.slot_count },
                ClaimError::Collision { pid } => AttachError::TokenCollision { subject, pid },
            }
        })
    }
}

/// Who made a segment, as its header says.
pub(crate) fn creator(header: &Header) -> Creator {
    let by = header.provenance();
    Creator { pid: by.pid, uid: by.uid, created: moment(by.created_seconds, by.created_nanoseconds) }
}
