//! Attaching for reading only: nothing is written, removed or recovered, whatever is found.

use std::time::Duration;

use super::ownership::owner;
use super::{Condition, Found, Patience, Target};
use crate::error::{AttachError, OpenError};
use crate::layout::schema::Schema;
use crate::segment::header;
use crate::segment::identity::Identity;
use crate::segment::process::registry::{self, SegmentRef};
use crate::sys::failpoint::{self, Step};
use crate::sys::shm::Access;

/// What stands at the key, as far as it can be told whose turn it is.
pub(super) enum Seen {
    /// Nothing, or something that its creator has finished, or that the dead have left.
    Settled(Option<Found>),
    /// A creator is at work, or something else changes. There was a pause, and there is time left to look again.
    AtWork,
}

impl Target<'_> {
    /// Attaches to the object for reading only, waiting up to `wait` for one that does not exist yet. What is left of a
    /// dead creator or remover does not exist: to clean it up is for those who may write.
    pub(crate) fn attach_read_only(&self, schema: &'static Schema, wait: Duration) -> Result<SegmentRef, AttachError> {
        let mut for_missing = Patience::new(wait);
        let mut for_creator = Patience::new(wait.max(self.policy.wait));
        let mut left_over = None;
        loop {
            let identity = self.refresh_within(&mut for_missing)?.identity();
            self.check_not_initializing(&identity)?;
            match self.see(&identity, left_over, &mut for_creator)? {
                Seen::AtWork => continue,
                Seen::Settled(Some(found)) if !found.condition.is_left_over() => {
                    return self.enter_to_read(&identity, schema, found);
                }
                Seen::Settled(found) => left_over = found.map(|found| found.status.shmid),
            }
            // Nothing is attached while we sleep.
            if !for_missing.pause() {
                return Err(self.not_found(&identity, wait));
            }
        }
    }

    /// Looks at the key; with the lock, if a creator may be at work. The dead do not come back: the lock is not tried
    /// again for the segment that is known to be left over.
    fn see(&self, identity: &Identity, left_over: Option<i32>, patience: &mut Patience) -> Result<Seen, AttachError> {
        match if_not_abandoned(self.find_for(Access::ReadOnly, identity, patience))? {
            Some(found) if is_unfinished(&found) && left_over != Some(found.status.shmid) => {
                self.see_under_lock(identity, found, patience)
            }
            found => Ok(Seen::Settled(found)),
        }
    }

    /// Whoever holds the lock is at work, and is given time. If nobody does, the creator has finished meanwhile, or is
    /// dead.
    fn see_under_lock(
        &self,
        identity: &Identity,
        unfinished: Found,
        patience: &mut Patience,
    ) -> Result<Seen, AttachError> {
        let segment = owner(&unfinished.status);
        // Not counted as attached while we sleep.
        drop(unfinished);
        failpoint::reach(Step::LookUnfinished);
        let lock = match self.lock(&mut Patience::new(Duration::ZERO)) {
            Ok(lock) => lock,
            Err(OpenError::Busy { .. }) if patience.pause() => return Ok(Seen::AtWork),
            Err(OpenError::Busy { .. }) => {
                let subject = self.subject(Some(identity));
                return Err(AttachError::StillInitializing { subject, segment, waited: patience.limit() });
            }
            // Then the object is missing too, which is for the caller to wait for.
            Err(OpenError::NotFound { .. } | OpenError::DanglingLink { .. }) => return Ok(Seen::Settled(None)),
            Err(error) => return Err(error.into()),
        };
        if lock.anchor().identity() != *identity {
            return Ok(Seen::Settled(None));
        }
        let found = if_not_abandoned(self.find_to_read(identity))?;
        match &found {
            // No creator is at work, so there is none who has written the rest before the first word.
            Some(found) if found.condition == Condition::Virgin && !header::is_blank(&found.mapping) => {
                Err(self.foreign(identity, &found.status))
            }
            _ => Ok(Seen::Settled(found)),
        }
    }

    /// Makes what was found an attachment of this process, if it has our layout.
    fn enter_to_read(
        &self,
        identity: &Identity,
        schema: &'static Schema,
        found: Found,
    ) -> Result<SegmentRef, AttachError> {
        let geometry = self.check_layout(identity, schema, &found)?;
        Ok(registry::register_to_read(self.segment(identity, found.mapping, geometry, found.status.shmid)))
    }
}

/// For a process that only reads, what another user's creator has left half-made does not exist.
fn if_not_abandoned(found: Result<Option<Found>, AttachError>) -> Result<Option<Found>, AttachError> {
    match found {
        Err(AttachError::Abandoned { .. }) => Ok(None),
        found => found,
    }
}

/// Tells whether its creator is at work, or died at it.
fn is_unfinished(found: &Found) -> bool {
    matches!(found.condition, Condition::Virgin | Condition::HalfMade)
}
