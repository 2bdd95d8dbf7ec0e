//! Removing an object: first its key, then its state. A remover that dies, or has no permission, marks nothing as
//! removed.

use nix::errno::Errno;

use super::ownership::owner;
use super::{AnchorLock, Deadline, Found, Target};
use crate::error::{AttachError, RemoveError};
use crate::segment::header::{Header, State};
use crate::segment::identity::Identity;
use crate::sys::failpoint::{self, Step};
use crate::sys::process::effective_uid;
use crate::sys::shm;

impl Target<'_> {
    /// Removes the object, whatever its layout.
    pub(crate) fn remove(&self) -> Result<(), RemoveError> {
        let lock = self.lock(&mut Deadline::new(self.policy.wait))?;
        let identity = lock.anchor().identity();
        self.check_not_initializing(&identity)?;
        let mut deadline = Deadline::new(self.policy.wait);
        self.recover_move(&lock, &mut deadline)?;
        let removed = self.remove_if_there(&lock, &mut deadline)?;
        if removed { Ok(()) } else { Err(RemoveError::NotFound { subject: self.subject(Some(&identity)) }) }
    }

    /// Removes the object at the key, under the lock of the caller. Returns `true` if there was one.
    fn remove_if_there(&self, lock: &AnchorLock, deadline: &mut Deadline) -> Result<bool, RemoveError> {
        match self.find_to_remove(&lock.anchor().identity(), deadline)? {
            None => Ok(false),
            Some(found) if found.class.is_left_over() => {
                drop(found);
                Ok(self.recover_segment(lock, deadline)?.is_none())
            }
            Some(found) => {
                self.check_known(&lock.anchor().identity(), &found)?;
                self.mark_removed(lock, &found).map(|()| true)
            }
        }
    }

    /// Finds the object at the key.
    pub(super) fn find_to_remove(
        &self,
        identity: &Identity,
        deadline: &mut Deadline,
    ) -> Result<Option<Found>, RemoveError> {
        self.find(identity, deadline).map_err(|error| match error {
            // A user that may remove an object may write it, too, with every mode that shmstore sets.
            AttachError::AccessDenied { subject, uid, segment, .. }
                if ![segment.owner, segment.creator].contains(&uid) =>
            {
                RemoveError::NotPermitted { subject, uid, segment }
            }
            error => error.into(),
        })
    }

    /// The key first: if this process dies in between, the object is removed, and its users can learn that from the
    /// kernel.
    pub(super) fn mark_removed(&self, lock: &AnchorLock, found: &Found) -> Result<(), RemoveError> {
        failpoint::reach(Step::RemoveLocked);
        let identity = lock.anchor().identity();
        match shm::remove(found.status.shmid) {
            Ok(()) | Err(Errno::EINVAL | Errno::EIDRM) => {}
            Err(Errno::EPERM) if !found.status.is_ours_to_remove() => {
                let (subject, segment) = (self.subject(Some(&identity)), owner(&found.status));
                return Err(RemoveError::NotPermitted { subject, uid: effective_uid(), segment });
            }
            Err(errno) => return Err(self.system("remove (`shmctl(IPC_RMID)`)", &identity, errno).into()),
        }
        failpoint::reach(Step::RemoveMarked);
        if let Some(header) = Header::of(&found.mapping) {
            header.set_state(State::Removed);
        }
        failpoint::reach(Step::RemoveDone);
        Ok(())
    }
}
