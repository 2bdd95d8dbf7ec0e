//! System V shared memory: `shmget`, `shmat`, `shmctl`, `shmdt` ([shmget(2)], [shmop(2)], [shmctl(2)]). Its pages:
//! `mincore` ([mincore(2)]), and checks of readability by `madvise` ([madvise(2)]) and `rt_sigprocmask`
//! ([sigprocmask(2)]).
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
//! shrink, and removing one only marks it. Promises that a [`Mapping`] is exactly as long as it says until it is
//! dropped.
#![allow(unsafe_code)]

use std::mem::MaybeUninit;
use std::ops::Range;
use std::ptr::{self, NonNull};

use nix::errno::Errno;
use nix::libc;

use crate::layout::key::Key;
use crate::sys::process::{PAGE, effective_uid, kernel_page_size, ordinary_page_size};

mod table;

pub(crate) use table::{Usage, nothing_is_swapped, table, usage};

/// The mode bit of a removed segment, from `<linux/shm.h>`; libc does not name it.
const SHM_DEST: u32 = 0o1000;

/// The kernel's status of one segment.
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
    /// The number of times that the segment is attached, in all processes.
    pub(crate) attach_count: u64,
    /// The time of its creation, or of the last change of owner or mode: seconds since 1970.
    pub(crate) changed: i64,
    /// True if it is removed: still attached somewhere, but without a key.
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

/// A segment that is attached to this process, and of which no byte has been read. A page that cannot be read would end
/// the process (`SIGBUS`).
#[derive(Debug)]
pub(crate) struct Unread(Mapping);

/// The reason why a segment is not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unreadable {
    /// The segment is on huge pages. They may be missing, and another process can take them away at any time
    /// (`MADV_REMOVE`).
    HugePages,
    /// The kernel cannot provide a page: memory or swap space has failed.
    Page,
}

/// The smallest huge page is 64 KiB on aarch64, and 2 MiB on x86_64.
const SMALLEST_HUGE_PAGE: usize = 64 << 10;

/// The access for which a segment is mapped.
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

/// Makes a new, zero-filled segment of `size` bytes; `EEXIST` if the key is taken.
pub(crate) fn create(key: Key, size: usize, mode: u32) -> Result<i32, Errno> {
    let flags = libc::IPC_CREAT | libc::IPC_EXCL | (mode & 0o777) as libc::c_int;
    // SAFETY: takes numbers only.
    Errno::result(unsafe { libc::shmget(key.to_raw(), size, flags) })
}

/// Attaches a segment, then reads its status: in this order, because the id of an attached segment is not used again.
///
/// The whole segment is mapped. In a process with `mlockall(MCL_FUTURE)` all its pages are also filled and locked. So a
/// caller that does not trust every user checks the [`status`] before.
pub(crate) fn attach(shmid: i32, access: Access) -> Result<(Unread, Status), Errno> {
    let flags = if access == Access::ReadOnly { libc::SHM_RDONLY } else { 0 };
    // SAFETY: with a null address the kernel chooses one where nothing is mapped.
    let base = unsafe { libc::shmat(shmid, ptr::null(), flags) };
    if base as isize == -1 {
        return Err(Errno::last());
    }
    let base = NonNull::new(base.cast::<u8>()).ok_or(Errno::EFAULT)?;
    // Detaches when dropped, if the status cannot be read. The length is used only after it is known.
    let mut mapping = Mapping { base, len: 0, access };
    let status = status(shmid)?;
    mapping.len = status.size;
    Ok((Unread(mapping), status))
}

/// The status of a segment. Needs read permission on it.
pub(crate) fn status(shmid: i32) -> Result<Status, Errno> {
    stat(shmid, libc::IPC_STAT).map(|(_, ds)| Status::new(shmid, &ds))
}

/// Gives a segment to a user and a group, and sets its permission bits. Allowed to its owner and its creator.
pub(crate) fn set_owner(shmid: i32, owner: u32, group: u32, mode: u32) -> Result<(), Errno> {
    let mut ds = MaybeUninit::<libc::shmid_ds>::zeroed();
    // SAFETY: zeroed: integers all of them.
    let ds = unsafe { ds.assume_init_mut() };
    (ds.shm_perm.uid, ds.shm_perm.gid, ds.shm_perm.mode) = (owner, group, (mode & 0o777) as _);
    // SAFETY: IPC_SET reads these three fields of a `shmid_ds`, which is alive during the call.
    Errno::result(unsafe { libc::shmctl(shmid, libc::IPC_SET, ds) }).map(drop)
}

/// Removes a segment: its key is free at once, its memory when the last process has detached it.
pub(crate) fn remove(shmid: i32) -> Result<(), Errno> {
    // SAFETY: IPC_RMID ignores the buffer.
    Errno::result(unsafe { libc::shmctl(shmid, libc::IPC_RMID, ptr::null_mut()) }).map(drop)
}

/// Makes one of the status calls. `which` is an id or a table index; returns the id too.
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

    /// Returns `true` if both are of the same segment with the same users, at different times. The kernel uses ids
    /// again.
    pub(crate) fn is_of_same_segment(&self, other: &Self) -> bool {
        let compared = |status: &Self| (status.shmid, status.key, status.size, status.owner, status.creator);
        compared(self) == compared(other)
    }

    /// Returns `true` if the kernel lets this user remove the segment. `EPERM` comes from a sandbox then.
    pub(crate) fn is_ours_to_remove(&self) -> bool {
        [self.owner, self.creator].contains(&effective_uid())
    }
}

impl Unread {
    /// Checks the first page and returns the mapping. Called after owner and creator are checked, if they must be
    /// trusted.
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

/// The text for a segment that could not be attached because memory is short; `None` for other errors.
pub(crate) fn no_memory_to_attach(errno: Errno) -> Option<&'static str> {
    match errno {
        Errno::ENOMEM => Some(
            "the address space of this process has no room for all of it (`ulimit -v`), or the kernel has no memory",
        ),
        Errno::EAGAIN => Some(
            "this process locks all its memory (`mlockall`), and its limit (`ulimit -l`) has no room for all of it",
        ),
        _ => None,
    }
}

/// Has the kernel map, and allocate if need be, each page of this process's memory from `start` on. `access` says for
/// which use. No byte is changed.
pub(crate) fn populate(start: usize, size: usize, access: Access) -> Result<(), Errno> {
    let page = ordinary_page_size();
    let first = start / page * page;
    let advice = match access {
        Access::ReadWrite => libc::MADV_POPULATE_WRITE,
        Access::ReadOnly => libc::MADV_POPULATE_READ,
    };
    // SAFETY: takes addresses. The kernel maps pages, and changes no byte.
    Errno::result(unsafe { libc::madvise(first as *mut _, start + size - first, advice) }).map(drop)
}

impl Mapping {
    /// Has the kernel read each page of a range. Its error replaces the signal that a read of ours would cause.
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

    /// [`check_readable`](Self::check_readable) of one page, where the kernel has no call for it.
    ///
    /// `rt_sigprocmask` reads a set of signals before it checks what to do with them, which is no valid number here.
    /// Every kernel and sandbox has this call.
    fn is_readable_by_signal_set(&self, page: usize) -> bool {
        const NOTHING: libc::c_int = !0;
        const SET_BYTES: usize = 8;
        let (start, no_result) = (self.base.as_ptr().wrapping_add(page), ptr::null_mut::<u8>());
        // SAFETY: the kernel reads eight bytes within a page of the mapping, or says `EFAULT`; it writes nothing, and
        // changes no signal.
        let asked = unsafe { libc::syscall(libc::SYS_rt_sigprocmask, NOTHING, start, no_result, SET_BYTES) };
        Errno::result(asked) != Err(Errno::EFAULT)
    }

    /// Returns `true` if the segment is on huge pages. The status does not say.
    fn is_on_huge_pages(&self) -> bool {
        if self.base.addr().get() % SMALLEST_HUGE_PAGE != 0 {
            return false;
        }
        // SAFETY: advice about a page of the mapping, which keeps its content. The kernel refuses it for huge pages.
        let is_advised = unsafe { libc::madvise(self.base.as_ptr().cast(), PAGE, libc::MADV_COLD) } == 0;
        // Linux before 5.4 refuses this advice always, and every kernel refuses it for locked memory (`mlockall`).
        !is_advised && kernel_page_size(self.base.addr().get()).is_some_and(|size| size > ordinary_page_size())
    }

    /// The first byte; page-aligned.
    pub(crate) fn base(&self) -> NonNull<u8> {
        self.base
    }

    /// The number of bytes that are mapped from [`base`](Self::base) on.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Returns `true` if a byte is mapped here.
    pub(crate) fn contains(&self, address: usize) -> bool {
        address.wrapping_sub(self.base().addr().get()) < self.len()
    }

    /// Returns `true` if any of these pages is in memory, or if that is unknown. A page that is not in memory was never
    /// written, or is swapped out.
    pub(crate) fn has_in_memory(&self, pages: &Range<usize>) -> bool {
        let mut found = vec![0_u8; pages.len().div_ceil(PAGE)];
        self.in_memory(pages.start, &mut found);
        found.iter().any(|page| page & 1 != 0)
    }

    /// Sets the lowest bit of a byte for each page from `start` on that is in memory, or for which that is unknown.
    pub(crate) fn in_memory(&self, start: usize, found: &mut [u8]) {
        let start = self.base.as_ptr().wrapping_add(start);
        // SAFETY: asks about addresses, whatever is there; `found` has a byte for each page, and no page is smaller.
        let asked = unsafe { libc::mincore(start.cast(), found.len() * PAGE, found.as_mut_ptr()) };
        if asked != 0 {
            found.fill(1);
        }
    }

    /// Gives pages back to the kernel, for all processes: they are zero then. Returns `false` if the kernel refuses
    /// that, as for locked memory.
    pub(crate) fn discard(&self, pages: &Range<usize>) -> bool {
        let start = self.base.as_ptr().wrapping_add(pages.start);
        debug_assert!(self.access == Access::ReadWrite && pages.end <= self.len);
        // SAFETY: whole pages of a mapping for writing. They are zero then, as if another process had stored zeros:
        // every access to the memory allows for that.
        unsafe { libc::madvise(start.cast(), pages.len(), libc::MADV_REMOVE) == 0 }
    }

    /// Makes pages fail like broken memory: a read of them raises a signal.
    #[cfg(test)]
    pub(crate) fn break_pages(&self, pages: &Range<usize>) {
        let start = self.base.as_ptr().wrapping_add(pages.start);
        // SAFETY: pages of the mapping, which the test reads only by way of the kernel.
        let broken = unsafe { libc::mprotect(start.cast(), pages.len(), libc::PROT_NONE) };
        assert_eq!(broken, 0, "{}", Errno::last());
    }

    /// The access for which it is mapped. A write to a mapping for reading only raises SIGSEGV.
    pub(crate) fn access(&self) -> Access {
        self.access
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: attached by `attach` at this address, and no borrow of `self` is left.
        let detached = unsafe { libc::shmdt(self.base.as_ptr().cast()) };
        debug_assert!(detached == 0 || Errno::last() != Errno::EINVAL, "nothing is attached there");
        if detached != 0 {
            // This does the same where a sandbox refuses `shmdt`.
            // SAFETY: the whole attached segment, to its last page, and no borrow of `self` is left.
            unsafe { libc::munmap(self.base.as_ptr().cast(), self.len) };
        }
    }
}

// SAFETY: an address and a length. Code that accesses the memory answers for races with other threads and processes.
unsafe impl Send for Mapping {}
// SAFETY: as above; `&Mapping` offers numbers only.
unsafe impl Sync for Mapping {}

#[cfg(test)]
mod tests;
