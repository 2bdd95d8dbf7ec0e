//! The owner of a new segment. It belongs to its anchor's group, and root's segments in a user's store belong to the
//! user.
//!
//! `shmget` gives a segment to the process's user and primary group. A segment for another owner is made so that only
//! its creator may use it, and is handed over before anything is written in it. Until then it has a mode that no other
//! segment of shmstore has. By that mode a process that may not attach the segment knows that it is incomplete.

use nix::errno::Errno;

use super::attach::Tried;
use super::{Deadline, Target};
use crate::error::{AbandonedReason, AttachError, OpenError, SegmentOwner};
use crate::segment::anchor::{Anchor, Ownership};
use crate::segment::identity::Identity;
use crate::sys::process::effective_uid;
use crate::sys::shm::{self, Status};

/// The mode of a segment that is to be handed over. No other segment of shmstore has an execute bit.
const UNOWNED: u32 = 0o700;

/// How a segment is made, and which owner it gets then.
#[derive(Debug, Clone, Copy)]
pub(super) struct Handover {
    heir: Option<Ownership>,
    mode: u32,
}

impl Handover {
    /// By the anchor that was locked, unless its path leads to a file that is not trusted, or is no longer trusted.
    pub(super) fn at(target: &Target<'_>, locked: &Anchor) -> Result<Self, OpenError> {
        let mode = target.policy.mode;
        let heir = locked.heir(mode);
        if heir.is_none() {
            return Ok(Self { heir, mode });
        }
        // While the lock was held, the anchor may have been given to another user.
        let now = target.refresh()?;
        let anchor = if now.stat.is_same_file(&locked.stat) { &now } else { locked };
        Ok(Self { heir: anchor.heir(mode), mode })
    }

    /// The mode to make the segment with.
    pub(super) fn first_mode(&self) -> u32 {
        if self.heir.is_some() { UNOWNED } else { self.mode }
    }

    /// Gives the segment to its heir. If it was removed meanwhile, attaching it will fail.
    pub(super) fn complete(&self, shmid: i32) -> Result<(), Errno> {
        let Some(heir) = self.heir else { return Ok(()) };
        let give_to = |Ownership { owner, group }| shm::set_owner(shmid, owner, group, self.mode);
        // Also returned for a group that has no number in this user namespace.
        let given = give_to(heir).or_else(|errno| match errno {
            Errno::EINVAL => give_to(Ownership::of_process()),
            errno => Err(errno),
        });
        given.or_else(|errno| if matches!(errno, Errno::EINVAL | Errno::EIDRM) { Ok(()) } else { Err(errno) })
    }
}

/// The owner of a segment, as the kernel says.
pub(super) fn owner(status: &Status) -> SegmentOwner {
    SegmentOwner {
        shmid: status.shmid,
        size: status.size,
        owner: status.owner,
        group: status.group,
        creator: status.creator,
        creator_pid: status.creator_pid,
        mode: status.mode,
    }
}

/// The owner of a segment that this process makes with the values of another one.
///
/// A process accepts the data of a segment if it trusts creator and owner. The new segment has this process as its
/// creator. So that it is not accepted by more processes than the other one, it belongs to the creator of that, if this
/// is a third user.
pub(super) fn heir_of(like: &Status) -> u32 {
    if [0, effective_uid(), like.owner].contains(&like.creator) { like.owner } else { like.creator }
}

/// Returns `true` if another user's segment was not handed over yet. The kernel does not refuse its own user a segment
/// of that mode.
pub(super) fn is_unowned(segment: &SegmentOwner) -> bool {
    segment.mode == UNOWNED && ![segment.owner, segment.creator].contains(&effective_uid())
}

/// The state of a segment that was not handed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Handed {
    /// Its creator is at work. There was a pause, and there is time left to check again.
    Paused,
    /// It was handed over or removed. There was no pause.
    Over,
}

impl Target<'_> {
    /// Waits for the creator of a segment that it has not handed over yet.
    ///
    /// # Errors
    ///
    /// `StillInitializing` if the creator takes longer; `Abandoned` if it has died.
    pub(super) fn wait_for_handover(
        &self,
        identity: &Identity,
        segment: SegmentOwner,
        deadline: &mut Deadline,
    ) -> Result<Handed, AttachError> {
        let _lock = match self.try_lock(identity, segment, deadline)? {
            Tried::Locked(lock) => lock,
            Tried::Paused => return Ok(Handed::Paused),
            Tried::Missing => return Ok(Handed::Over),
        };
        let now = shm::table().ok().and_then(|mut table| table.find(|status| status.shmid == segment.shmid));
        if now.is_none_or(|status| status.mode != UNOWNED) {
            return Ok(Handed::Over);
        }
        let (subject, owner) = (self.subject(Some(identity)), segment.owner);
        let reason = AbandonedReason::NotPermitted { owner, uid: effective_uid() };
        Err(AttachError::Abandoned { subject, owner, reason, segment })
    }
}
