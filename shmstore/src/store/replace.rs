//! Replacing an object. The new one needs the key of the old one, which no segment hands on: so the old one goes first, once nothing
//! is known that would keep the new one from being made.

use std::time::Duration;

use super::{AnchorLock, IfExists, Patience, Target};
use crate::error::CreateError;
use crate::layout::schema::Schema;
use crate::segment::header::Geometry;
use crate::segment::identity::Identity;
use crate::sys::shm;

/// For how long an object must stay attached to be in use: whoever lists what there is attaches each for some microseconds, on a busy
/// machine for longer.
pub(crate) const LOOKED_AT: Duration = Duration::from_secs(1);

impl Target<'_> {
    /// Removes the object that is to be replaced, under the lock. Tells whether there was a whole one.
    pub(super) fn make_way(
        &self,
        lock: &AnchorLock,
        schema: &'static Schema,
        if_exists: IfExists,
        geometry: &Geometry,
        patience: &mut Patience,
    ) -> Result<bool, CreateError> {
        let identity = lock.anchor().identity();
        let mut lookers = Patience::new(LOOKED_AT);
        loop {
            let Some(found) = self.find_to_remove(&identity, patience)? else { return Ok(false) };
            if found.condition.is_left_over() {
                drop(found);
                self.recover(lock, patience)?;
                return Ok(false);
            }
            self.check_known(&identity, &found)?;
            if if_exists == IfExists::Replace {
                self.check_room(&identity, geometry, &found)?;
                self.mark_removed(lock, &found)?;
                return Ok(true);
            }
            self.check_layout(&identity, schema, &found)?;
            let mut attached = found.attached();
            if attached == 0 {
                self.check_room(&identity, geometry, &found)?;
                // Once more: all that took a while.
                attached = shm::status(found.status.shmid).map_or(0, |now| now.attach_count.saturating_sub(1));
            }
            if attached == 0 {
                self.mark_removed(lock, &found)?;
                return Ok(true);
            }
            // Not counted as attached while we sleep.
            drop(found);
            if !lookers.pause() {
                return Err(CreateError::InUse { subject: self.subject(Some(&identity)), attached });
            }
        }
    }

    /// What went wrong after the old object was removed.
    pub(super) fn lost(&self, identity: &Identity, error: CreateError) -> CreateError {
        match error {
            // The parent goes on with the new one.
            CreateError::ForkedInInit { .. } => error,
            error => CreateError::Lost { subject: self.subject(Some(identity)), source: Box::new(error) },
        }
    }
}
