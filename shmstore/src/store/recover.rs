//! Cleaning up after dead processes, under the anchor's lock, which a dead process cannot hold.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use nix::errno::Errno;

use super::ownership::owner;
use super::{AnchorLock, Deadline, Found, Target};
use crate::error::{AbandonedReason, AttachError};
use crate::segment::classify::Class;
use crate::segment::header;
use crate::segment::identity::Identity;
use crate::sys::failpoint::{self, Step};
use crate::sys::process::effective_uid;
use crate::sys::shm::{self, Status};

/// The age from which a segment without a first word counts as abandoned, as a program that is not shmstore may have
/// made it.
const VIRGIN_AGE: Duration = Duration::from_secs(2);

impl Target<'_> {
    /// Finishes or undoes what dead processes have left: a move to another layout, a replacement, a half-made segment.
    /// Returns the object's segment if there is one.
    pub(crate) fn recover(&self, lock: &AnchorLock, deadline: &mut Deadline) -> Result<Option<Found>, AttachError> {
        self.recover_move(lock, deadline)?;
        self.recover_segment(lock, deadline)
    }

    /// Removes the segment that a dead creator or remover left at the key. Returns the segment if it is ready after
    /// all.
    ///
    /// Other processes that check the segment attach it for a moment, so the number of attachments is read until the
    /// deadline. A process that does not use the lock may put another segment in the place of the removed one. That is
    /// removed until the deadline, too. After that the key counts as free.
    pub(super) fn recover_segment(
        &self,
        lock: &AnchorLock,
        deadline: &mut Deadline,
    ) -> Result<Option<Found>, AttachError> {
        let identity = lock.anchor().identity();
        let mut has_removed = false;
        loop {
            let Some(found) = self.find(&identity, deadline)? else { return Ok(None) };
            if !found.class.is_left_over() {
                if found.is_moving {
                    found.header().flags().clear_moving();
                }
                return Ok(Some(Found { is_moving: false, ..found }));
            }
            // No creator is at work, so none can have written the rest before the first word.
            if found.class.has_data_without_first_word(&found.mapping) {
                return Err(self.foreign(&identity, &found.status));
            }
            let (may_go, others) = (may_go(&found), found.attached());
            let Found { mapping, status, class, .. } = found;
            if !may_go {
                // Not attached during the pause.
                drop(mapping);
                if deadline.pause() {
                    continue;
                }
                return Err(self.still_used(&identity, &class, &status, others));
            }
            // The size of such a segment alone does not prove that a store made it.
            if class == Class::Unwritten && !header::is_all_zero(&mapping) {
                return Err(self.foreign(&identity, &status));
            }
            failpoint::reach(Step::RecoverLocked);
            // It is still attached, so the id belongs to the segment that was classified, even if another process
            // removes it first.
            let removed = shm::remove(status.shmid);
            drop(mapping);
            match removed {
                Ok(()) | Err(Errno::EINVAL | Errno::EIDRM) => failpoint::reach(Step::RecoverRemoved),
                Err(errno) => return Err(self.not_removable(&identity, &status, errno)),
            }
            if std::mem::replace(&mut has_removed, true) && !deadline.pause() {
                return Ok(None);
            }
        }
    }

    fn still_used(&self, identity: &Identity, class: &Class, status: &Status, others: u64) -> AttachError {
        let (subject, segment) = (self.subject(Some(identity)), owner(status));
        match class {
            Class::Orphan => AttachError::StaleAnchor { subject, segment, attached: others },
            _ => {
                let reason = match others {
                    0 => AbandonedReason::TooYoung { min_age: VIRGIN_AGE },
                    others => AbandonedReason::Attached { others },
                };
                AttachError::Abandoned { subject, owner: status.owner, reason, segment }
            }
        }
    }

    fn not_removable(&self, identity: &Identity, status: &Status, errno: Errno) -> AttachError {
        let (subject, owner_uid) = (self.subject(Some(identity)), status.owner);
        match errno {
            Errno::EPERM if !status.is_ours_to_remove() => {
                let reason = AbandonedReason::NotPermitted { owner: owner_uid, uid: effective_uid() };
                AttachError::Abandoned { subject, owner: owner_uid, reason, segment: owner(status) }
            }
            errno => AttachError::System {
                attempted: "remove (`shmctl(IPC_RMID)`) what was left of",
                subject,
                cause: errno.into(),
            },
        }
    }
}

/// Returns `true` if only this process has the segment attached and, if nothing is written in it, it is old enough.
/// A segment whose state is REMOVED can always go: processes that have it attached keep it.
fn may_go(found: &Found) -> bool {
    match found.class {
        Class::Removed => true,
        Class::Unwritten => found.attached() == 0 && is_old(&found.status),
        _ => found.attached() == 0,
    }
}

/// A time of change in the future, as after the clock was set, counts as old.
fn is_old(status: &Status) -> bool {
    let changed = UNIX_EPOCH + Duration::from_secs(u64::try_from(status.changed).unwrap_or(0));
    SystemTime::now().duration_since(changed).map_or(true, |age| age >= VIRGIN_AGE)
}
