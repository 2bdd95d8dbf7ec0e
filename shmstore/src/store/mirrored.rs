//! Copies of other machines' objects. One process owns a copy, and it alone writes it.
//!
//! | from | to | by |
//! |---|---|---|
//! | no object | a copy, owned | its creator, under the anchor's lock, before the object is ready |
//! | a copy, owned | a copy without an owner | the owner: it gives the ownership up, or ends |
//! | a copy without an owner | a copy, owned | a process that takes it over, under the lock |
//! | a copy without an owner | an ordinary object | a process that attaches it for writing, under the lock |
//!
//! No ordinary object ever becomes a copy. So a process that finds no copy attaches the object without the lock.

use std::time::Duration;

use super::create::Role;
use super::{Deadline, Found, IfExists, Purpose, Target};
use crate::error::{AttachError, CreateError};
use crate::segment::header::Geometry;
use crate::segment::identity::Identity;
use crate::segment::this_process::registry::{Owner, SegmentRef, living_owner};
use crate::segment::this_process::{is_ours, token};
use crate::sys::failpoint::{self, Step};

/// The exclusive right of this process to write a copy. Dropping it gives the right up.
pub(crate) struct Ownership {
    attached: SegmentRef,
    token: u32,
}

impl Ownership {
    /// The process has written its token to the header.
    fn new(attached: SegmentRef) -> Self {
        Self { attached, token: token() }
    }

    pub(crate) fn attached(&self) -> &SegmentRef {
        &self.attached
    }
}

impl Drop for Ownership {
    fn drop(&mut self) {
        // A child that was forked since has another token, and leaves the copy to its parent.
        if is_ours(self.token) {
            self.attached.header().clear_owner_token(self.token);
        }
    }
}

impl Target<'_> {
    /// Creates a copy, all zero, which this process owns.
    pub(crate) fn create_copy(&self, origin: &str) -> Result<Ownership, CreateError> {
        let entered = self.create_as(Role::Copy { origin }, IfExists::Refuse, &mut |_| Ok(()))?;
        Ok(Ownership::new(entered.attached))
    }

    /// Takes over a copy of an origin, if it has no owner.
    pub(crate) fn take_over_copy(&self, origin: &str) -> Result<Ownership, AttachError> {
        let mut deadline = Deadline::new(self.policy.wait);
        let lock = self.lock(&mut deadline)?;
        let identity = lock.anchor().identity();
        self.check_not_initializing(&identity)?;
        let found = self.recover(&lock, &mut deadline)?;
        let found = found.ok_or_else(|| self.not_found(&identity, Duration::ZERO))?;
        let geometry = self.check_fits(&identity, &found)?;
        if !found.header().is_mirrored() {
            return Err(AttachError::NotMirrored { subject: self.subject(Some(&identity)) });
        }
        let owner = self.living_owner(&found, &geometry);
        if owner.is_some() || !found.header().is_copy_of(origin) {
            return Err(self.mirrored(&identity, &found, owner));
        }
        let attached = self.register(&identity, found.mapping, geometry, found.status.shmid)?;
        failpoint::reach(Step::TakeOverEntered);
        attached.header().set_owner_token(token());
        Ok(Ownership::new(attached))
    }

    /// Refuses a copy that this process may not write. Returns `true` if it is a copy without an owner, which becomes
    /// an ordinary object under the lock.
    pub(super) fn check_writable(
        &self,
        identity: &Identity,
        found: &Found,
        geometry: &Geometry,
        purpose: Purpose,
    ) -> Result<bool, AttachError> {
        let header = found.header();
        match (purpose, header.is_mirrored()) {
            (Purpose::View, _) | (Purpose::Write, false) => Ok(false),
            (Purpose::Own, false) => Err(AttachError::NotMirrored { subject: self.subject(Some(identity)) }),
            (Purpose::Own, true) if is_ours(header.owner_token()) => Ok(false),
            (Purpose::Own, true) => Err(self.mirrored(identity, found, self.living_owner(found, geometry))),
            (Purpose::Write, true) => match self.living_owner(found, geometry) {
                None => Ok(true),
                owner => Err(self.mirrored(identity, found, owner)),
            },
        }
    }

    fn living_owner(&self, found: &Found, geometry: &Geometry) -> Option<Owner> {
        living_owner(&found.mapping, geometry, found.status.shmid, self.path)
    }

    fn mirrored(&self, identity: &Identity, found: &Found, owner: Option<Owner>) -> AttachError {
        AttachError::Mirrored {
            subject: self.subject(Some(identity)),
            origin: found.header().origin(),
            owner_pid: owner.and_then(|owner| owner.pid),
        }
    }
}
