//! Creating an object.

use std::error::Error;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use nix::errno::Errno;

use super::find::ATTACH;
use super::ownership::Handover;
use super::{AnchorLock, Deadline, Entered, Found, GRACE_PERIOD, Origin, Purpose, Target};
use crate::error::{AttachError, CreateError};
use crate::layout::type_layout::TypeLayout;
use crate::segment::anchor::Anchor;
use crate::segment::classify::Class;
use crate::segment::header::{self, Geometry, Header, Provenance, State, record_len};
use crate::segment::identity::Identity;
use crate::segment::liveness::LivenessFile;
use crate::segment::this_process::registry::SegmentRef;
use crate::segment::this_process::{local, token};
use crate::sys::failpoint::{self, Step};
use crate::sys::shm::{self, Access, Mapping, Status};
use crate::sys::vantage::Vantage;

/// The attempt of `shm::create`, in an error.
pub(super) const CREATE: &str = "create (`shmget`)";

/// The attempt of `shm::set_owner`, in an error.
pub(super) const GIVE: &str = "give (`shmctl(IPC_SET)`) to its owner and group";

/// Fills a new object.
pub(crate) type Init<'a> = &'a mut dyn FnMut(&SegmentRef) -> Result<(), Box<dyn Error + Send + Sync>>;

/// The action if the object exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum IfExists {
    Refuse,
    Attach,
    Replace,
    /// Replaces it if it has the same layout and no process has it attached.
    ReplaceUnused,
}

/// The kind of a new segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role<'a> {
    /// A new object.
    Object,
    /// A copy of another machine's object. This process owns it.
    Copy { origin: &'a str },
    /// The new object of a move, which no process may use before the journal is removed.
    Moved { nonce: u64 },
    /// The journal of a move.
    Journal { old_nonce: u64, new_nonce: u64 },
}

/// A segment for a new object, or the object that existed.
pub(super) enum Made<'a> {
    New(Unfinished<'a>, Mapping, Status),
    There(Found),
}

/// Removes the segment again unless it got ready. A child process that was forked meanwhile does not remove its
/// parent's.
pub(super) struct Unfinished<'a> {
    pub(super) shmid: i32,
    lock: &'a AnchorLock,
}

impl Drop for Unfinished<'_> {
    fn drop(&mut self) {
        if self.lock.is_ours() {
            // It may be removed already.
            let _ = shm::remove(self.shmid);
        }
    }
}

/// Notes which object the thread initializes, so that its init closure does not wait for itself.
pub(super) struct Initializing<'a>(&'a Target<'a>, Identity);

impl<'a> Initializing<'a> {
    pub(super) fn new(target: &'a Target<'a>, identity: Identity) -> Self {
        local().set_initializing(identity.dev, identity.ino, target.id, true);
        Self(target, identity)
    }
}

impl Drop for Initializing<'_> {
    fn drop(&mut self) {
        let Self(target, identity) = self;
        local().set_initializing(identity.dev, identity.ino, target.id, false);
    }
}

impl Target<'_> {
    /// Creates the object, or does what `if_exists` says.
    pub(crate) fn create(&self, if_exists: IfExists, init: Init<'_>) -> Result<Entered, CreateError> {
        self.create_as(Role::Object, if_exists, init)
    }

    pub(super) fn create_as(
        &self,
        role: Role<'_>,
        if_exists: IfExists,
        init: Init<'_>,
    ) -> Result<Entered, CreateError> {
        if if_exists == IfExists::Attach {
            if let Some(ready) = self.attach_if_ready()? {
                return Ok(ready);
            }
        }
        let lock = self.lock(&mut Deadline::new(self.policy.wait))?;
        let identity = lock.anchor().identity();
        self.check_not_initializing(&identity)?;
        failpoint::reach(Step::CreateLocked);
        let mut deadline = Deadline::new(self.policy.wait);
        self.recover_move(&lock, &mut deadline)?;
        let geometry =
            geometry_of(self.layout(), self.policy.max_processes).ok_or_else(|| self.too_large(&identity, u64::MAX))?;
        let replaces = matches!(if_exists, IfExists::Replace | IfExists::ReplaceUnused);
        let replaced = replaces && self.make_way(&lock, if_exists, &geometry, &mut deadline)?;
        // A process that inspects the old object for a moment keeps the kernel's memory in use for so long.
        let mut for_room = Deadline::new(if replaced { GRACE_PERIOD } else { Duration::ZERO });
        let mut make = || match self.make_segment(&lock, &geometry, &mut deadline, &mut for_room)? {
            Made::New(unfinished, mapping, status) => {
                if !replaced {
                    self.check_one_ipc_namespace(&lock)?;
                }
                self.write_header(&mapping, &status, lock.anchor(), &geometry, role);
                self.finish(&lock, unfinished, mapping, geometry, init)
            }
            Made::There(found) => self.meet(&identity, if_exists, found, &mut deadline),
        };
        make().map_err(|error| if replaced { self.lost(&identity, error) } else { error })
    }

    fn attach_if_ready(&self) -> Result<Option<Entered>, AttachError> {
        let identity = self.refresh()?.identity();
        self.check_not_initializing(&identity)?;
        let mut deadline = Deadline::new(self.policy.wait);
        let found = self.find(&identity, &mut deadline)?;
        match found {
            Some(found) if !found.is_in_work() => match self.enter(&identity, found, Purpose::Write, &mut deadline) {
                // It was removed before it could grow.
                Err(AttachError::NotFound { .. }) => Ok(None),
                entered => entered.map(Some),
            },
            _ => Ok(None),
        }
    }

    /// The object existed when this process got the lock.
    fn meet(
        &self,
        identity: &Identity,
        if_exists: IfExists,
        found: Found,
        deadline: &mut Deadline,
    ) -> Result<Entered, CreateError> {
        if if_exists == IfExists::Attach || !matches!(found.class, Class::Ready(_)) {
            return Ok(self.enter(identity, found, Purpose::Write, deadline)?);
        }
        Err(self.already_exists(identity, &found))
    }

    pub(super) fn already_exists(&self, identity: &Identity, found: &Found) -> CreateError {
        let stored = match &found.class {
            Class::Ready(geometry) => header::read_layout(&found.mapping, geometry).ok(),
            _ => None,
        };
        let same_layout = stored.is_some_and(|stored| stored.hash == self.layout().hash());
        let subject = self.subject(Some(identity));
        CreateError::AlreadyExists { subject, creator: found.header().creator(), same_layout }
    }

    /// Completes the object in a segment that has its header.
    fn finish(
        &self,
        lock: &AnchorLock,
        unfinished: Unfinished<'_>,
        mapping: Mapping,
        geometry: Geometry,
        init: Init<'_>,
    ) -> Result<Entered, CreateError> {
        let identity = lock.anchor().identity();
        let shmid = unfinished.shmid;
        let attached = self.register(&identity, mapping, geometry, shmid)?;
        failpoint::reach(Step::CreateParticipant);
        {
            let _initializing = Initializing::new(self, identity);
            init(&attached).map_err(|cause| CreateError::Init { subject: self.subject(Some(&identity)), cause })?;
        }
        failpoint::reach(Step::CreateInitialized);
        if !lock.is_ours() {
            return Err(CreateError::ForkedInInit { subject: self.subject(Some(&identity)) });
        }
        self.publish(&identity, unfinished, attached.header())?;
        failpoint::reach(Step::CreateReady);
        Ok(Entered { attached, origin: Origin::Created })
    }

    /// Makes a complete segment ready, unless it was removed meanwhile.
    pub(super) fn publish(
        &self,
        identity: &Identity,
        unfinished: Unfinished<'_>,
        header: &Header,
    ) -> Result<(), CreateError> {
        match shm::status(unfinished.shmid) {
            Ok(status) if !status.removed => {}
            _ => return Err(self.removed_meanwhile(identity)),
        }
        header.set_state(State::Ready);
        std::mem::forget(unfinished);
        Ok(())
    }

    /// Makes and attaches the segment, unless the object exists. Repeats this if another process removes the segment in
    /// between. This process has the lock, so a segment at the key that is not ready was left by a dead process.
    pub(super) fn make_segment<'a>(
        &self,
        lock: &'a AnchorLock,
        geometry: &Geometry,
        deadline: &mut Deadline,
        for_room: &mut Deadline,
    ) -> Result<Made<'a>, CreateError> {
        let identity = lock.anchor().identity();
        let handover = Handover::at(self, lock.anchor())?;
        let mut recovered = false;
        loop {
            let shmid = match shm::create(identity.key(self.id), geometry.segment_size, handover.first_mode()) {
                Ok(shmid) => shmid,
                Err(Errno::EEXIST) => match self.recover_segment(lock, deadline)? {
                    Some(found) => return Ok(Made::There(found)),
                    // Again if a process that does not use the lock was faster.
                    None if !recovered || deadline.pause() => {
                        recovered = true;
                        continue;
                    }
                    None => return Err(self.system(CREATE, &identity, Errno::EEXIST).into()),
                },
                Err(Errno::ENOSPC) if for_room.pause() => continue,
                Err(errno) => return Err(self.create_failed(&identity, geometry, errno)),
            };
            let unfinished = Unfinished { shmid, lock };
            failpoint::reach(Step::CreateSegment);
            handover.complete(shmid).map_err(|errno| self.system(GIVE, &identity, errno))?;
            let attached = shm::attach(shmid, Access::ReadWrite);
            match attached.and_then(|(new, status)| Ok((new.readable().map_err(|_| Errno::ENOMEM)?, status))) {
                Ok((mapping, status)) if !status.removed => return Ok(Made::New(unfinished, mapping, status)),
                Ok(_) | Err(Errno::EINVAL | Errno::EIDRM) if deadline.pause() => {}
                Ok(_) | Err(Errno::EINVAL | Errno::EIDRM) => return Err(self.removed_meanwhile(&identity)),
                Err(Errno::ENOMEM) => {
                    return Err(self.create_failed(&identity, geometry, Errno::ENOMEM));
                }
                Err(errno) => return Err(self.system(ATTACH, &identity, errno).into()),
            }
        }
    }

    pub(super) fn write_header(
        &self,
        mapping: &Mapping,
        status: &Status,
        anchor: &Anchor,
        geometry: &Geometry,
        role: Role<'_>,
    ) {
        let nonce = if let Role::Moved { nonce } = role { nonce } else { local().draw_nonce() };
        let layout = self.layout();
        let identity = &anchor.identity();
        let header = Header::of(mapping).expect("a new segment has room for a header");
        let path = self.real_path(anchor);
        header.claim(identity, self.id);
        failpoint::reach(Step::CreateClaimed);
        let path = path.as_os_str().as_encoded_bytes();
        header.describe(nonce, identity, self.id, layout.hash(), path);
        header.set_liveness_inode(anchor.liveness_inode(self.path));
        header.sign(&provenance(status));
        header.lay_out(geometry);
        match role {
            Role::Object => {}
            Role::Copy { origin } => header.set_mirrored(origin, token()),
            Role::Moved { .. } => header.flags().set_moving(),
            Role::Journal { old_nonce, new_nonce } => header.set_journal(old_nonce, new_nonce),
        }
        failpoint::reach(Step::CreateDescribed);
        header.set_state(State::Initializing);
        failpoint::reach(Step::CreateInitializing);
        header::write_layout(mapping, geometry, layout);
        failpoint::reach(Step::CreateSchema);
    }

    /// Refuses to create an object if a process of another IPC namespace uses objects of the anchor, or of its
    /// directory. A process that is about to end gets time. The lock keeps creators of other namespaces away from the
    /// anchor meanwhile. In doubt, the object is created.
    ///
    /// One path has objects of its own in each IPC namespace, and no process of one sees the objects of another.
    fn check_one_ipc_namespace(&self, lock: &AnchorLock) -> Result<(), CreateError> {
        if self.policy.per_ipc_namespace {
            return Ok(());
        }
        let file = LivenessFile::new(lock.anchor().liveness_inode(self.path), self.path);
        let mut deadline = Deadline::new(GRACE_PERIOD.min(self.policy.wait));
        while let Some(other) = file.other_ipc_namespace() {
            if !deadline.pause() {
                let subject = self.subject(Some(&lock.anchor().identity()));
                return Err(CreateError::OtherIpcNamespace {
                    subject,
                    used: other.path,
                    ours: other.own,
                    theirs: other.other,
                });
            }
        }
        Ok(())
    }

    pub(super) fn check_not_initializing(&self, identity: &Identity) -> Result<(), AttachError> {
        if local().is_initializing(identity.dev, identity.ino, self.id) {
            return Err(AttachError::WouldDeadlock { subject: self.subject(Some(identity)) });
        }
        Ok(())
    }

    fn removed_meanwhile(&self, identity: &Identity) -> CreateError {
        CreateError::RemovedMeanwhile { subject: self.subject(Some(identity)) }
    }
}

/// The parts of the segment of a new object; `None` if its size overflows.
pub(super) fn geometry_of(layout: &TypeLayout, max_processes: u32) -> Option<Geometry> {
    match layout.room() {
        Some(room) => Geometry::with_room(record_len(layout), max_processes, room),
        None => Geometry::new(layout.json().len(), max_processes, layout.size()),
    }
}

/// This process, as the creator of a segment.
fn provenance(status: &Status) -> Provenance {
    let facts = local().facts();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Provenance {
        pid: facts.pid,
        uid: status.creator,
        start: facts.start,
        pid_namespace: facts.pid_namespace,
        time_namespace: facts.time_namespace,
        created_seconds: now.as_secs(),
        created_nanoseconds: now.subsec_nanos(),
        vantage: Vantage::of_this_thread(),
    }
}
