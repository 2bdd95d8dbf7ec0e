//! Moving an object to another layout, which is what a migration does in the store: see [`journal`](super::journal) for
//! the steps.

use std::time::Duration;

use super::create::{GIVE, Initializing, Made, Role, geometry_of};
use super::journal::{end_move, remove_journal};
use super::ownership::{heir_of, owner};
use super::{AnchorLock, Deadline, Found, GRACE_PERIOD, Policy, Target};
use crate::error::{AttachError, CreateError, RemoveError};
use crate::layout::type_layout::TypeLayout;
use crate::segment::classify::Class;
use crate::segment::header::{self, Geometry, Stored};
use crate::segment::this_process::local;
use crate::sys::failpoint::{self, Step};
use crate::sys::process::effective_uid;
use crate::sys::shm::{self, Mapping, Status};

/// An object that is to be moved, and the anchor's lock.
pub(crate) struct Moving<'a> {
    target: Target<'a>,
    lock: AnchorLock,
    found: Found,
    geometry: Geometry,
}

impl<'a> Target<'a> {
    /// Finds the object that is to be moved, and takes its anchor's lock.
    pub(crate) fn begin_move(self) -> Result<Moving<'a>, CreateError> {
        let lock = self.lock(&mut Deadline::new(self.policy.wait))?;
        let identity = lock.anchor().identity();
        self.check_not_initializing(&identity)?;
        let found = self.recover(&lock, &mut Deadline::new(self.policy.wait))?;
        let found = found.ok_or_else(|| self.not_found(&identity, Duration::ZERO))?;
        let geometry = self.check_ready(&identity, &found)?;
        // Root may remove it, unless a sandbox forbids that. Then the removal fails, and the object stays.
        if !found.status.is_ours_to_remove() && effective_uid() != 0 {
            let (subject, segment) = (self.subject(Some(&identity)), owner(&found.status));
            return Err(RemoveError::NotPermitted { subject, uid: effective_uid(), segment }.into());
        }
        Ok(Moving { target: self, lock, found, geometry })
    }
}

impl Target<'_> {
    /// Makes a complete segment with the owner and mode of another one: a journal, or a new object, which says that it
    /// is being moved. No process takes a slot in it.
    pub(super) fn make_like(
        &self,
        lock: &AnchorLock,
        like: &Status,
        geometry: &Geometry,
        role: Role<'_>,
        write_values: &dyn Fn(&Mapping),
    ) -> Result<Found, CreateError> {
        let identity = lock.anchor().identity();
        let policy = Policy { mode: like.mode & 0o666, ..self.policy.clone() };
        let target = Target { policy: &policy, ..*self };
        let (mut deadline, mut for_room) = (Deadline::new(policy.wait), Deadline::new(GRACE_PERIOD));
        let (unfinished, mapping, status) = match target.make_segment(lock, geometry, &mut deadline, &mut for_room)? {
            Made::New(unfinished, mapping, status) => (unfinished, mapping, status),
            Made::There(found) => return Err(self.already_exists(&identity, &found)),
        };
        let owner = heir_of(like);
        if (owner, like.group) != (status.owner, status.group) {
            let given = shm::set_owner(unfinished.shmid, owner, like.group, policy.mode);
            match given {
                Err(errno) if owner != like.owner => return Err(self.system(GIVE, &identity, errno).into()),
                // A process that may not give it away keeps it, and has removed the old one as its creator or as root.
                _ => {}
            }
        }
        target.write_header(&mapping, &status, lock.anchor(), geometry, role);
        let is_moving = matches!(role, Role::Moved { .. });
        let found = Found { mapping, status, class: Class::Ready(*geometry), is_moving };
        write_values(&found.mapping);
        failpoint::reach(Step::CreateInitialized);
        self.publish(&identity, unfinished, found.header())?;
        Ok(found)
    }
}

impl Moving<'_> {
    pub(crate) fn shmid(&self) -> i32 {
        self.found.status.shmid
    }

    /// The room of the object, in bytes.
    pub(crate) fn room(&self) -> Option<u64> {
        self.geometry.room()
    }

    /// The newest layout of the object.
    pub(crate) fn stored(&self) -> Result<Stored, AttachError> {
        let stored = header::read_layout(&self.found.mapping, &self.geometry);
        stored.map_err(|damage| self.target.damaged(&self.lock.anchor().identity(), damage))
    }

    /// Keeps other processes away from the object, lets `convert` make the values of the new object, and moves it.
    ///
    /// # Errors
    ///
    /// The object is unchanged, except for [`MoveError::Interrupted`].
    pub(crate) fn finish<E>(
        self,
        layout: &TypeLayout,
        convert: impl FnOnce() -> Result<Vec<u8>, E>,
    ) -> Result<(), MoveError<E>> {
        let Self { target, lock, found, geometry } = self;
        let target = Target { layout: Some(layout), ..target };
        let identity = lock.anchor().identity();
        let new_geometry = geometry_of(layout, geometry.slot_count)
            .ok_or_else(|| MoveError::Create(target.too_large(&identity, u64::MAX)))?;
        target.check_room_for_two(&identity, &new_geometry).map_err(MoveError::Create)?;
        let status = found.status;
        let excluded = found.exclude_others(&lock).map_err(MoveError::InUse)?;
        let converted = {
            let _initializing = Initializing::new(&target, identity);
            convert()
        };
        let values = converted.map_err(MoveError::Convert)?;
        if !lock.is_ours() {
            let subject = target.subject(Some(&identity));
            return Err(MoveError::Create(CreateError::ForkedInInit { subject }));
        }
        let values = |mapping: &Mapping| header::write_payload(mapping, &new_geometry, &values);
        let make = |target: &Target<'_>, role| target.make_like(&lock, &status, &new_geometry, role, &values);
        let (old_nonce, new_nonce) = (found.header().nonce(), local().draw_nonce());
        let journal = make(&target.journal(), Role::Journal { old_nonce, new_nonce }).map_err(MoveError::Create)?;
        failpoint::reach(Step::JournalReady);
        if let Err(error) = target.mark_removed(&lock, &found) {
            remove_journal(&journal);
            return Err(MoveError::Create(error.into()));
        }
        excluded.keep();
        drop(found);
        let made = make(&target, Role::Moved { nonce: new_nonce }).map_err(MoveError::Interrupted)?;
        end_move(&made, &journal);
        Ok(())
    }
}

/// Why an object was not moved.
pub(crate) enum MoveError<E> {
    /// It is attached so many times.
    InUse(u64),
    /// Its values were not converted.
    Convert(E),
    /// The kernel refuses.
    Create(CreateError),
    /// The old object is removed, and the new one could not be made. The journal is there, and the next process that
    /// attaches the object makes the new one of it.
    Interrupted(CreateError),
}
