//! One object as an operation sees it, and how long the operation waits.

use super::lock::AnchorLock;
use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

use nix::errno::Errno;

use crate::error::{AttachError, OpenError, Subject};
use crate::layout::schema::Schema;
use crate::segment::anchor::Anchor;
use crate::segment::identity::Identity;
use crate::sys::file;
use crate::sys::process::effective_uid;

/// How long to pause between two looks at something that another process is about to change.
const PAUSES: [Duration; 4] =
    [Duration::from_millis(1), Duration::from_millis(2), Duration::from_millis(5), Duration::from_millis(10)];

/// What a store has decided for all its objects.
#[derive(Debug, Clone)]
pub(crate) struct Policy {
    /// Permission bits of new segments and anchors.
    pub(crate) mode: u32,
    /// How long to wait for others who hold a lock or are about to finish.
    pub(crate) wait: Duration,
    /// Users, besides ourselves and root, whose segments are accepted.
    pub(crate) trusted: Vec<u32>,
    /// How many processes a new object is made for.
    pub(crate) max_processes: u32,
    /// Objects are created also where processes of another IPC namespace have objects.
    pub(crate) per_ipc_namespace: bool,
}

impl Policy {
    pub(crate) fn trusts(&self, uid: u32) -> bool {
        uid == 0 || self.trusted.contains(&uid) || uid == effective_uid()
    }
}

/// One object as an operation sees it: where, which id, and (unless only an id was given) which type.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Target<'a> {
    pub(crate) path: &'a Arc<Path>,
    pub(crate) real_path: &'a OnceLock<PathBuf>,
    pub(crate) anchor: &'a Anchor,
    pub(crate) policy: &'a Policy,
    pub(crate) id: u8,
    pub(crate) schema: Option<&'static Schema>,
}

impl Target<'_> {
    /// Looks at the path again: an anchor that was replaced meanwhile must not split the world in two, and one that was given to
    /// another user may not be believed any more.
    pub(super) fn refresh(&self) -> Result<Anchor, OpenError> {
        self.anchor.refresh(self.path, |owner| self.policy.trusts(owner))
    }

    /// Takes the anchor's lock.
    pub(super) fn lock(&self, patience: &mut Patience) -> Result<AnchorLock, OpenError> {
        AnchorLock::acquire(self.path, self.anchor, |owner| self.policy.trusts(owner), patience)
    }

    /// Looks at the path again, waiting for one that is not there: a name may be forgotten, and made anew.
    pub(super) fn refresh_within(&self, patience: &mut Patience) -> Result<Anchor, OpenError> {
        patience.wait_for_anchor(|| self.refresh())
    }

    /// Where the anchor really is: a link on the way to it may lead elsewhere tomorrow. If it did just now, the way that the user said.
    pub(super) fn real_path(&self, anchor: &Anchor) -> Cow<'_, Path> {
        let is_it = |real: &Path| file::stat_no_follow(real).is_ok_and(|stat| stat.inode() == anchor.stat.inode());
        if let Some(known) = self.real_path.get().filter(|known| is_it(known)) {
            return Cow::Borrowed(known);
        }
        let Some(real) = std::fs::canonicalize(self.path).ok().filter(|real| is_it(real)) else {
            return Cow::Borrowed(self.path);
        };
        // If another one is known, that stays: it is looked at each time.
        drop(self.real_path.set(real.clone()));
        Cow::Owned(real)
    }

    /// Names the object in an error.
    pub(super) fn subject(&self, identity: Option<&Identity>) -> Box<Subject> {
        Box::new(Subject {
            type_name: self.schema.map(ToString::to_string).unwrap_or_default(),
            id: char::from(self.id),
            key: identity.map(|identity| identity.key(self.id)),
            path: self.path.to_path_buf(),
        })
    }

    pub(super) fn system(&self, attempted: &'static str, identity: &Identity, errno: Errno) -> AttachError {
        AttachError::System { attempted, subject: self.subject(Some(identity)), errno }
    }
}

/// A limit on waiting, and how long the next pause is.
#[derive(Debug)]
pub(crate) struct Patience {
    /// When it was first needed: most operations never wait, and to ask for the time takes its own.
    started: Option<Instant>,
    limit: Duration,
    pauses: usize,
}

impl Patience {
    pub(crate) fn new(limit: Duration) -> Self {
        Self { started: None, limit, pauses: 0 }
    }

    pub(crate) fn limit(&self) -> Duration {
        self.limit
    }

    /// The end of the waiting; for ever is a year.
    pub(crate) fn deadline(&mut self) -> Instant {
        const YEAR: Duration = Duration::from_secs(365 * 24 * 60 * 60);
        *self.started.get_or_insert_with(Instant::now) + self.limit.min(YEAR)
    }

    /// Looks for an anchor, again and again while nothing is at its path.
    pub(crate) fn wait_for_anchor(
        &mut self,
        look: impl Fn() -> Result<Anchor, OpenError>,
    ) -> Result<Anchor, OpenError> {
        loop {
            match look() {
                Err(OpenError::NotFound { .. } | OpenError::DanglingLink { .. }) if self.pause() => {}
                Err(OpenError::NotFound { path, .. }) => {
                    return Err(OpenError::NotFound { path, waited: self.limit });
                }
                found => return found,
            }
        }
    }

    /// Sleeps for 1 to 10 ms, each pause longer than the one before; false if the time is over.
    pub(crate) fn pause(&mut self) -> bool {
        let left = self.deadline().saturating_duration_since(Instant::now());
        if left.is_zero() {
            return false;
        }
        let pause = PAUSES[self.pauses.min(PAUSES.len() - 1)];
        self.pauses += 1;
        thread::sleep(pause.min(left));
        true
    }
}
