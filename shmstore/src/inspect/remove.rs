//! Removing a segment by what is known of it: orphans and half-made ones too, which no store can name.

use std::collections::HashSet;
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use nix::errno::Errno;

use super::{Description, InspectError, Segment, SegmentState};
use crate::error::OpenError;
use crate::layout::key::Key;
use crate::segment::anchor::Anchor;
use crate::segment::header::{Header, State};
use crate::store::{AnchorLock, Deadline, GRACE_PERIOD};
use crate::sys::file;
use crate::sys::process::effective_uid;
use crate::sys::shm::{self, Access};

/// What is to be done with a segment that is in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhileAttached {
    /// It is refused.
    Refuse,
    /// It is removed all the same: it lives on for those who have it attached, and nobody else finds it.
    Remove,
}

/// How long one removal waits for an anchor's lock, and how long all removals of a run wait for locks and for lookers.
const SOON: Duration = Duration::from_millis(500);
const ALL_TOGETHER: Duration = Duration::from_secs(2);

/// The removal of segments, one after the other.
///
/// Any user may hold the lock of an anchor, and look at a segment without rest. Each removal waits a moment for both. All removals by one
/// `Removal` together wait no longer than two seconds.
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
    /// How much longer to wait.
    left: Duration,
    /// Devices and inodes of anchors that were locked all the time.
    busy: HashSet<(u64, u64)>,
}

impl Removal {
    /// Begins a run of removals.
    #[must_use]
    pub fn new() -> Self {
        Self { left: ALL_TOGETHER, busy: HashSet::new() }
    }

    /// Removes a segment. As [`Segment::remove`], except for how long it waits.
    ///
    /// # Errors
    ///
    /// As [`Segment::remove`].
    pub fn remove(&mut self, segment: &Segment, while_attached: WhileAttached) -> Result<(), InspectError> {
        let (mut lookers, mut waited) = (Deadline::new(GRACE_PERIOD.min(self.left)), None);
        let done = loop {
            match segment.remove_now(while_attached, self) {
                Err(InspectError::InUse { .. }) if lookers.pause() => drop(waited.get_or_insert_with(Instant::now)),
                done => break done,
            }
        };
        self.spend(waited.map_or(Duration::ZERO, |since| since.elapsed()));
        done
    }

    fn spend(&mut self, time: Duration) {
        self.left = self.left.saturating_sub(time);
    }

    /// The anchor's lock, if it can be had soon. Any owner will do: nothing is believed because of it. Only the very file or
    /// directory that the segment names is opened, never a device that somebody has put in its place.
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
    /// Removes the segment, if it still is what it was when it was listed; for who insists, if it is the same segment, whatever was
    /// written in it since. What is not provably shmstore's is never removed: not one in which nothing is written yet, whoever made it.
    ///
    /// The anchor's lock is taken first, if the anchor is there and fit to be one: so nobody creates or recovers the object
    /// meanwhile. It waits at most half a second for the lock, and a second for others that only look at the segment. A run of
    /// removals is bounded as a whole by [`Removal`].
    ///
    /// # Errors
    ///
    /// [`InspectError`]: foreign, gone, changed or written over since, in use, or not ours to remove.
    pub fn remove(&self, while_attached: WhileAttached) -> Result<(), InspectError> {
        Removal::new().remove(self, while_attached)
    }

    fn remove_now(&self, while_attached: WhileAttached, removal: &mut Removal) -> Result<(), InspectError> {
        let shmid = self.shmid;
        let _lock = self.description.as_ref().filter(|of| of.path_is_whole).and_then(|of| removal.lock(of));
        // Attached until it is removed: what is judged is what is removed.
        let (now, attached) = Self::attached_of_shmid(shmid)?;
        if now.made() != self.made() {
            return Err(InspectError::Gone { shmid });
        }
        // Whoever writes in it without rest must not keep it from those who insist.
        if while_attached == WhileAttached::Refuse && !now.says_the_same(self) {
            return Err(InspectError::Rewritten { shmid });
        }
        let was_left = matches!(self.state, SegmentState::Abandoned | SegmentState::Orphaned);
        match now.state {
            // Its anchor is back, or its creator is not dead: what was to be removed for that is not.
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
        if now.attached > 0 && while_attached == WhileAttached::Refuse {
            return Err(InspectError::InUse { shmid, attached: now.attached });
        }
        // To say so in it. Who may remove it need not be allowed to write it.
        let mapping = shm::attach(shmid, Access::ReadWrite).ok().and_then(|(unread, _)| unread.readable().ok());
        if while_attached == WhileAttached::Refuse {
            // To judge it took a while.
            let ours = u64::from(attached.is_some()) + u64::from(mapping.is_some());
            let others = shm::status(shmid).map_or(0, |status| status.attach_count.saturating_sub(ours));
            if others > 0 {
                return Err(InspectError::InUse { shmid, attached: others });
            }
        }
        match shm::remove(shmid) {
            Ok(()) => {}
            Err(Errno::EINVAL | Errno::EIDRM) => return Err(InspectError::Gone { shmid }),
            Err(Errno::EPERM) if ![now.owner, now.creator].contains(&effective_uid()) => {
                let Self { owner, mode, .. } = now;
                return Err(InspectError::AccessDenied {
                    shmid,
                    attempted: "removed",
                    owner,
                    mode,
                    uid: effective_uid(),
                });
            }
            Err(errno) => {
                return Err(InspectError::System {
                    attempted: "remove (`shmctl(IPC_RMID)`)",
                    shmid,
                    cause: errno.into(),
                });
            }
        }
        let header = mapping.as_ref().filter(|_| now.description.is_some()).and_then(Header::of);
        if let Some(header) = header {
            header.set_state(State::Removed);
        }
        Ok(())
    }

    /// What the kernel alone writes, when a segment is made and when it is removed.
    fn made(&self) -> (Key, u64, u32, u32) {
        (self.key, self.size, self.creator, self.creator_pid)
    }
}

const BLANK: &str = "nothing is written in it, and its size alone does not prove that it is. Whoever creates an object at its key next \
                     takes it away; or remove it by `ipcrm -m`";
