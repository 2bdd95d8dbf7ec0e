//! Attaching to an object, for writing or for reading only.
//!
//! A process that attaches for reading only writes, removes and recovers nothing, whatever it finds.

use std::time::Duration;

use super::ownership::owner;
use super::{AnchorLock, Deadline, Entered, Found, Purpose, Target};
use crate::error::{AttachError, OpenError, SegmentOwner};
use crate::segment::classify::Class;
use crate::segment::header::Geometry;
use crate::segment::identity::Identity;
use crate::segment::participants::ClaimError;
use crate::segment::this_process::registry::{self, Candidate, SegmentRef};
use crate::sys::failpoint::{self, Step};
use crate::sys::process::effective_uid;
use crate::sys::shm::{Access, Mapping};

/// The segment at the key, once it is known whether its creator is at work.
pub(super) enum Seen {
    /// No segment, or one that its creator has finished, or one that a dead process left.
    Settled(Option<Found>),
    /// A creator is at work, or the segment changes. There was a pause, and there is time left to check again.
    AtWork,
}

/// The result of one try for the anchor's lock, which a creator holds while it works.
pub(super) enum Tried {
    /// No creator is at work.
    Locked(AnchorLock),
    /// A process holds the lock. There was a pause, and there is time left to check again.
    Paused,
    /// The anchor is missing, and so is the object.
    Missing,
}

impl Target<'_> {
    /// Tries the anchor's lock, to learn whether the creator of an incomplete segment is at work.
    ///
    /// # Errors
    ///
    /// `StillInitializing` if the lock is held and the time is over.
    pub(super) fn try_lock(
        &self,
        identity: &Identity,
        segment: SegmentOwner,
        deadline: &mut Deadline,
    ) -> Result<Tried, AttachError> {
        match self.lock(&mut Deadline::new(Duration::ZERO)) {
            Ok(lock) => Ok(Tried::Locked(lock)),
            Err(OpenError::Busy { .. }) if deadline.pause() => Ok(Tried::Paused),
            Err(OpenError::Busy { .. }) => {
                let subject = self.subject(Some(identity));
                Err(AttachError::StillInitializing { subject, segment, waited: deadline.limit() })
            }
            Err(OpenError::NotFound { .. } | OpenError::DanglingLink { .. }) => Ok(Tried::Missing),
            Err(error) => Err(error.into()),
        }
    }

    /// Attaches to the object, and waits up to `wait` if it does not exist yet.
    pub(crate) fn attach(&self, wait: Duration) -> Result<Entered, AttachError> {
        self.attach_for(Purpose::Write, wait)
    }

    /// As [`attach`](Self::attach), to a copy of another machine's object that this process owns.
    pub(crate) fn attach_own(&self) -> Result<Entered, AttachError> {
        self.attach_for(Purpose::Own, Duration::ZERO)
    }

    /// As [`attach`](Self::attach), and never extends the object, which may be a copy.
    pub(crate) fn attach_view(&self, wait: Duration) -> Result<SegmentRef, AttachError> {
        self.attach_for(Purpose::View, wait).map(|entered| entered.attached)
    }

    fn attach_for(&self, purpose: Purpose, wait: Duration) -> Result<Entered, AttachError> {
        self.attach_by(wait, |identity, found, deadline| self.enter(identity, found, purpose, deadline))
    }

    /// Waits for the object as [`attach`](Self::attach) does, and has `enter` attach the complete object.
    pub(super) fn attach_by<T>(
        &self,
        wait: Duration,
        enter: impl Fn(&Identity, Found, &mut Deadline) -> Result<T, AttachError>,
    ) -> Result<T, AttachError> {
        let mut for_missing = Deadline::new(wait);
        let mut for_creator = Deadline::new(wait.max(self.policy.wait));
        loop {
            let identity = self.refresh_within(&mut for_missing)?.identity();
            self.check_not_initializing(&identity)?;
            let seen = match self.find(&identity, &mut for_creator)? {
                // Not attached during the pause.
                Some(found) if found.is_in_work() => {
                    let segment = owner(&found.status);
                    drop(found);
                    self.wait_for_creator(&identity, segment, &mut for_creator)?
                }
                None => match self.journal_of_missing(&identity)? {
                    Some(journal) => self.wait_for_creator(&identity, journal, &mut for_creator)?,
                    None if self.is_back(&identity, &mut for_creator)? => Seen::AtWork,
                    None => Seen::Settled(None),
                },
                found => Seen::Settled(found),
            };
            // Each round pauses, so an object that changes without end does not make the call outlast the limit.
            match seen {
                Seen::Settled(Some(found)) => match enter(&identity, found, &mut for_creator) {
                    Err(error) if is_to_come(&error) && for_missing.pause() => {}
                    entered => return entered,
                },
                Seen::Settled(None) if !for_missing.pause() => return Err(self.not_found(&identity, wait)),
                Seen::Settled(None) | Seen::AtWork => {}
            }
        }
    }

    pub(super) fn not_found(&self, identity: &Identity, waited: Duration) -> AttachError {
        let ipc_namespace = std::fs::read_link("/proc/self/ns/ipc")
            .map_or_else(|_| "an unknown IPC namespace".into(), |link| link.display().to_string());
        AttachError::NotFound { subject: self.subject(Some(identity)), waited, uid: effective_uid(), ipc_namespace }
    }

    /// A process that holds the lock is at work. If no process holds it, the creator is dead, and this process cleans
    /// up. Returns the segment that is there then.
    fn wait_for_creator(
        &self,
        identity: &Identity,
        segment: SegmentOwner,
        deadline: &mut Deadline,
    ) -> Result<Seen, AttachError> {
        match self.try_lock(identity, segment, deadline)? {
            Tried::Locked(lock) => {
                let left = self.recover(&lock, deadline)?;
                // If the path names another file since, the next round finds its object.
                let is_meant = lock.anchor().identity() == *identity;
                if left.is_some() && !is_meant && deadline.pause() {
                    return Ok(Seen::AtWork);
                }
                Ok(Seen::Settled(left.filter(|_| is_meant)))
            }
            Tried::Paused => Ok(Seen::AtWork),
            // The caller waits for it.
            Tried::Missing => Ok(Seen::Settled(None)),
        }
    }

    /// Attaches to the object for reading only, and waits up to `wait` if it does not exist yet. An object that a dead
    /// process left incomplete does not exist: only processes that may write clean it up.
    pub(crate) fn attach_read_only(&self, wait: Duration) -> Result<SegmentRef, AttachError> {
        let mut for_missing = Deadline::new(wait);
        let mut for_creator = Deadline::new(wait.max(self.policy.wait));
        let mut left_over = None;
        loop {
            let identity = self.refresh_within(&mut for_missing)?.identity();
            self.check_not_initializing(&identity)?;
            match self.see(&identity, left_over, &mut for_creator)? {
                Seen::AtWork => continue,
                Seen::Settled(Some(found)) if !found.class.is_left_over() => {
                    match self.enter_to_read(&identity, found) {
                        Err(error) if is_to_come(&error) && for_missing.pause() => continue,
                        entered => return entered,
                    }
                }
                Seen::Settled(found) => left_over = found.map(|found| found.status.shmid),
            }
            // Nothing is attached during the pause.
            if !for_missing.pause() {
                let journal = self.complete_journal_to_read(&identity).map(|journal| owner(&journal.status));
                let Some(journal) = journal else { return Err(self.not_found(&identity, wait)) };
                return Err(AttachError::MigrationUnfinished { subject: self.subject(Some(&identity)), journal });
            }
        }
    }

    /// Finds the segment at the key, with the lock if a creator may be at work. The lock is not tried again for a
    /// segment that is known to be left over.
    fn see(&self, identity: &Identity, left_over: Option<i32>, deadline: &mut Deadline) -> Result<Seen, AttachError> {
        match if_not_abandoned(self.find_for(Access::ReadOnly, identity, deadline))? {
            Some(found) if is_unfinished(&found) && left_over != Some(found.status.shmid) => {
                let segment = owner(&found.status);
                // Not attached during the pause.
                drop(found);
                self.see_under_lock(identity, segment, deadline)
            }
            None => match self.journal_of_missing(identity)? {
                Some(journal) => self.see_under_lock(identity, journal, deadline),
                None if self.is_back(identity, deadline)? => Ok(Seen::AtWork),
                None => Ok(Seen::Settled(None)),
            },
            found => Ok(Seen::Settled(found)),
        }
    }

    /// A process that holds the lock is at work, and gets time. If no process holds it, the creator has finished
    /// meanwhile, or is dead. An object that a dead process was moving is complete: the move is undone later.
    fn see_under_lock(
        &self,
        identity: &Identity,
        segment: SegmentOwner,
        deadline: &mut Deadline,
    ) -> Result<Seen, AttachError> {
        failpoint::reach(Step::LookUnfinished);
        let lock = match self.try_lock(identity, segment, deadline)? {
            Tried::Locked(lock) => lock,
            Tried::Paused => return Ok(Seen::AtWork),
            // The caller waits for it.
            Tried::Missing => return Ok(Seen::Settled(None)),
        };
        if lock.anchor().identity() != *identity {
            return Ok(Seen::Settled(None));
        }
        let found = if_not_abandoned(self.find_to_read(identity))?;
        match &found {
            // No creator is at work, so none can have written the rest before the first word.
            Some(found) if found.class.has_data_without_first_word(&found.mapping) => {
                Err(self.foreign(identity, &found.status))
            }
            _ => Ok(Seen::Settled(found)),
        }
    }

    /// A segment that this process found ready, or made.
    pub(super) fn segment(
        &self,
        identity: &Identity,
        mapping: Mapping,
        geometry: Geometry,
        shmid: i32,
    ) -> Candidate<'_> {
        Candidate { mapping, geometry, shmid, key: identity.key(self.id), anchor: self.path, schema: self.schema() }
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

/// For a process that only reads, an incomplete object of another user does not exist.
fn if_not_abandoned(found: Result<Option<Found>, AttachError>) -> Result<Option<Found>, AttachError> {
    match found {
        Err(AttachError::Abandoned { .. }) => Ok(None),
        found => found,
    }
}

/// Returns `true` if the segment's creator is at work, or died before it was complete.
fn is_unfinished(found: &Found) -> bool {
    matches!(found.class, Class::Unwritten | Class::HalfMade) || found.is_moving
}

/// Returns `true` if waiting may help: another process may create the object, or extend it.
fn is_to_come(error: &AttachError) -> bool {
    matches!(error, AttachError::NotFound { .. } | AttachError::Shorter { .. })
}
