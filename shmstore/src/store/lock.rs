//! The anchor's lock: `flock` between processes, a count of our own between threads.

use std::path::Path;
use std::time::Duration;

use nix::errno::Errno;

use super::Patience;
use crate::error::OpenError;
use crate::segment::anchor::{Anchor, open_failed, system};
use crate::segment::process::anchor_locks::{Entry, LockFile};
use crate::segment::process::{current_token, local, token};
use crate::sys::file::{self, Inode};

/// The exclusive right to create, recover and remove what an anchor stands for. Given up when dropped.
#[derive(Debug)]
pub(crate) struct AnchorLock {
    anchor: Anchor,
    /// None if this thread had the lock already.
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

/// What keeps others out: the file is given up first, as the next thread of this process would only find it taken.
type Held = (Option<LockFile>, Place);

impl AnchorLock {
    /// Takes the lock of what the path names at that moment, waiting as long as `patience` lasts. It has to be fit to be an
    /// anchor at that moment, too.
    pub(crate) fn acquire(
        path: &Path,
        known: &Anchor,
        trusts: impl Fn(u32) -> bool,
        patience: &mut Patience,
    ) -> Result<Self, OpenError> {
        // Most often that is what it named before: its lock is tried first, without waiting.
        let mut anchor = *known;
        let mut held = enter(path, &anchor, &mut Patience::new(Duration::ZERO)).unwrap_or(None);
        let mut is_guess = true;
        loop {
            // The path may name another file since: whoever comes next would lock that one.
            let now = known.refresh(path, &trusts)?;
            if let Some((file, place)) = held.filter(|_| now.stat.is_same_file(&anchor.stat)) {
                return Ok(Self { anchor: now, file, place });
            }
            if !is_guess && !patience.pause() {
                return Err(busy(path, patience));
            }
            (anchor, is_guess) = (now, false);
            held = enter(path, &anchor, patience)?;
        }
    }

    /// The anchor that is locked.
    pub(crate) fn anchor(&self) -> &Anchor {
        &self.anchor
    }

    /// Tells whether the lock is of this process, and not inherited from a parent in whose init closure we were forked.
    pub(crate) fn is_ours(&self) -> bool {
        self.place.token == current_token()
    }
}

/// Keeps others out of an anchor: threads of this process, and, unless this thread had the lock before, other processes.
/// `None` if another file is at the path by now.
fn enter(path: &Path, anchor: &Anchor, patience: &mut Patience) -> Result<Option<Held>, OpenError> {
    let Inode { dev, ino } = anchor.stat.inode();
    let token = token();
    let entry = local().enter_anchor(dev, ino, || patience.deadline()).ok_or_else(|| busy(path, patience))?;
    let place = Place { dev, ino, token };
    match entry {
        Entry::Nested => Ok(Some((None, place))),
        Entry::First => Ok(lock_file(path, anchor, patience)?.map(|file| (Some(file), place))),
    }
}

/// Locks the anchor, by a description that no child shares.
fn lock_file(path: &Path, anchor: &Anchor, patience: &mut Patience) -> Result<Option<LockFile>, OpenError> {
    let opened = LockFile::open(path, anchor.stat.inode()).map_err(|errno| open_failed(path, errno))?;
    let Some(file) = opened else { return Ok(None) };
    loop {
        match file::try_lock(file.fd()) {
            Ok(()) => return Ok(Some(file)),
            Err(Errno::EWOULDBLOCK) if patience.pause() => {}
            Err(Errno::EWOULDBLOCK) => return Err(busy(path, patience)),
            Err(Errno::EINTR) => {}
            Err(errno) => return Err(system("lock (`flock`)", path)(errno)),
        }
    }
}

fn busy(path: &Path, patience: &Patience) -> OpenError {
    OpenError::Busy { path: path.into(), waited: patience.limit() }
}

impl Drop for AnchorLock {
    fn drop(&mut self) {
        // The file lock first: the next thread of this process would only find it taken.
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
