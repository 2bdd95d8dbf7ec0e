//! The anchor's lock: `flock` between processes, a count of our own between threads.

use std::path::Path;

use nix::errno::Errno;

use super::Patience;
use crate::anchor::{Anchor, open_failed, system};
use crate::error::OpenError;
use crate::process::held::{Entry, LockFile};
use crate::process::{current_token, local, token};
use crate::sys::file;

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

impl AnchorLock {
    /// Takes the lock of what the path names at that moment, waiting as long as `patience` lasts.
    pub(crate) fn acquire(path: &Path, known: &Anchor, patience: &mut Patience) -> Result<Self, OpenError> {
        loop {
            let anchor = known.refresh(path)?;
            let (dev, ino) = (anchor.stat.dev, anchor.stat.ino);
            let token = token();
            let entry = local().enter_anchor(dev, ino, patience.deadline()).ok_or_else(|| busy(path, patience))?;
            let place = Place { dev, ino, token };
            let file = match entry {
                Entry::Nested => None,
                Entry::First => Some(lock_file(path, patience)?),
            };
            let locked = file.as_ref().is_none_or(|file| file.is_on(dev, ino));
            // The path may name another file since: whoever comes next would lock that one.
            if locked && known.refresh(path)?.stat.is_same_file(&anchor.stat) {
                return Ok(Self { anchor, file, place });
            }
            if !patience.pause() {
                return Err(busy(path, patience));
            }
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

/// Opens the anchor for this one lock, so that no child shares the description, and locks it.
fn lock_file(path: &Path, patience: &mut Patience) -> Result<LockFile, OpenError> {
    let file = LockFile::open(path).map_err(|errno| open_failed(path, errno))?;
    loop {
        match file::try_lock(file.fd()) {
            Ok(()) => return Ok(file),
            Err(Errno::EWOULDBLOCK) if patience.pause() => {}
            Err(Errno::EWOULDBLOCK) => return Err(busy(path, patience)),
            Err(Errno::EINTR) => {}
            Err(errno) => return Err(system("lock", path)(errno)),
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
