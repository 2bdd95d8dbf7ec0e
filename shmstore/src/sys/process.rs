//! The process itself: ids, namespaces, start time, randomness, pages that `fork` wipes, death of others
//! ([madvise(2)], [pidfd_open(2)], [proc_pid_stat(5)], [namespaces(7)]).
//!
//! [madvise(2)]: https://man7.org/linux/man-pages/man2/madvise.2.html
//! [pidfd_open(2)]: https://man7.org/linux/man-pages/man2/pidfd_open.2.html
//! [proc_pid_stat(5)]: https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html
//! [namespaces(7)]: https://man7.org/linux/man-pages/man7/namespaces.7.html
//!
//! # Safety
//!
//! Assumes nothing but the C library's prototypes. Promises that the memory it hands out is mapped, zeroed and never
//! unmapped (or, for [`AnonymousMemory`], not before it is dropped).
#![allow(unsafe_code)]

use std::fs;
use std::io::Read;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::fs::MetadataExt;
use std::ptr::{self, NonNull};

use nix::errno::Errno;
use nix::libc;

/// The size of a page in the format, which is no kernel's, and the alignment of an object in its segment.
pub(crate) const PAGE: usize = 4096;

pub(crate) fn pid() -> u32 {
    std::process::id()
}

/// The calling thread, as the kernel numbers it: never 0.
pub(crate) fn thread_id() -> u32 {
    // SAFETY: takes nothing.
    unsafe { libc::gettid() as u32 }
}

/// The user whose permissions count.
pub(crate) fn effective_uid() -> u32 {
    nix::unistd::geteuid().as_raw()
}

/// The group that new files and segments are given.
pub(crate) fn effective_gid() -> u32 {
    nix::unistd::getegid().as_raw()
}

/// The inode of one of our namespaces (`pid`, `time`, `ipc`), or 0 where the kernel does not tell. They have 32 bits.
pub(crate) fn namespace(kind: &str) -> u32 {
    let inode = fs::metadata(format!("/proc/self/ns/{kind}")).map_or(0, |found| found.ino());
    u32::try_from(inode).unwrap_or(0)
}

/// When a process started, in clock ticks since boot, or 0 where `/proc` does not tell.
pub(crate) fn start_time(pid: u32) -> u64 {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // The second field is a name that may hold anything; the last `)` ends it. The start time is field 22.
    let after_name = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    after_name.split_ascii_whitespace().nth(19).and_then(|ticks| ticks.parse().ok()).unwrap_or(0)
}

/// Tells whether a process has a System V segment mapped for writing; `None` where `/proc` does not tell, or speaks of others.
pub(crate) fn maps_segment_to_write(pid: u32, shmid: i32) -> Option<bool> {
    let maps = fs::read(format!("/proc/{pid}/maps")).ok()?;
    // Nothing at all is mapped by what is no program, or not any more, such as a first thread that has ended.
    if maps.is_empty() || !proc_is_ours() {
        return None;
    }
    // `start-end perms offset device inode path`: the path is `/SYSV` and the key, the inode the segment's number.
    let is_segment = |line: &str| {
        let mut columns = line.split_ascii_whitespace().skip(1);
        let is_writable = columns.next().is_some_and(|perms| perms.contains('w'));
        let mut columns = columns.skip(2);
        let inode = columns.next().and_then(|inode| inode.parse::<i64>().ok());
        is_writable && inode == Some(shmid.into()) && columns.next().is_some_and(|path| path.starts_with("/SYSV"))
    };
    Some(String::from_utf8_lossy(&maps).lines().any(is_segment))
}

/// The size of the kernel's ordinary pages, in bytes.
pub(crate) fn ordinary_page_size() -> usize {
    // SAFETY: takes a number only.
    let size = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
    usize::try_from(size).unwrap_or(PAGE)
}

/// The size of the pages of what this process has mapped at an address, in bytes; `None` where `/proc` does not tell. Slow in a process with
/// much memory: the kernel looks at all of it.
pub(crate) fn kernel_page_size(address: usize) -> Option<usize> {
    let smaps = fs::read("/proc/self/smaps").ok()?;
    let smaps = String::from_utf8_lossy(&smaps);
    // `start-end perms …`, then a line for each of its properties.
    let starts_there =
        |line: &str| line.split_once('-').is_some_and(|(start, _)| usize::from_str_radix(start, 16) == Ok(address));
    let mut properties = smaps.lines().skip_while(|line| !starts_there(line));
    let kilobytes = properties.find_map(|line| line.strip_prefix("KernelPageSize:")?.strip_suffix("kB"))?;
    kilobytes.trim().parse::<usize>().ok().map(|kilobytes| kilobytes << 10)
}

/// What tells the program that runs in this process from every other that ran in it before `exec`: made of the random
/// bytes that the kernel gives each program ([getauxval(3)], `AT_RANDOM`). The same for all of the program, and for its
/// children. 0 if the kernel gives none.
///
/// [getauxval(3)]: https://man7.org/linux/man-pages/man3/getauxval.3.html
pub(crate) fn exec_id() -> u32 {
    // SAFETY: takes a number only.
    let random = unsafe { libc::getauxval(libc::AT_RANDOM) } as *const [u32; 4];
    if random.is_null() {
        return 0;
    }
    // SAFETY: the kernel has put 16 bytes there, on the first thread's stack, for the program's whole life; read unaligned.
    let words = unsafe { random.read_unaligned() };
    words.into_iter().fold(0, |image, word| image.rotate_left(7) ^ word)
}

/// Tells whether `/proc` speaks of our own PID namespace: then `NSpid` has one number, and it is ours.
pub(crate) fn proc_is_ours() -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let pids = status.lines().find_map(|line| line.strip_prefix("NSpid:")).unwrap_or("");
    pids.split_ascii_whitespace().collect::<Vec<_>>() == [pid().to_string()]
}

/// Tells whether a process of our PID namespace has ended: also when nobody has reaped it, also under `hidepid`, and also
/// when its number is only that of a thread, or of a group of processes, by now. In doubt it has not.
pub(crate) fn has_ended(pid: u32) -> bool {
    match open_process(pid) {
        Ok(process) => has_exited(&process),
        Err(Errno::ESRCH) => true,
        // What kernels say of a number that is no process's. A sandbox that knows no such call says it of every
        // process, also of us.
        Err(Errno::EINVAL | Errno::ENOENT) if open_process(self::pid()).is_ok() => true,
        // No descriptor is free, or the call is refused: a corpse that nobody has reaped is not seen so.
        Err(_) => is_unknown(pid),
    }
}

/// Opens a process: `ESRCH` if there is none.
fn open_process(pid: u32) -> Result<OwnedFd, Errno> {
    let pid = libc::pid_t::try_from(pid).map_err(|_| Errno::EOVERFLOW)?;
    // SAFETY: takes numbers only.
    let fd = Errno::result(unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) })?;
    // SAFETY: just opened, and known to nobody else.
    Ok(unsafe { OwnedFd::from_raw_fd(fd as i32) })
}

/// Tells whether all threads of an open process have ended.
fn has_exited(process: &OwnedFd) -> bool {
    let mut poll = libc::pollfd { fd: process.as_raw_fd(), events: libc::POLLIN, revents: 0 };
    // SAFETY: one `pollfd`, alive during the call.
    let ready = unsafe { libc::poll(&raw mut poll, 1, 0) };
    ready == 1 && poll.revents & libc::POLLIN != 0
}

fn is_unknown(pid: u32) -> bool {
    // 0 would be our own group.
    let Some(pid) = libc::pid_t::try_from(pid).ok().filter(|pid| *pid > 0) else { return false };
    // SAFETY: takes numbers only; signal 0 is none.
    Errno::result(unsafe { libc::kill(pid, 0) }) == Err(Errno::ESRCH)
}

/// Random bits from the kernel: by `getrandom`, or from `/dev/urandom` where that is refused. The error is
/// `getrandom`'s.
pub(crate) fn random_u64() -> Result<u64, Errno> {
    let mut bytes = [0_u8; 8];
    loop {
        // SAFETY: the buffer is as long as we say.
        let got = unsafe { libc::getrandom(bytes.as_mut_ptr().cast(), bytes.len(), 0) };
        match Errno::result(got) {
            // So few bytes come whole or not at all.
            Ok(_) => return Ok(u64::from_ne_bytes(bytes)),
            Err(Errno::EINTR) => {}
            Err(errno) => {
                let file = fs::File::open("/dev/urandom").and_then(|mut file| file.read_exact(&mut bytes));
                return file.map_or(Err(errno), |()| Ok(u64::from_ne_bytes(bytes)));
            }
        }
    }
}

/// A zeroed page for what belongs to one process; never unmapped.
#[derive(Debug)]
pub(crate) struct OwnPage {
    pub(crate) base: NonNull<u8>,
    /// Whether a child finds it zeroed again, however it was forked. Linux before 4.14, gVisor and some sandboxes do
    /// not do that.
    pub(crate) is_wiped_on_fork: bool,
}

impl OwnPage {
    pub(crate) fn map() -> Result<Self, Errno> {
        let memory = AnonymousMemory::new(PAGE, Inherited::Copied)?;
        let base = memory.base;
        // SAFETY: the range is ours, just mapped, and nothing is in it.
        let is_wiped_on_fork = unsafe { libc::madvise(base.as_ptr().cast(), PAGE, libc::MADV_WIPEONFORK) } == 0;
        std::mem::forget(memory);
        Ok(Self { base, is_wiped_on_fork })
    }
}

/// Has functions called by every `fork`: before it, then in the parent and in the child, before it returns there.
pub(crate) fn at_fork(before: extern "C" fn(), parent: extern "C" fn(), child: extern "C" fn()) -> Result<(), Errno> {
    // SAFETY: functions that take nothing and live for ever.
    match unsafe { libc::pthread_atfork(Some(before), Some(parent), Some(child)) } {
        0 => Ok(()),
        errno => Err(Errno::from_raw(errno)),
    }
}

/// Has a function called when the process exits, or when the library that this is linked into is unloaded. False if
/// there is no memory for that.
pub(crate) fn at_exit(call: extern "C" fn()) -> bool {
    // SAFETY: a function that takes nothing, and that glibc calls before it unloads the library.
    unsafe { libc::atexit(call) == 0 }
}

/// What a child of `fork` does with memory that it inherits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Inherited {
    /// It gets a copy, or zeros.
    Copied = libc::MAP_PRIVATE as isize,
    /// It shares it.
    Shared = libc::MAP_SHARED as isize,
}

/// Zeroed memory, page-aligned; unmapped when dropped.
#[derive(Debug)]
pub(crate) struct AnonymousMemory {
    // INVARIANT: `len` bytes from `base` are mapped until `drop`.
    base: NonNull<u8>,
    len: usize,
}

impl AnonymousMemory {
    /// Maps `len` bytes, or one if that is none.
    pub(crate) fn new(len: usize, inherited: Inherited) -> Result<Self, Errno> {
        let len = len.max(1);
        let protection = libc::PROT_READ | libc::PROT_WRITE;
        let flags = inherited as libc::c_int | libc::MAP_ANONYMOUS;
        // SAFETY: a new mapping at an address of the kernel's choice.
        let base = unsafe { libc::mmap(ptr::null_mut(), len, protection, flags, -1, 0) };
        if base == libc::MAP_FAILED {
            return Err(Errno::last());
        }
        Ok(Self { base: NonNull::new(base.cast()).ok_or(Errno::EFAULT)?, len })
    }

    pub(crate) fn base(&self) -> NonNull<u8> {
        self.base
    }
}

impl Drop for AnonymousMemory {
    fn drop(&mut self) {
        // SAFETY: mapped by `new` at this address and length, and nobody who borrowed from `self` is left.
        let unmapped = unsafe { libc::munmap(self.base.as_ptr().cast(), self.len) };
        debug_assert_eq!(unmapped, 0, "{}", Errno::last());
    }
}

// SAFETY: an address and a length; `&AnonymousMemory` offers numbers only.
unsafe impl Send for AnonymousMemory {}
// SAFETY: as above.
unsafe impl Sync for AnonymousMemory {}

/// Ends this process as a power cut would; for failpoints.
#[cfg(feature = "failpoints")]
pub(crate) fn kill_self() -> ! {
    // SAFETY: takes numbers only.
    unsafe { libc::raise(libc::SIGKILL) };
    unreachable!("SIGKILL cannot be survived")
}

/// Stops this process until somebody continues it; for failpoints.
#[cfg(feature = "failpoints")]
pub(crate) fn stop_self() {
    // SAFETY: takes numbers only.
    unsafe { libc::raise(libc::SIGSTOP) };
}
