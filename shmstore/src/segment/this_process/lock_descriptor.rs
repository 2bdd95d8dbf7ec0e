//! Descriptors that carry locks. Every child of `fork` closes its copies, because a lock lasts as long as any copy of
//! its descriptor.
//!
//! A child of a raw `clone`, past the C library, runs no handler. It closes its copies when it first needs a token.

use std::mem::ManuallyDrop;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::path::Path;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicU64};
use std::thread;

use nix::errno::Errno;

use super::append_list::AppendList;
use super::unload;
use crate::sys::file::{self, Inode};
use crate::sys::process;

/// An entry of the child handler's list: the number of a descriptor plus one, and the file that it has open. The number
/// is 0 if the entry is vacant, and [`LOST`] if another descriptor has the number.
#[derive(Debug)]
struct Known {
    fd: AtomicI32,
    dev: AtomicU64,
    ino: AtomicU64,
}

/// Another part of the program has closed the descriptor, and a newer one of ours has its number.
const LOST: i32 = -2;

static KNOWN: AppendList<Known> = AppendList::new();

/// An open file, of which every child of `fork` closes its copy. Only [`close`](Self::close) closes it: in a child,
/// another file may have its number.
#[derive(Debug)]
pub(in crate::segment) struct LockDescriptor {
    fd: ManuallyDrop<OwnedFd>,
    known: &'static Known,
    /// False where a sandbox refuses tags, which are a precaution only.
    is_tagged: bool,
}

impl LockDescriptor {
    /// Opens a file to be locked. No child is forked before the child handler knows of it.
    pub(in crate::segment) fn open(path: &Path) -> Result<Self, Errno> {
        hold_forks_off();
        watch_forks();
        let opened = file::open(path).and_then(|fd| Ok((file::stat_fd(fd.as_fd())?.inode(), fd)));
        let file = opened.map(|(inode, fd)| {
            let is_tagged = file::set_ofd_tag(fd.as_fd(), own_tag()).is_ok() && file::ofd_tag(fd.as_fd()) == own_tag();
            Self { known: Known::of(&fd, inode), fd: ManuallyDrop::new(fd), is_tagged }
        });
        let_forks_go();
        file
    }

    pub(in crate::segment) fn fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }

    /// The file that it was opened on.
    pub(in crate::segment) fn inode(&self) -> Inode {
        self.known.inode()
    }

    /// Returns `true` if it is open still. Another part of the program may have closed it, and opened the same file
    /// under the same number since.
    ///
    /// Our tag on the open file description proves that its locks are there too. Where there are no tags, the file
    /// has to do.
    pub(in crate::segment) fn is_open(&self) -> bool {
        let is_it = || match self.is_tagged {
            true => file::ofd_tag(self.fd()) == own_tag(),
            false => file::is_open_on(self.fd.as_raw_fd(), self.inode()),
        };
        self.known.fd.load(Relaxed) == self.fd.as_raw_fd() + 1 && is_it()
    }

    pub(in crate::segment) fn close(self) {
        let is_open = self.is_open();
        self.known.fd.store(0, Release);
        if is_open {
            file::close(self.fd.as_raw_fd());
        }
    }
}

impl Known {
    fn of(fd: &OwnedFd, inode: Inode) -> &'static Self {
        for known in KNOWN.iter() {
            // The descriptor that had this number was closed by another part of the program. Our tag would not tell
            // the new one from it.
            let _ = known.fd.compare_exchange(fd.as_raw_fd() + 1, LOST, Relaxed, Relaxed);
        }
        let vacant = KNOWN.iter().find(|known| known.fd.compare_exchange(0, -1, Acquire, Relaxed).is_ok());
        let fresh = || KNOWN.push(Self { fd: AtomicI32::new(-1), dev: 0.into(), ino: 0.into() });
        let known = vacant.unwrap_or_else(fresh);
        known.dev.store(inode.dev, Relaxed);
        known.ino.store(inode.ino, Relaxed);
        known.fd.store(fd.as_raw_fd() + 1, Release);
        known
    }

    fn inode(&self) -> Inode {
        Inode { dev: self.dev.load(Relaxed), ino: self.ino.load(Relaxed) }
    }
}

/// Registers the handlers below with every `fork`.
pub(super) fn watch_forks() {
    static AT_FORK: AtomicBool = AtomicBool::new(false);
    if !AT_FORK.load(Relaxed) {
        // A child could inherit a half-run `Once`. A second registration does no harm.
        process::at_fork(hold_forks_off, let_forks_go, start_as_child).expect("memory for a fork handler");
        unload::notice_exit();
        AT_FORK.store(true, Relaxed);
    }
}

/// The tag of the open file descriptions of this copy of the crate. Another copy in the same program has another tag,
/// most likely.
fn own_tag() -> i32 {
    // The address of a static differs between copies.
    let copy = std::ptr::from_ref(&KNOWN).addr() / align_of::<AppendList<Known>>();
    1 + (copy % (file::OFD_TAGS as usize - 1)) as i32
}

/// Keeps other threads from forking, and from opening descriptors that a child would not know.
///
/// The same thread may call it again: a handler that is registered twice, or a `fork` in a signal handler, must not
/// wait for itself.
extern "C" fn hold_forks_off() {
    let (barrier, me) = (super::fork_barrier(), process::thread_id());
    while barrier.load(Relaxed) != me && barrier.compare_exchange_weak(0, me, Acquire, Relaxed).is_err() {
        thread::yield_now();
    }
}

extern "C" fn let_forks_go() {
    // Fails if this thread has let go already.
    let _ = super::fork_barrier().compare_exchange(process::thread_id(), 0, Release, Relaxed);
}

/// Runs in every child of `fork`, which may use only atomics and system calls there.
extern "C" fn start_as_child() {
    super::disown_page();
    close_all();
}

/// Closes all descriptors. A process without a token has inherited them, or the library that opened them is unloaded.
pub(super) fn close_all() {
    for known in KNOWN.iter() {
        let number = known.fd.swap(0, Acquire);
        // Another part of the program may have closed the descriptor, and opened another file under its number.
        if number > 0 && file::is_open_on(number - 1, known.inode()) {
            file::close(number - 1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A descriptor that another part of the program has closed.
    fn closed_by_another(path: &Path) -> LockDescriptor {
        let ours = LockDescriptor::open(path).unwrap();
        assert!(ours.is_open());
        file::close(ours.fd.as_raw_fd());
        assert!(!ours.is_open());
        ours
    }

    /// Opens a file under the number of one that was closed; `None` if another test was faster.
    fn reopened<F>(path: &Path, open: impl Fn() -> F, number: impl Fn(&F) -> i32) -> Option<(LockDescriptor, F)> {
        let lost = closed_by_another(path);
        let again = open();
        let is_it = number(&again) == lost.fd.as_raw_fd();
        is_it.then_some((lost, again))
    }

    #[test]
    fn number_under_which_another_part_of_the_program_has_opened_the_same_file_is_not_ours() {
        let directory = tempfile::tempdir().unwrap();
        let open = || file::open(directory.path()).unwrap();
        let mut tries = (0..100).filter_map(|_| reopened(directory.path(), open, |fd| fd.as_raw_fd()));
        let (lost, other) = tries.next().expect("the lowest number is given out again");
        assert!(!lost.is_open());
        lost.close();
        assert!(file::stat_fd(other.as_fd()).is_ok(), "the other descriptor was closed");
    }

    #[test]
    fn number_under_which_we_have_opened_the_same_file_again_is_the_new_descriptors() {
        let directory = tempfile::tempdir().unwrap();
        let open = || LockDescriptor::open(directory.path()).unwrap();
        let mut tries = (0..100).filter_map(|_| reopened(directory.path(), open, |file| file.fd.as_raw_fd()));
        let (lost, again) = tries.next().expect("the lowest number is given out again");
        assert!(!lost.is_open() && again.is_open());
        lost.close();
        assert!(again.is_open(), "it was closed with the one that was lost");
        again.close();
    }
}
