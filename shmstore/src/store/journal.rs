//! The journal of an object's move to another layout, and the recovery from a move that was interrupted. A move is what
//! a migration does in the store.
//!
//! The journal is a segment at a key of its own, which is made of the object's anchor and of its id with bit 7 set. No
//! id has this bit. The journal has the geometry, the layout and the values of the new object. So it exists as long as
//! the object, in the same IPC namespace, and no longer. Under the anchor's lock a move takes these steps, and a
//! process that finds them unfinished continues as the table says. `docs/design.md` numbers the steps in the same way.
//!
//! | step | recovery |
//! |---|---|
//! | 1. MOVING is set in the old object's flags | clear it |
//! | 2. the values are copied and converted, in private memory | clear MOVING |
//! | 3. the journal is made and filled | remove the journal if possible, clear MOVING |
//! | 4. the journal is READY | the old object is there: remove the journal, clear MOVING |
//! | 5. the old object is removed | make the new object of the journal |
//! | 6. the new object is made and filled | remove it, and make it of the journal |
//! | 7. the new object is READY, and says MOVING | remove the journal, clear MOVING |
//! | 8. the journal is REMOVED, then removed | remove the journal if possible, clear MOVING |
//! | 9. MOVING is cleared | |
//!
//! The journal is removed before MOVING is cleared, in each case. So no process stores to an object that has a complete
//! journal. Otherwise, if a program that knows no journals removed that object, the journal would bring back values
//! from before these stores.
//!
//! The journal holds the nonces of both objects. If another object stands at the key, both are left alone.

use std::time::Duration;

use super::create::Role;
use super::ownership::owner;
use super::{AnchorLock, Deadline, Found, Target};
use crate::error::{AttachError, CreateError, SegmentOwner};
use crate::layout::schema::OwnedSchema;
use crate::layout::type_layout::TypeLayout;
use crate::segment::classify::Class;
use crate::segment::header::{self, Damage, Geometry, JOURNAL_BIT, State, Stored};
use crate::segment::identity::Identity;
use crate::sys::failpoint::{self, Step};
use crate::sys::shm::{self, Mapping};

impl Target<'_> {
    /// The journal of the object.
    pub(super) fn journal(&self) -> Target<'_> {
        Target { id: self.id | JOURNAL_BIT, ..*self }
    }

    /// The segment at the journal's key, which need not be a journal. One system call if there is none.
    pub(super) fn journal_at(&self, identity: &Identity) -> Result<Option<SegmentOwner>, AttachError> {
        let found = shm::find(identity.key(self.id | JOURNAL_BIT));
        let shmid = found.map_err(|errno| self.system("look (`shmget`) for the journal of", identity, errno))?;
        let status = shmid.and_then(|shmid| {
            let in_table = || shm::table().ok()?.find(|status| status.shmid == shmid);
            shm::status(shmid).ok().or_else(in_table)
        });
        Ok(status.map(|status| owner(&status)))
    }

    /// The segment at the journal's key, for a process that has found no object.
    pub(super) fn journal_of_missing(&self, identity: &Identity) -> Result<Option<SegmentOwner>, AttachError> {
        failpoint::reach(Step::LookMissing);
        self.journal_at(identity)
    }

    /// Returns `true` if the object is at its key again, of which a process has found neither the object nor its
    /// journal: a move has ended in between. There was a pause then, and there is time left to look again.
    pub(super) fn is_back(&self, identity: &Identity, deadline: &mut Deadline) -> Result<bool, AttachError> {
        let found = shm::find(identity.key(self.id));
        let found = found.map_err(|errno| self.system("look (`shmget`) for", identity, errno))?;
        Ok(found.is_some() && deadline.pause())
    }

    /// Finishes or undoes a move that a dead process has left. The caller has the lock.
    pub(super) fn recover_move(&self, lock: &AnchorLock, deadline: &mut Deadline) -> Result<(), AttachError> {
        let identity = lock.anchor().identity();
        if self.journal_at(&identity)?.is_none() {
            return Ok(());
        }
        let Some(journal) = self.complete_journal(lock, deadline)? else { return Ok(()) };
        let (old, new) = journal.header().moved_nonces();
        match self.find(&identity, deadline)? {
            Some(found) if !found.class.is_left_over() => {
                let nonce = found.header().nonce();
                if !matches!(found.class, Class::Ready(_)) || ![old, new].contains(&nonce) {
                    let (subject, object) = (self.subject(Some(&identity)), owner(&found.status));
                    return Err(AttachError::MigrationConflict { subject, object, journal: owner(&journal.status) });
                }
                failpoint::reach(Step::MoveRecovered);
                end_move(&found, &journal);
            }
            left => {
                drop(left);
                self.recover_segment(lock, deadline)?;
                let made = self.finish_move(lock, &journal).map_err(|error| match error {
                    CreateError::Existing(error) => error,
                    cause => AttachError::MigrationInterrupted {
                        subject: self.subject(Some(&identity)),
                        cause: Box::new(cause),
                    },
                })?;
                end_move(&made, &journal);
            }
        }
        Ok(())
    }

    /// Finds the journal, if it is complete and its move may be unfinished.
    fn complete_journal(&self, lock: &AnchorLock, deadline: &mut Deadline) -> Result<Option<Found>, AttachError> {
        let identity = lock.anchor().identity();
        let journal = match self.journal().find(&identity, deadline) {
            // Another program's segment has the key, or another anchor's journal. A journal of this object would be at
            // this key and nowhere else.
            Err(AttachError::Foreign { .. } | AttachError::Collision { .. } | AttachError::Untrusted { .. }) => None,
            found => found?,
        };
        let Some(journal) = journal else { return Ok(None) };
        match journal.class {
            // The old object is there, as it is removed only after the journal is complete, or the new one is. A
            // process that may not remove the journal leaves it to its owner.
            Class::HalfMade | Class::Removed | Class::Orphan => {
                let _ = shm::remove(journal.status.shmid);
                return Ok(None);
            }
            // The old object or the new one is there, as above. This segment is removed once its age proves that no
            // other program has just made it.
            Class::Unwritten => {
                drop(journal);
                let _ = self.journal().recover_segment(lock, &mut Deadline::new(Duration::ZERO));
                return Ok(None);
            }
            _ => {}
        }
        self.check_ready(&identity, &journal)?;
        Ok(Some(journal))
    }

    /// Finds the journal of a move, if it is complete, and changes nothing.
    pub(super) fn complete_journal_to_read(&self, identity: &Identity) -> Option<Found> {
        let journal = self.journal().find_to_read(identity).ok().flatten();
        journal.filter(|found| matches!(found.class, Class::Ready(_)))
    }

    /// Makes the new object of the journal.
    fn finish_move(&self, lock: &AnchorLock, journal: &Found) -> Result<Found, CreateError> {
        let identity = lock.anchor().identity();
        let geometry = self.check_ready(&identity, journal)?;
        let layout = layout_in(journal, &geometry).map_err(|damage| self.damaged(&identity, damage))?;
        let (_, new) = journal.header().moved_nonces();
        let target = Target { layout: Some(&layout), ..*self };
        let values = |mapping: &Mapping| header::copy_payload(&journal.mapping, mapping, &geometry, layout.size());
        target.make_like(lock, &journal.status, &geometry, Role::Moved { nonce: new }, &values)
    }
}

/// Removes the journal, and then lets processes attach the object, the old one or the new one.
pub(super) fn end_move(object: &Found, journal: &Found) {
    failpoint::reach(Step::MoveReady);
    remove_journal(journal);
    failpoint::reach(Step::JournalGone);
    object.header().flags().clear_moving();
}

/// Removes a journal whose object is complete.
pub(super) fn remove_journal(journal: &Found) {
    // This is enough if the process may not remove the segment, or dies in between.
    journal.header().set_state(State::Removed);
    failpoint::reach(Step::JournalDone);
    let _ = shm::remove(journal.status.shmid);
}

/// The layout of the new object, by its journal.
fn layout_in(journal: &Found, geometry: &Geometry) -> Result<TypeLayout, Damage> {
    let Stored { json, hash, .. } = header::read_layout(&journal.mapping, geometry)?;
    let schema = OwnedSchema::from_json(json).map_err(|error| Damage::new("journal's schema", error))?;
    if schema.hash() != hash {
        return Err(Damage::new("journal's layout hash", hash));
    }
    let layout = TypeLayout::of_owned(schema, geometry.room());
    let layout = layout.filter(|layout| geometry.holds(layout));
    layout.ok_or_else(|| Damage::new("journal's schema", "of another length or size than its header says"))
}
