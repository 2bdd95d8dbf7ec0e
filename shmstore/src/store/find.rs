//! Finding the segment of an object, and classifying it.

use std::time::Duration;

use nix::errno::Errno;

use super::ownership::{Handed, is_unowned, owner};
use super::{Deadline, Target};
use crate::error::{AnchorClaim, AttachError};
use crate::segment::classify::{Class, classify};
use crate::segment::header::{self, Damage, Header};
use crate::segment::identity::Identity;
use crate::sys::failpoint::{self, Step};
use crate::sys::process::effective_uid;
use crate::sys::shm::{self, Access, Mapping, Status, Unreadable};

/// The reasons why a segment is not an object.
const OTHER_SIZE: &str = "no object has its size";
const OTHER_DATA: &str = "its first bytes are not an object's";

/// The attempt of `shm::attach`, in an error.
pub(super) const ATTACH: &str = "attach (`shmat`, `shmctl(IPC_STAT)`)";

/// A segment that an shmstore made, found at the key and attached to be classified.
pub(crate) struct Found {
    pub(crate) mapping: Mapping,
    pub(crate) status: Status,
    pub(crate) class: Class,
    /// The object is about to be moved, replaced or removed. Read after the segment was attached.
    pub(crate) is_moving: bool,
}

impl Found {
    /// Returns `true` if the object is not complete, or may soon be removed: a process is at work, or has died.
    pub(super) fn is_in_work(&self) -> bool {
        self.class.is_left_over() || self.is_moving
    }

    /// The header of a segment that is long enough to have one.
    pub(super) fn header(&self) -> &Header {
        Header::of(&self.mapping).expect("a segment of shmstore has a header")
    }

    /// How many times it is attached, without this attachment.
    pub(crate) fn attached(&self) -> u64 {
        self.status.attach_count.saturating_sub(1)
    }
}

impl Target<'_> {
    /// Looks for the object's segment. Returns an error for a segment that is foreign, another anchor's, or not
    /// trusted.
    pub(crate) fn find(&self, identity: &Identity, deadline: &mut Deadline) -> Result<Option<Found>, AttachError> {
        self.find_for(Access::ReadWrite, identity, deadline)
    }

    /// As [`find`](Self::find), for reading only.
    pub(crate) fn find_to_read(&self, identity: &Identity) -> Result<Option<Found>, AttachError> {
        self.find_for(Access::ReadOnly, identity, &mut Deadline::new(Duration::ZERO))
    }

    /// As [`find`](Self::find), attached as the caller says.
    pub(super) fn find_for(
        &self,
        access: Access,
        identity: &Identity,
        deadline: &mut Deadline,
    ) -> Result<Option<Found>, AttachError> {
        // If something changes between two of the calls, they are repeated: at first without a pause, then until the
        // deadline.
        let mut is_again = false;
        let mut denied = None;
        loop {
            let shmid = shm::find(identity.key(self.id));
            let Some(shmid) = shmid.map_err(|errno| self.system("look (`shmget`) for", identity, errno))? else {
                return Ok(None);
            };
            match self.look(access, identity, shmid) {
                Ok(Some(found)) => return Ok(Some(found)),
                Ok(None) => {}
                Err(AttachError::AccessDenied { segment, .. }) if is_unowned(&segment) => {
                    if self.wait_for_handover(identity, segment, deadline)? == Handed::Paused {
                        continue;
                    }
                }
                // Its creator may have handed it over after this process was denied it, and before the owner was read.
                Err(AttachError::AccessDenied { segment, .. }) if denied.replace(segment) != Some(segment) => continue,
                Err(error) => return Err(error),
            }
            if std::mem::replace(&mut is_again, true) && !deadline.pause() {
                return Ok(None);
            }
        }
    }

    /// Attaches and classifies a segment. It is mapped only if the kernel's status says that it may be an object of a
    /// trusted user, because in a process with `mlockall` mapping it fills it. Returns `None` if it no longer has the
    /// key, or changes.
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
        let class = self.classify(identity, &mapping, &status)?;
        let is_moving = Header::of(&mapping).is_some_and(|header| header.flags().is_moving());
        Ok(Some(Found { mapping, status, class, is_moving }))
    }

    /// Returns why a segment cannot be attached; `None` if it was removed meanwhile.
    fn attach_failed(&self, identity: &Identity, shmid: i32, access: Access, errno: Errno) -> Option<AttachError> {
        let subject = self.subject(Some(identity));
        Some(match errno {
            Errno::EACCES => {
                failpoint::reach(Step::LookDenied);
                let Some(status) = shm::table().ok().and_then(|mut table| table.find(|status| status.shmid == shmid))
                else {
                    // It was removed, or the kernel does not show its owner.
                    let there = shm::find(identity.key(self.id)) == Ok(Some(shmid));
                    return there.then_some(AttachError::System { attempted: ATTACH, subject, cause: errno.into() });
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
            // `EAGAIN` if memory is locked (`mlockall`), and the limit on locked memory is reached.
            Errno::ENOMEM | Errno::EAGAIN => AttachError::OutOfMemory { subject },
            errno => AttachError::System { attempted: ATTACH, subject, cause: errno.into() },
        })
    }

    /// Classifies a segment. It is an error if it belongs to no shmstore, or to another anchor.
    fn classify(&self, identity: &Identity, mapping: &Mapping, status: &Status) -> Result<Class, AttachError> {
        match classify(mapping, Some((identity, self.id))) {
            Class::Foreign => Err(self.foreign(identity, status)),
            Class::OtherAnchor => {
                let header = Header::of(mapping).expect("a segment of another anchor has a header");
                Err(self.collision(identity, header, status))
            }
            class => Ok(class),
        }
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

    /// The creator or owner if it is not trusted, as either could have written to the segment.
    fn distrusted(&self, status: &Status) -> Option<u32> {
        // One system call if both are the same user.
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

    /// Refuses an object with flags that this program does not know, even for removal: other processes may rely on the
    /// feature that a flag stands for.
    pub(super) fn check_known(&self, identity: &Identity, found: &Found) -> Result<(), AttachError> {
        match found.class {
            Class::NewerFormat(flags) => {
                let (subject, segment) = (self.subject(Some(identity)), owner(&found.status));
                Err(AttachError::NewerFormat { subject, flags, segment })
            }
            _ => Ok(()),
        }
    }
}
