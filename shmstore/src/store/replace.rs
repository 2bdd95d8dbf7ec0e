//! Replacing an object. The new object needs the old one's key, and a key cannot be moved to another segment. So the
//! old object is removed first, once no reason is known why the new one could not be made.

use std::time::Duration;

use super::{AnchorLock, Deadline, IfExists, Target};
use crate::error::CreateError;
use crate::segment::header::Geometry;
use crate::segment::identity::Identity;

/// How long an object must stay attached to count as in use. A process that lists objects attaches each one for some
/// microseconds, on a busy machine for longer.
pub(crate) const GRACE_PERIOD: Duration = Duration::from_secs(1);

impl Target<'_> {
    /// Removes the object that is to be replaced, under the lock. Returns `true` if there was a complete one.
    pub(super) fn make_way(
        &self,
        lock: &AnchorLock,
        if_exists: IfExists,
        geometry: &Geometry,
        deadline: &mut Deadline,
    ) -> Result<bool, CreateError> {
        let identity = lock.anchor().identity();
        let Some(found) = self.find_to_remove(&identity, deadline)? else { return Ok(false) };
        if found.class.is_left_over() {
            drop(found);
            self.recover_segment(lock, deadline)?;
            return Ok(false);
        }
        self.check_known(&identity, &found)?;
        if if_exists == IfExists::Replace {
            self.check_room(&identity, geometry, &found)?;
            self.mark_removed(lock, &found)?;
            return Ok(true);
        }
        self.check_exact(&identity, &found)?;
        self.check_room(&identity, geometry, &found)?;
        let in_use = |attached| CreateError::InUse { subject: self.subject(Some(&identity)), attached };
        let excluded = found.exclude_others(lock).map_err(in_use)?;
        self.mark_removed(lock, &found)?;
        excluded.keep();
        Ok(true)
    }

    /// The error after the old object was removed.
    pub(super) fn lost(&self, identity: &Identity, error: CreateError) -> CreateError {
        match error {
            // The parent process creates the new one.
            CreateError::ForkedInInit { .. } => error,
            error => CreateError::Lost { subject: self.subject(Some(identity)), cause: Box::new(error) },
        }
    }
}
