//! Removal of listed segments, including orphaned and abandoned ones, which no store can name.

use std::collections::HashSet;
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use nix::errno::Errno;

use super::{Description, InspectError, Segment, SegmentState};
use crate::error::OpenError;
use crate::layout::key::Key;
use crate::segment::anchor::Anchor;
use crate::segment::header::{Header, JOURNAL_BIT, State};
use crate::store::{AnchorLock, Deadline, Excluded, GRACE_PERIOD, attached_by_others};
use crate::sys::failpoint::{self, Step};
use crate::sys::file;
use crate::sys::process::effective_uid;
use crate::sys::shm::{self, Access};

/// The rule for a segment that is in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhileAttached {
    /// Do not remove it.
    Refuse,
    /// Remove it. The processes that have it attached keep it, and no other process finds it.
    ///
    /// A segment with unknown features, or with a header that was overwritten since it was listed, is removed, too.
    Remove,
}

/// The longest wait of one removal for an anchor's lock, and the longest wait of all removals of a run together.
const SOON: Duration = Duration::from_millis(500);
const ALL_TOGETHER: Duration = Duration::from_secs(2);

/// A run of removals, one segment after the other.
///
/// Each removal waits a moment for the anchor's lock and for processes that only read the segment. Any user could keep
/// both busy. So all removals of one `Removal` together wait at most two seconds.
///
/// ```no_run
/// use shmstore::inspect::{Removal, SegmentState, WhileAttached, segments};
///
/// let mut removal = Removal::new();
/// for segment in segments()?.iter().filter(|segment| segment.state == SegmentState::Orphaned) {
///     removal.remove(segment, WhileAttached::Refuse)?;
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Removal {
    /// The rest of the time for waits.
    left: Duration,
    /// Devices and inodes of anchors that could not be locked in time.
    busy: HashSet<(u64, u64)>,
}

impl Removal {
    /// Begins a run of removals.
    #[must_use]
    pub fn new() -> Self {
        Self { left: ALL_TOGETHER, busy: HashSet::new() }
    }

    /// Removes a segment as [`Segment::remove`] does, but waits only within the time of the run.
    ///
    /// # Errors
    ///
    /// The errors of [`Segment::remove`].
    pub fn remove(&mut self, segment: &Segment, while_attached: WhileAttached) -> Result<(), InspectError> {
        let mut readers = Deadline::new(GRACE_PERIOD.min(self.left));
        let done = loop {
            match segment.remove_now(while_attached, self, &mut readers) {
                Err(InspectError::InUse { .. }) if readers.pause() => {}
                done => break done,
            }
        };
        self.spend(readers.spent());
        done
    }

    fn spend(&mut self, time: Duration) {
        self.left = self.left.saturating_sub(time);
    }

    /// Locks the anchor, if its lock is free soon.
    ///
    /// The anchor may have any owner, because nothing is trusted because of it. Only the file or directory of the inode
    /// that the segment names is opened, and never a device that another user has put at its path.
    fn lock(&mut self, description: &Description) -> Option<AnchorLock> {
        let held = file::hold(&description.path).ok()?;
        let stat = file::stat_fd(held.as_fd()).ok()?;
        let inode = (stat.dev, stat.ino);
        let is_it = inode == (description.device, description.inode) && (stat.is_dir() || stat.is_file());
        let path = is_it.then(|| file::held_path(held.as_fd()))?;
        let anchor = Anchor::open(&path, |_| true).ok()?;
        let limit = if self.busy.contains(&inode) { Duration::ZERO } else { SOON.min(self.left) };
        let since = Instant::now();
        let lock = AnchorLock::acquire(&path, &anchor, |_| true, &mut Deadline::new(limit));
        self.spend(since.elapsed());
        if let Err(OpenError::Busy { .. }) = lock {
            self.busy.insert(inode);
        }
        lock.ok()
    }
}

impl Default for Removal {
    fn default() -> Self {
        Self::new()
    }
}

impl Segment {
    /// Removes the segment, if it is still the same as when it was listed.
    ///
    /// # Details
    ///
    /// - A segment that is not provably shmstore's is never removed. A segment without any content is one of these.
    /// - The anchor's lock is taken first, if the anchor exists and can be locked. So no process creates or recovers
    ///   the object meanwhile.
    /// - The call waits at most half a second for the lock, and at most a second for processes that only read the
    ///   segment. A process that attaches the object meanwhile waits, too. [`Removal`] bounds the waits of many
    ///   removals together.
    /// - If a migration of the object was interrupted, its journal is removed, too. So no process makes the object
    ///   anew.
    ///
    /// # Errors
    ///
    /// - [`InspectError::Foreign`] if it is not provably an object of shmstore.
    /// - [`InspectError::Gone`] if it does not exist any more.
    /// - [`InspectError::Changed`] if it was abandoned or orphaned and is not any more.
    /// - [`InspectError::Rewritten`], [`InspectError::NewerFormat`] and [`InspectError::InUse`] in the cases that
    ///   [`WhileAttached::Remove`] permits.
    /// - [`InspectError::AccessDenied`] if this process has no permission to read or to remove it.
    /// - [`InspectError::NotReady`] if it cannot be attached for another reason.
    /// - [`InspectError::System`] if a system call fails for another reason.
    pub fn remove(&self, while_attached: WhileAttached) -> Result<(), InspectError> {
        Removal::new().remove(self, while_attached)
    }

    fn remove_now(
        &self,
        while_attached: WhileAttached,
        removal: &mut Removal,
        readers: &mut Deadline,
    ) -> Result<(), InspectError> {
        let shmid = self.shmid;
        let lock = self.description.as_ref().filter(|of| of.path_is_whole).and_then(|of| removal.lock(of));
        // It stays attached until it is removed, so that the classified segment is the one that is removed.
        let (now, attached) = Self::attached_of_shmid(shmid)?;
        if now.made() != self.made() {
            return Err(InspectError::Gone { shmid });
        }
        // A process that overwrites the header again and again must not prevent a forced removal.
        if while_attached == WhileAttached::Refuse && !now.has_description_of(self) {
            return Err(InspectError::Rewritten { shmid });
        }
        let was_left = matches!(self.state, SegmentState::Abandoned | SegmentState::Orphaned);
        match now.state {
            // Its anchor is back, or its creator is alive, so the reason for the removal is gone.
            SegmentState::Ready | SegmentState::Initializing | SegmentState::Elsewhere if was_left => {
                return Err(InspectError::Changed { shmid, was: self.state, is: now.state });
            }
            SegmentState::Foreign | SegmentState::Unreadable => return Err(now.refused()),
            SegmentState::NewerFormat if while_attached == WhileAttached::Refuse => {
                return Err(InspectError::NewerFormat { shmid });
            }
            SegmentState::Initializing | SegmentState::Abandoned if now.description.is_none() => {
                return Err(InspectError::Foreign { shmid, why: BLANK });
            }
            _ => {}
        }
        // Mapped to set its state. A process with permission to remove it may have none to write it.
        let mapping = shm::attach(shmid, Access::ReadWrite).ok().and_then(|(unread, _)| unread.readable().ok());
        let header = mapping.as_ref().filter(|_| now.description.is_some()).and_then(Header::of);
        let lock_of_ready = lock.as_ref().filter(|_| now.state == SegmentState::Ready);
        let ours = u64::from(attached.is_some()) + u64::from(mapping.is_some());
        let excluded = match (while_attached, lock_of_ready, header) {
            (WhileAttached::Remove, ..) => Ok(None),
            // Without the lock another process would clear the flag.
            (_, Some(lock), Some(header)) => Excluded::new(lock, header, shmid, ours, readers).map(Some),
            _ => Some(attached_by_others(shmid, ours)).filter(|others| *others > 0).map_or(Ok(None), Err),
        };
        let excluded = excluded.map_err(|attached| InspectError::InUse { shmid, attached })?;
        failpoint::reach(Step::RemoveCounted);
        if lock_of_ready.is_some() {
            now.remove_journal();
        }
        shm::remove(shmid).map_err(|errno| now.not_removed(errno))?;
        header.inspect(|header| header.set_state(State::Removed));
        if let Some(excluded) = excluded {
            excluded.keep();
        }
        Ok(())
    }

    /// Removes the journal of a migration that a dead process has left, so that no process makes the object anew of it.
    /// The caller has the anchor's lock.
    ///
    /// A journal of another object stays: any user could have made this object in the place of a moved one.
    fn remove_journal(&self) {
        let key = self.key.with_id(self.key.id_byte() | JOURNAL_BIT);
        let Ok(Some(journal)) = shm::find(key) else { return };
        // It stays attached until it is removed, so the id is not another segment's.
        let Ok((journal, _attached)) = Self::attached_of_shmid(journal) else { return };
        let anchor = |of: &Self| of.description.as_ref().map(|of| (of.device, of.inode));
        let is_at_anchor = journal.state == SegmentState::Journal && anchor(&journal) == anchor(self);
        if is_at_anchor && journal.key == key && journal.is_journal_of(self) {
            // Without permission it stays, and the next process makes the object anew.
            let _ = shm::remove(journal.shmid);
        }
    }

    /// The reason why the kernel does not remove it.
    fn not_removed(&self, errno: Errno) -> InspectError {
        let &Self { shmid, owner, creator, mode, .. } = self;
        let uid = effective_uid();
        match errno {
            Errno::EINVAL | Errno::EIDRM => InspectError::Gone { shmid },
            Errno::EPERM if ![owner, creator].contains(&uid) => {
                InspectError::AccessDenied { shmid, attempted: "removed", owner, mode, uid }
            }
            errno => InspectError::System { attempted: "remove (`shmctl(IPC_RMID)`)", shmid, cause: errno.into() },
        }
    }

    /// The facts that only the kernel writes, and only when a segment is made or removed.
    fn made(&self) -> (Key, u64, u32, u32) {
        (self.key, self.size, self.creator, self.creator_pid)
    }
}

const BLANK: &str = "nothing is written in it, and its size alone does not prove that it is. The next process that creates \
                     an object at its key removes it. You can remove it by `ipcrm -m`";
