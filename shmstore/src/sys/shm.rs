//! System V shared memory: `shmget`, `shmat`, `shmctl`, `shmdt` ([shmget(2)], [shmop(2)], [shmctl(2)]); `mincore` ([mincore(2)]);
//! which pages can be read, asked of `madvise` ([madvise(2)]) and `rt_sigprocmask` ([sigprocmask(2)]).
//!
//! [shmget(2)]: https://man7.org/linux/man-pages/man2/shmget.2.html
//! [shmop(2)]: https://man7.org/linux/man-pages/man2/shmop.2.html
//! [shmctl(2)]: https://man7.org/linux/man-pages/man2/shmctl.2.html
//! [mincore(2)]: https://man7.org/linux/man-pages/man2/mincore.2.html
//! [sigprocmask(2)]: https://man7.org/linux/man-pages/man2/sigprocmask.2.html
//! [madvise(2)]: https://man7.org/linux/man-pages/man2/madvise.2.html
//!
//! # Safety
//!
//! Assumes that the kernel keeps a segment mapped, at its full size, for as long as it is attached: segments cannot
//! shrink, and removing one only marks it. Promises that a [`Mapping`] is exactly as long as it says until it is dropped.
#![allow(unsafe_code)]

use std::mem::MaybeUninit;
use std::ops::Range;
use std::ptr::{self, NonNull};

use nix::errno::Errno;
use nix::libc;

use crate::layout::key::Key;
use crate::sys::process::{PAGE, effective_uid, kernel_page_size, ordinary_page_size};

mod table;

pub(crate) use table::{Usage, table, usage};

/// A mode bit that libc does not name, from `<linux/shm.h>`: the segment is removed.
const SHM_DEST: u32 = 0o1000;

/// What the kernel knows of one segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Status {
    pub(crate) shmid: i32,
    pub(crate) key: Key,
    /// The size that was asked for, in bytes; the kernel maps whole pages.
    pub(crate) size: usize,
    pub(crate) owner: u32,
    pub(crate) group: u32,
    pub(crate) creator: u32,
    pub(crate) creator_pid: i32,
    /// The low nine permission bits.
    pub(crate) mode: u32,
    /// How many times it is attached, in all processes.
    pub(crate) attach_count: u64,
    /// When it was created, or its owner or mode last changed: seconds since 1970.
    pub(crate) changed: i64,
    /// Removed, but still attached somewhere: it has no key any more.
    pub(crate) removed: bool,
}

/// A segment attached to this process, at an address of the kernel's choice; detached when dropped.
#[derive(Debug)]
pub(crate) struct Mapping {
    // INVARIANT: `base` is page-aligned and `len` bytes from it are mapped until `drop`.
    base: NonNull<u8>,
    len: usize,
    access: Access,
}

/// A segment that is attached to this process, and of which no byte has been read: one that may not be read ends the process (`SIGBUS`).
#[derive(Debug)]
pub(crate) struct Unread(Mapping);

/// Why no byte of a segment is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unreadable {
    /// It is on huge pages. They may be missing, and may be taken away again at any time: by `MADV_REMOVE`, and used elsewhere.
    HugePages,
    /// The kernel cannot provide a page of it: its memory has failed, or the swap space.
    Page,
}

/// The smallest huge page is 64 KiB on aarch64, and 2 MiB on x86_64.
const SMALLEST_HUGE_PAGE: usize = 64 << 10;

/// What a mapping is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    ReadOnly,
    ReadWrite,
}

/// Finds the segment of a key. Needs no permission on it.
pub(crate) fn find(key: Key) -> Result<Option<i32>, Errno> {
    // SAFETY: takes numbers only.
    let shmid = unsafe { libc::shmget(key.to_raw(), 0, 0) };
    match Errno::result(shmid) {
        Ok(shmid) => Ok(Some(shmid)),
        Err(Errno::ENOENT) => Ok(None),
        Err(errno) => Err(errno),
    }
}

/// Makes a new, zero-filled segment of `size` bytes; `EEXIST` if the key has one.
pub(crate) fn create(key: Key, size: usize, mode: u32) -> Result<i32, Errno> {
    let flags = libc::IPC_CREAT | libc::IPC_EXCL | (mode & 0o777) as libc::c_int;
    // SAFETY: takes numbers only.
    Errno::result(unsafe { libc::shmget(key.to_raw(), size, flags) })
}

/// Attaches a segment, then asks what was attached: in this order, because an id may be of a segment that has lost its
/// key, and because an attached segment keeps its id.
///
/// All of it is mapped at once, and in a process with `mlockall(MCL_FUTURE)` filled with pages and locked. A caller that
/// trusts some users only has asked for its [`status`] before.
pub(crate) fn attach(shmid: i32, access: Access) -> Result<(Unread, Status), Errno> {
    let flags = if access == Access::ReadOnly { libc::SHM_RDONLY } else { 0 };
    // SAFETY: with a null address the kernel chooses one where nothing is mapped.
    let base = unsafe { libc::shmat(shmid, ptr::null(), flags) };
    if base as isize == -1 {
        return Err(Errno::last());
    }
    let base = NonNull::new(base.cast::<u8>()).ok_or(Errno::EFAULT)?;
    // Detaches if the status cannot be had. Its length is only ever used once it is known.
    let mut mapping = Mapping { base, len: 0, access };
    let status = status(shmid)?;
    mapping.len = status.size;
    Ok((Unread(mapping), status))
}

/// Asks for the status of a segment; needs read permission on it.
pub(crate) fn status(shmid: i32) -> Result<Status, Errno> {
    stat(shmid, libc::IPC_STAT).map(|(_, ds)| Status::new(shmid, &ds))
}

/// Gives a segment to a user and a group, and sets its permission bits. Its owner and its creator may do that.
pub(crate) fn set_owner(shmid: i32, owner: u32, group: u32, mode: u32) -> Result<(), Errno> {
    let mut ds = MaybeUninit::<libc::shmid_ds>::zeroed();
    // SAFETY: zeroed: integers all of them.
    let ds = unsafe { ds.assume_init_mut() };
    (ds.shm_perm.uid, ds.shm_perm.gid, ds.shm_perm.mode) = (owner, group, (mode & 0o777) as _);
    // SAFETY: IPC_SET reads these three fields of a `shmid_ds`, which is alive during the call.
    Errno::result(unsafe { libc::shmctl(shmid, libc::IPC_SET, ds) }).map(drop)
}

/// Marks a segment for destruction: its key is free at once, its memory when the last process has detached.
pub(crate) fn remove(shmid: i32) -> Result<(), Errno> {
    // SAFETY: IPC_RMID ignores the buffer.
    Errno::result(unsafe { libc::shmctl(shmid, libc::IPC_RMID, ptr::null_mut()) }).map(drop)
}

/// One of the status calls, and the id of the segment it speaks of (`which` is an id or a table index).
fn stat(which: i32, command: libc::c_int) -> Result<(i32, libc::shmid_ds), Errno> {
    let mut ds = MaybeUninit::<libc::shmid_ds>::zeroed();
    // SAFETY: the status commands fill a `shmid_ds`.
    let found = Errno::result(unsafe { libc::shmctl(which, command, ds.as_mut_ptr()) })?;
    // SAFETY: zeroed, then filled: integers all of them.
    Ok((found, unsafe { ds.assume_init() }))
}

impl Status {
    fn new(shmid: i32, ds: &libc::shmid_ds) -> Self {
        let mode = u32::from(ds.shm_perm.mode);
        Self {
            shmid,
            key: Key::from_raw(ds.shm_perm.__key),
            size: ds.shm_segsz,
            owner: ds.shm_perm.uid,
            group: ds.shm_perm.gid,
            creator: ds.shm_perm.cuid,
            creator_pid: ds.shm_cpid,
            mode: mode & 0o777,
            attach_count: ds.shm_nattch,
            changed: ds.shm_ctime,
            removed: mode & SHM_DEST != 0,
        }
    }

    /// Returns `true` if this is the status of the same segment, of the same users, at another moment. An id may be used again.
    pub(crate) fn is_of_same_segment(&self, other: &Self) -> bool {
        let told = |status: &Self| (status.shmid, status.key, status.size, status.owner, status.creator);
        told(self) == told(other)
    }

    /// Returns `true` if the kernel lets this user remove the segment: then only a sandbox says `EPERM`.
    pub(crate) fn is_ours_to_remove(&self) -> bool {
        [self.owner, self.creator].contains(&effective_uid())
    }
}

impl Unread {
    /// Makes its first page readable. Called once its owner and creator are known, and trusted if they must be.
    pub(crate) fn readable(self) -> Result<Mapping, Unreadable> {
        let Self(mapping) = self;
        if mapping.is_on_huge_pages() {
            return Err(Unreadable::HugePages);
        }
        mapping.check_readable(&(0..mapping.len.min(PAGE)))?;
        Ok(mapping)
    }
}

impl Unreadable {
    pub(crate) fn why(self) -> &'static str {
        match self {
            Self::HugePages => "it is on huge pages",
            Self::Page => "the kernel cannot provide a page of it",
        }
    }
}

/// Says why a segment could not be attached by a process that may, if that is for want of memory.
pub(crate) fn no_memory_to_attach(errno: Errno) -> Option<&'static str> {
    match errno {
        Errno::ENOMEM => Some(
            "the address space of this process has no room for all of it (`ulimit -v`), or the kernel has no memory",
        ),
        Errno::EAGAIN => Some(
            "this process locks all its memory (`mlockall`), and its limit on that (`ulimit -l`) has no room for all of it",
        ),
        _ => None,
    }
}

impl Mapping {
    /// Asks the kernel for each page of a range, as reading it does: but the kernel says what it cannot read.
    pub(crate) fn check_readable(&self, range: &Range<usize>) -> Result<(), Unreadable> {
        if range.is_empty() {
            return Ok(());
        }
        let pages = range.start / ordinary_page_size() * ordinary_page_size()..range.end.min(self.len);
        let start = self.base.as_ptr().wrapping_add(pages.start);
        // SAFETY: takes addresses; the kernel reads pages, and changes none.
        match Errno::result(unsafe { libc::madvise(start.cast(), pages.len(), libc::MADV_POPULATE_READ) }) {
            Ok(_) => Ok(()),
            Err(Errno::EFAULT | Errno::ENOMEM | Errno::EHWPOISON) => Err(Unreadable::Page),
            // Linux before 5.14 knows no such advice.
            Err(_) if pages.step_by(PAGE).all(|page| self.is_readable_by_signal_set(page)) => Ok(()),
            Err(_) => Err(Unreadable::Page),
        }
    }

    /// The same, of one page, where the kernel has no call for it: `rt_sigprocmask` reads a set of signals before it looks at what is to be done
    /// with them, which here is nothing that it knows. Every kernel and sandbox has this call.
    fn is_readable_by_signal_set(&self, page: usize) -> bool {
        const NOTHING: libc::c_int = !0;
        const SET_BYTES: usize = 8;
        let (start, no_result) = (self.base.as_ptr().wrapping_add(page), ptr::null_mut::<u8>());
        // SAFETY: the kernel reads eight bytes within a page of the mapping, or says `EFAULT`; it writes nothing, and changes no signal.
        let asked = unsafe { libc::syscall(libc::SYS_rt_sigprocmask, NOTHING, start, no_result, SET_BYTES) };
        Errno::result(asked) != Err(Errno::EFAULT)
    }

    /// Returns `true` if the segment is on huge pages. Nothing in its status says so.
    fn is_on_huge_pages(&self) -> bool {
        if self.base.addr().get() % SMALLEST_HUGE_PAGE != 0 {
            return false;
        }
        // SAFETY: advice about a page of the mapping, which keeps what is in it. Huge pages are refused, as they are never reclaimed.
        let is_advised = unsafe { libc::madvise(self.base.as_ptr().cast(), PAGE, libc::MADV_COLD) } == 0;
        // Linux before 5.4 refuses all such advice, and every kernel refuses it for locked memory (`mlockall`).
        !is_advised && kernel_page_size(self.base.addr().get()).is_some_and(|size| size > ordinary_page_size())
    }

    /// The first byte; page-aligned.
    pub(crate) fn base(&self) -> NonNull<u8> {
        self.base
    }

    /// How many bytes from [`base`](Self::base) are mapped.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Tells whether any of these pages is in memory, or that cannot be told. One that is not was never written, or is swapped out.
    pub(crate) fn has_in_memory(&self, pages: &Range<usize>) -> bool {
        let mut found = vec![0_u8; pages.len().div_ceil(PAGE)];
        let start = self.base.as_ptr().wrapping_add(pages.start);
        // SAFETY: asks about addresses, whatever is there; `found` has a byte for each page, none of which is smaller.
        let asked = unsafe { libc::mincore(start.cast(), pages.len(), found.as_mut_ptr()) };
        asked != 0 || found.iter().any(|page| page & 1 != 0)
    }

    /// Has pages fail, as broken memory does: whoever reads them is ended by a signal.
    #[cfg(test)]
    pub(crate) fn break_pages(&self, pages: &Range<usize>) {
        let start = self.base.as_ptr().wrapping_add(pages.start);
        // SAFETY: pages of the mapping, which the test reads only by way of the kernel.
        let broken = unsafe { libc::mprotect(start.cast(), pages.len(), libc::PROT_NONE) };
        assert_eq!(broken, 0, "{}", Errno::last());
    }

    /// What may be done with it: a write to a mapping for reading only is a SIGSEGV.
    pub(crate) fn access(&self) -> Access {
        self.access
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: attached by `attach` at this address, and nobody who borrowed from `self` is left.
        let detached = unsafe { libc::shmdt(self.base.as_ptr().cast()) };
        debug_assert!(detached == 0 || Errno::last() != Errno::EINVAL, "nothing is attached there");
        if detached != 0 {
            // Where a sandbox refuses that, this does the same.
            // SAFETY: the whole of what is attached there, to its last page, and nobody who borrowed from `self` is
            // left.
            unsafe { libc::munmap(self.base.as_ptr().cast(), self.len) };
        }
    }
}

// SAFETY: an address and a length; what others do to the memory is the business of whoever reads it.
unsafe impl Send for Mapping {}
// SAFETY: as above; `&Mapping` offers numbers only.
unsafe impl Sync for Mapping {}

#[cfg(test)]
mod tests;
