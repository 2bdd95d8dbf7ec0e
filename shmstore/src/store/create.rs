//! Creating an object, and attaching to one that others create.

use std::error::Error;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use nix::errno::Errno;

use super::attach::{ATTACH, creator};
use super::attach_read_only::Seen;
use super::json::json_of;
use super::ownership::{Handover, owner};
use super::{AnchorLock, Condition, Found, LOOKED_AT, Patience, Target};
use crate::error::{AttachError, CreateError, OpenError};
use crate::layout::schema::Schema;
use crate::segment::anchor::Anchor;
use crate::segment::header::{self, Geometry, Header, Provenance, State};
use crate::segment::identity::Identity;
use crate::segment::process::local;
use crate::segment::process::registry::SegmentRef;
use crate::sys::failpoint::{self, Step};
use crate::sys::process::effective_uid;
use crate::sys::shm::{self, Access, Mapping, Status};
use crate::sys::vantage::Vantage;

/// What is attempted by `shm::create`, in an error.
pub(super) const CREATE: &str = "create (`shmget`)";

/// Fills a new object.
pub(crate) type Init<'a> = &'a mut dyn FnMut(&SegmentRef) -> Result<(), Box<dyn Error + Send + Sync>>;

/// An object that was created, or was there.
pub(crate) struct Created {
    pub(crate) attached: SegmentRef,
    /// Whether it was this call that created it.
    pub(crate) is_new: bool,
}

/// What to do if the object exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum IfExists {
    Refuse,
    Attach,
    Replace,
    /// Replaces it, if it has the same layout and nobody has it attached.
    ReplaceUnused,
}

/// A segment for a new object, or the object that was there.
enum Made<'a> {
    New(Unfinished<'a>, Mapping, Status),
    There(Found),
}

/// Removes the segment again, unless it got ready. A child that was forked meanwhile leaves its parent's alone.
struct Unfinished<'a> {
    shmid: i32,
    lock: &'a AnchorLock,
}

impl Drop for Unfinished<'_> {
    fn drop(&mut self) {
        if self.lock.is_ours() {
            // If it is gone already, all the better.
            let _ = shm::remove(self.shmid);
        }
    }
}

/// Notes which object the thread initializes, so that its init closure is not made to wait for itself.
struct Initializing<'a>(&'a Target<'a>, Identity);

impl<'a> Initializing<'a> {
    fn new(target: &'a Target<'a>, identity: Identity) -> Self {
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
    /// Attaches to the object, waiting up to `wait` for one that does not exist yet.
    pub(crate) fn attach(&self, schema: &'static Schema, wait: Duration) -> Result<SegmentRef, AttachError> {
        let mut for_missing = Patience::new(wait);
        let mut for_creator = Patience::new(wait.max(self.policy.wait));
        loop {
            let identity = self.refresh_within(&mut for_missing)?.identity();
            self.check_not_initializing(&identity)?;
            let seen = match self.find(&identity, &mut for_creator)? {
                Some(found) if found.condition.is_left_over() => {
                    self.wait_for_creator(&identity, found, &mut for_creator)?
                }
                found => Seen::Settled(found),
            };
            // Each round pauses: an object that changes without rest does not outlast the limit.
            match seen {
                Seen::Settled(Some(found)) => return self.enter(&identity, schema, found),
                Seen::Settled(None) if !for_missing.pause() => return Err(self.not_found(&identity, wait)),
                Seen::Settled(None) | Seen::AtWork => {}
            }
        }
    }

    /// A process that holds the lock is at work. If none does, the creator is dead: cleans up. Returns what stands there then.
    fn wait_for_creator(
        &self,
        identity: &Identity,
        found: Found,
        patience: &mut Patience,
    ) -> Result<Seen, AttachError> {
        let segment = owner(&found.status);
        // Not counted as attached while we sleep.
        drop(found);
        let mut no_wait = Patience::new(Duration::ZERO);
        match self.lock(&mut no_wait) {
            Ok(lock) => {
                let left = self.recover(&lock, patience)?;
                // If the path names another file since, its object is found in the next round.
                let is_meant = lock.anchor().identity() == *identity;
                if left.is_some() && !is_meant && patience.pause() {
                    return Ok(Seen::AtWork);
                }
                Ok(Seen::Settled(left.filter(|_| is_meant)))
            }
            Err(OpenError::Busy { .. }) if patience.pause() => Ok(Seen::AtWork),
            // Then the object is missing too, which is for the caller to wait for.
            Err(OpenError::NotFound { .. } | OpenError::DanglingLink { .. }) => Ok(Seen::Settled(None)),
            Err(OpenError::Busy { .. }) => {
                let subject = self.subject(Some(identity));
                Err(AttachError::StillInitializing { subject, segment, waited: patience.limit() })
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Creates the object, or does what `if_exists` says.
    pub(crate) fn create(
        &self,
        schema: &'static Schema,
        if_exists: IfExists,
        init: Init<'_>,
    ) -> Result<Created, CreateError> {
        if if_exists == IfExists::Attach {
            if let Some(ready) = self.attach_if_ready(schema)? {
                return Ok(ready);
            }
        }
        let lock = self.lock(&mut Patience::new(self.policy.wait))?;
        let identity = lock.anchor().identity();
        self.check_not_initializing(&identity)?;
        failpoint::reach(Step::CreateLocked);
        let mut patience = Patience::new(self.policy.wait);
        let geometry = Geometry::new(json_of(schema).len(), self.policy.max_processes, schema.size())
            .ok_or_else(|| self.too_large(&identity, u64::MAX))?;
        let replaces = matches!(if_exists, IfExists::Replace | IfExists::ReplaceUnused);
        let replaced = replaces && self.make_way(&lock, schema, if_exists, &geometry, &mut patience)?;
        // A process that looks at the old one keeps its room for as long.
        let mut for_room = Patience::new(if replaced { LOOKED_AT } else { Duration::ZERO });
        let mut make = || match self.make_segment(&lock, &geometry, &mut patience, &mut for_room)? {
            Made::New(unfinished, mapping, status) => {
                if !replaced {
                    self.check_one_world(&lock)?;
                }
                self.write_header(&mapping, &status, lock.anchor(), &geometry, schema, json_of(schema).as_bytes());
                self.finish(&lock, unfinished, mapping, geometry, init)
            }
            Made::There(found) => self.meet(&identity, schema, if_exists, found),
        };
        make().map_err(|error| if replaced { self.lost(&identity, error) } else { error })
    }

    fn attach_if_ready(&self, schema: &'static Schema) -> Result<Option<Created>, AttachError> {
        let identity = self.refresh()?.identity();
        self.check_not_initializing(&identity)?;
        let found = self.find(&identity, &mut Patience::new(self.policy.wait))?;
        match found {
            Some(found) if !found.condition.is_left_over() => {
                let attached = self.enter(&identity, schema, found)?;
                Ok(Some(Created { attached, is_new: false }))
            }
            _ => Ok(None),
        }
    }

    /// The object was there when we got the lock.
    fn meet(
        &self,
        identity: &Identity,
        schema: &'static Schema,
        if_exists: IfExists,
        found: Found,
    ) -> Result<Created, CreateError> {
        if if_exists == IfExists::Attach || !matches!(found.condition, Condition::Ready(_)) {
            let attached = self.enter(identity, schema, found)?;
            return Ok(Created { attached, is_new: false });
        }
        Err(self.already_exists(identity, schema, &found))
    }

    fn already_exists(&self, identity: &Identity, schema: &'static Schema, found: &Found) -> CreateError {
        let header = Header::of(&found.mapping).expect("what was judged to be ours has a header");
        let same_layout = header.layout_hash() == schema.hash();
        CreateError::AlreadyExists { subject: self.subject(Some(identity)), creator: creator(header), same_layout }
    }

    /// Makes the object in a segment that has its header.
    fn finish(
        &self,
        lock: &AnchorLock,
        unfinished: Unfinished<'_>,
        mapping: Mapping,
        geometry: Geometry,
        init: Init<'_>,
    ) -> Result<Created, CreateError> {
        let identity = lock.anchor().identity();
        let shmid = unfinished.shmid;
        let attached = self.register(&identity, mapping, geometry, shmid)?;
        failpoint::reach(Step::CreateParticipant);
        {
            let _initializing = Initializing::new(self, identity);
            init(&attached).map_err(|source| CreateError::Init { subject: self.subject(Some(&identity)), source })?;
        }
        failpoint::reach(Step::CreateInitialized);
        if !lock.is_ours() {
            return Err(CreateError::ForkedInInit { subject: self.subject(Some(&identity)) });
        }
        match shm::status(shmid) {
            Ok(status) if !status.removed => {}
            _ => return Err(self.removed_meanwhile(&identity)),
        }
        attached.header().set_state(State::Ready);
        std::mem::forget(unfinished);
        failpoint::reach(Step::CreateReady);
        Ok(Created { attached, is_new: true })
    }

    /// Makes and attaches the segment, unless the object is there; again if somebody removes it in between. The lock is
    /// ours: what is at the key and not ready was left by the dead.
    fn make_segment<'a>(
        &self,
        lock: &'a AnchorLock,
        geometry: &Geometry,
        patience: &mut Patience,
        for_room: &mut Patience,
    ) -> Result<Made<'a>, CreateError> {
        let identity = lock.anchor().identity();
        let handover = Handover::at(self, lock.anchor())?;
        let mut recovered = false;
        loop {
            let shmid = match shm::create(identity.key(self.id), geometry.segment_size, handover.first_mode()) {
                Ok(shmid) => shmid,
                Err(Errno::EEXIST) => match self.recover(lock, patience)? {
                    Some(found) => return Ok(Made::There(found)),
                    // Again if somebody who knows nothing of our lock was faster.
                    None if !recovered || patience.pause() => {
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
            let refused =
                |errno| self.system("give (`shmctl(IPC_SET)`) to the anchor's owner and group", &identity, errno);
            handover.complete(shmid).map_err(refused)?;
            let attached = shm::attach(shmid, Access::ReadWrite);
            match attached.and_then(|(new, status)| Ok((new.readable().map_err(|_| Errno::ENOMEM)?, status))) {
                Ok((mapping, status)) if !status.removed => return Ok(Made::New(unfinished, mapping, status)),
                Ok(_) | Err(Errno::EINVAL | Errno::EIDRM) if patience.pause() => {}
                Ok(_) | Err(Errno::EINVAL | Errno::EIDRM) => return Err(self.removed_meanwhile(&identity)),
                Err(Errno::ENOMEM) => {
                    return Err(CreateError::OutOfMemory { subject: self.subject(Some(&identity)) });
                }
                Err(errno) => return Err(self.system(ATTACH, &identity, errno).into()),
            }
        }
    }

    fn write_header(
        &self,
        mapping: &Mapping,
        status: &Status,
        anchor: &Anchor,
        geometry: &Geometry,
        schema: &'static Schema,
        json: &[u8],
    ) {
        let identity = &anchor.identity();
        let header = Header::of(mapping).expect("a new segment has room for a header");
        let path = self.real_path(anchor);
        header.claim(identity, self.id);
        failpoint::reach(Step::CreateClaimed);
        let path = path.as_os_str().as_encoded_bytes();
        header.describe(local().draw_nonce(), identity, self.id, schema.hash(), path);
        header.set_liveness_inode(anchor.liveness_inode(self.path));
        header.sign(&provenance(status));
        header.lay_out(geometry);
        failpoint::reach(Step::CreateDescribed);
        header.set_state(State::Initializing);
        failpoint::reach(Step::CreateInitializing);
        header::write_schema(mapping, geometry, json);
        failpoint::reach(Step::CreateSchema);
    }

    pub(super) fn check_not_initializing(&self, identity: &Identity) -> Result<(), AttachError> {
        if local().is_initializing(identity.dev, identity.ino, self.id) {
            return Err(AttachError::WouldDeadlock { subject: self.subject(Some(identity)) });
        }
        Ok(())
    }

    pub(super) fn not_found(&self, identity: &Identity, waited: Duration) -> AttachError {
        let ipc_namespace = std::fs::read_link("/proc/self/ns/ipc")
            .map_or_else(|_| "an unknown IPC namespace".into(), |link| link.display().to_string());
        AttachError::NotFound { subject: self.subject(Some(identity)), waited, uid: effective_uid(), ipc_namespace }
    }

    fn removed_meanwhile(&self, identity: &Identity) -> CreateError {
        CreateError::RemovedMeanwhile { subject: self.subject(Some(identity)) }
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
