//! The anchor's lock: `flock` between processes, a count in this process between threads.

use std::path::Path;
use std::time::Duration;

use nix::errno::Errno;

use super::Deadline;
use crate::error::OpenError;
use crate::segment::anchor::{Anchor, open_failed, system};
use crate::segment::this_process::anchor_locks::{Entry, LockFile};
use crate::segment::this_process::{current_token, local, token};
use crate::sys::file::{self, Inode};

/// The exclusive right to create, recover and remove the objects of an anchor. Dropping it releases the lock.
#[derive(Debug)]
pub(crate) struct AnchorLock {
    anchor: Anchor,
    /// `None` if this thread had the lock already.
    file: Option<LockFile>,
    place: Place,
}

/// Keeps other threads of this process out.
#[derive(Debug)]
struct Place {
    dev: u64,
    ino: u64,
    token: u32,
}

/// The locks between processes and between threads. The file is released first: otherwise the next thread of this
/// process would find it taken.
type Held = (Option<LockFile>, Place);

impl AnchorLock {
    /// Takes the lock of the file that the path names, and waits until `deadline`. At that moment the file must be fit
    /// to be an anchor.
    pub(crate) fn acquire(
        path: &Path,
        known: &Anchor,
        trusts: impl Fn(u32) -> bool,
        deadline: &mut Deadline,
    ) -> Result<Self, OpenError> {
        // Most often the path names the same file as before, so its lock is tried first, without waiting.
        let mut anchor = *known;
        let mut held = enter(path, &anchor, &mut Deadline::new(Duration::ZERO)).unwrap_or(None);
        let mut is_guess = true;
        loop {
            // The path may name another file since, and the next process would lock that one.
            let now = known.refresh(path, &trusts)?;
            if let Some((file, place)) = held.filter(|_| now.stat.is_same_file(&anchor.stat)) {
                return Ok(Self { anchor: now, file, place });
            }
            if !is_guess && !deadline.pause() {
                return Err(busy(path, deadline));
            }
            (anchor, is_guess) = (now, false);
            held = enter(path, &anchor, deadline)?;
        }
    }

    /// The anchor that is locked.
    pub(crate) fn anchor(&self) -> &Anchor {
        &self.anchor
    }

    /// Returns `true` if this process took the lock, and did not inherit it from a parent that forked in its init
    /// closure.
    pub(crate) fn is_ours(&self) -> bool {
        self.place.token == current_token()
    }
}

/// Locks an anchor against other threads of this process and, unless this thread had the lock before, against other
/// processes. `None` if there is another file at the path by now.
fn enter(path: &Path, anchor: &Anchor, deadline: &mut Deadline) -> Result<Option<Held>, OpenError> {
    let Inode { dev, ino } = anchor.stat.inode();
    let token = token();
    let entry = local().enter_anchor(dev, ino, || deadline.end()).ok_or_else(|| busy(path, deadline))?;
    let place = Place { dev, ino, token };
    match entry {
        Entry::Nested => Ok(Some((None, place))),
        Entry::First => Ok(lock_file(path, anchor, deadline)?.map(|file| (Some(file), place))),
    }
}

/// Locks the anchor, by an open file description that no child process shares.
fn lock_file(path: &Path, anchor: &Anchor, deadline: &mut Deadline) -> Result<Option<LockFile>, OpenError> {
    let opened = LockFile::open(path, anchor.stat.inode()).map_err(|errno| open_failed(path, errno))?;
    let Some(file) = opened else { return Ok(None) };
    loop {
        match file::try_lock(file.fd()) {
            Ok(()) => return Ok(Some(file)),
            Err(Errno::EWOULDBLOCK) if deadline.pause() => {}
            Err(Errno::EWOULDBLOCK) => return Err(busy(path, deadline)),
            Err(Errno::EINTR) => {}
            Err(errno) => return Err(system("lock (`flock`)", path)(errno)),
        }
    }
}

fn busy(path: &Path, deadline: &Deadline) -> OpenError {
    OpenError::Busy { path: path.into(), waited: deadline.limit() }
}

impl Drop for AnchorLock {
    fn drop(&mut self) {
        // The file lock first: otherwise the next thread of this process would find it taken.
        drop(self.file.take());
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if self.token == current_token() {
            local().leave_anchor(self.dev, self.ino);
        }
    }
}
