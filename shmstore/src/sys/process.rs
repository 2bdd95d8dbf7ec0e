//! Processes: ids, namespaces, start times, the end of other processes; random numbers; memory that `fork` wipes
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
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::fs::MetadataExt;
use std::ptr::{self, NonNull};

use nix::errno::Errno;
use nix::libc;

/// The size of a page in the format, which is no kernel's, and the alignment of an object in its segment.
pub(crate) const PAGE: usize = 4096;

/// The kernel's number of the calling thread: never 0.
pub(crate) fn thread_id() -> u32 {
    // SAFETY: takes nothing.
    unsafe { libc::gettid() as u32 }
}

/// The user that gives this process its permissions.
pub(crate) fn effective_uid() -> u32 {
    nix::unistd::geteuid().as_raw()
}

/// The group of new files and segments.
pub(crate) fn effective_gid() -> u32 {
    nix::unistd::getegid().as_raw()
}

/// The inode of this process's `pid` or `time` namespace; 0 if it is unknown.
pub(crate) fn namespace(kind: &str) -> u32 {
    namespace_at(&format!("/proc/self/ns/{kind}"))
}

/// The inode of the namespace that a file of `/proc` stands for; 0 if it is unknown.
pub(super) fn namespace_at(file: &str) -> u32 {
    fs::metadata(file).ok().and_then(|found| u32::try_from(found.ino()).ok()).unwrap_or(0)
}

/// The start time of a process, in clock ticks since boot; 0 if `/proc` does not say.
pub(crate) fn start_time(pid: u32) -> u64 {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // The second field is a name that may hold anything; the last `)` ends it. The start time is field 22.
    let after_name = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    after_name.split_ascii_whitespace().nth(19).and_then(|ticks| ticks.parse().ok()).unwrap_or(0)
}

/// Returns `true` if a process has mapped a System V segment for writing; `None` if `/proc` does not say, or is of
/// another PID namespace.
pub(crate) fn maps_segment_to_write(pid: u32, shmid: i32) -> Option<bool> {
    let maps = fs::read(format!("/proc/{pid}/maps")).ok()?;
    // Empty for a kernel thread, and for a process after its first thread has ended.
    if maps.is_empty() || !proc_is_ours() {
        return None;
    }
    // `start-end perms offset device inode path`: the path is `/SYSV` and the key, the inode is the segment's id.
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

/// The page size of the mapping that begins at an address, in bytes; `None` if `/proc` does not say. Slow in a process
/// with much memory, because the kernel goes over all of it.
pub(crate) fn kernel_page_size(address: usize) -> Option<usize> {
    let smaps = fs::read("/proc/self/smaps").ok()?;
    let smaps = String::from_utf8_lossy(&smaps);
    // `start-end perms …`, then a line for each property.
    let starts_there =
        |line: &str| line.split_once('-').is_some_and(|(start, _)| usize::from_str_radix(start, 16) == Ok(address));
    let mut properties = smaps.lines().skip_while(|line| !starts_there(line));
    let kilobytes = properties.find_map(|line| line.strip_prefix("KernelPageSize:")?.strip_suffix("kB"))?;
    kilobytes.trim().parse::<usize>().ok().map(|kilobytes| kilobytes << 10)
}

/// A number that tells the program in this process from the programs before `exec`; 0 if the kernel gives none.
/// All copies of this crate in the program get the same, and so do its children.
///
/// It is made of the random bytes that the kernel gives each program ([getauxval(3)], `AT_RANDOM`).
///
/// [getauxval(3)]: https://man7.org/linux/man-pages/man3/getauxval.3.html
pub(crate) fn exec_id() -> u32 {
    // SAFETY: takes a number only.
    let random = unsafe { libc::getauxval(libc::AT_RANDOM) } as *const [u32; 4];
    if random.is_null() {
        return 0;
    }
    // SAFETY: the kernel has put 16 bytes there, on the first thread's stack, for the whole life of the program. The
    // read is unaligned.
    let words = unsafe { random.read_unaligned() };
    words.into_iter().fold(0, |id, word| id.rotate_left(7) ^ word)
}

/// Returns `true` if `/proc` is of our own PID namespace: then `NSpid` has one number, and it is ours.
pub(crate) fn proc_is_ours() -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let pids = status.lines().find_map(|line| line.strip_prefix("NSpid:")).unwrap_or("");
    pids.split_ascii_whitespace().collect::<Vec<_>>() == [std::process::id().to_string()]
}

/// Returns `true` if a process of our PID namespace has provably ended.
///
/// Works for a process that its parent has not reaped, under `hidepid`, and for a pid that is by now the number of a
/// thread or a process group.
pub(crate) fn has_ended(pid: u32) -> bool {
    match open_process(pid) {
        Ok(process) => has_exited(&process),
        Err(Errno::ESRCH) => true,
        // Kernels answer so for a number that is no process's. A sandbox without the call answers so for every process,
        // also for ours.
        Err(Errno::EINVAL | Errno::ENOENT) if open_process(std::process::id()).is_ok() => true,
        // No descriptor is free, or the call is refused. A process that was not reaped seems to be alive then.
        Err(_) => is_unknown(pid),
    }
}

/// Opens a process: `ESRCH` if there is none.
fn open_process(pid: u32) -> Result<OwnedFd, Errno> {
    let pid = libc::pid_t::try_from(pid).map_err(|_| Errno::EOVERFLOW)?;
    // SAFETY: takes numbers only.
    let fd = Errno::result(unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) })?;
    // SAFETY: just opened, and owned by no other value.
    Ok(unsafe { OwnedFd::from_raw_fd(fd as i32) })
}

/// Returns `true` if all threads of an open process have ended.
fn has_exited(process: &OwnedFd) -> bool {
    let mut poll = libc::pollfd { fd: process.as_raw_fd(), events: libc::POLLIN, revents: 0 };
    // SAFETY: one `pollfd`, alive during the call.
    let ready = unsafe { libc::poll(&raw mut poll, 1, 0) };
    ready == 1 && poll.revents & libc::POLLIN != 0
}

fn is_unknown(pid: u32) -> bool {
    // 0 means our own process group.
    let Some(pid) = libc::pid_t::try_from(pid).ok().filter(|pid| *pid > 0) else { return false };
    // SAFETY: takes numbers only; signal 0 is not sent.
    Errno::result(unsafe { libc::kill(pid, 0) }) == Err(Errno::ESRCH)
}

/// Random bits of the kernel, by `getrandom`, or from `/dev/urandom` if that is refused. The error is `getrandom`'s.
pub(crate) fn random_u64() -> Result<u64, Errno> {
    let mut bytes = [0_u8; 8];
    loop {
        // SAFETY: the buffer is alive during the call, and as long as the call is told.
        let got = unsafe { libc::getrandom(bytes.as_mut_ptr().cast(), bytes.len(), 0) };
        match Errno::result(got) {
            // So few bytes come all at once or not at all.
            Ok(_) => return Ok(u64::from_ne_bytes(bytes)),
            Err(Errno::EINTR) => {}
            Err(errno) => {
                let file = fs::File::open("/dev/urandom").and_then(|mut file| file.read_exact(&mut bytes));
                return file.map_or(Err(errno), |()| Ok(u64::from_ne_bytes(bytes)));
            }
        }
    }
}

/// A zeroed page for the state of one process; never unmapped.
#[derive(Debug)]
pub(crate) struct OwnPage {
    pub(crate) base: NonNull<u8>,
    /// True if the page is zeroed again in a child. Linux before 4.14, gVisor and some sandboxes do not zero it.
    pub(crate) is_wiped_on_fork: bool,
}

impl OwnPage {
    pub(crate) fn map() -> Result<Self, Errno> {
        let memory = AnonymousMemory::new(PAGE, Inherited::Copied)?;
        let base = memory.base;
        // SAFETY: the range was just mapped by us, and holds nothing.
        let is_wiped_on_fork = unsafe { libc::madvise(base.as_ptr().cast(), PAGE, libc::MADV_WIPEONFORK) } == 0;
        std::mem::forget(memory);
        Ok(Self { base, is_wiped_on_fork })
    }
}

/// Registers functions that every `fork` calls: one before it, one after it in the parent, one after it in the child.
pub(crate) fn at_fork(before: extern "C" fn(), parent: extern "C" fn(), child: extern "C" fn()) -> Result<(), Errno> {
    // SAFETY: functions without arguments, which are never unloaded while they are registered.
    match unsafe { libc::pthread_atfork(Some(before), Some(parent), Some(child)) } {
        0 => Ok(()),
        errno => Err(Errno::from_raw(errno)),
    }
}

/// Starts a thread that handles no signals, so that the handlers of the program run in its own threads.
pub(crate) fn spawn_without_signals(name: &str, run: impl FnOnce() + Send + 'static) -> Result<(), Errno> {
    let mut all = MaybeUninit::<libc::sigset_t>::uninit();
    let mut before = MaybeUninit::<libc::sigset_t>::uninit();
    // SAFETY: fills the set that it gets.
    unsafe { libc::sigfillset(all.as_mut_ptr()) };
    // SAFETY: the first set is filled, and there is room for the second. Changes only what this thread handles.
    let errno = unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, all.as_ptr(), before.as_mut_ptr()) };
    if errno != 0 {
        return Err(Errno::from_raw(errno));
    }
    let spawned = std::thread::Builder::new().name(name.to_owned()).spawn(run);
    // SAFETY: the call above has filled the set.
    unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, before.as_ptr(), ptr::null_mut()) };
    spawned.map(drop).map_err(|error| Errno::from_raw(error.raw_os_error().unwrap_or(libc::EAGAIN)))
}

/// Registers a function that is called when the process exits, or when the library with this code is unloaded. Returns
/// `false` if there is no memory.
pub(crate) fn at_exit(call: extern "C" fn()) -> bool {
    // SAFETY: a function without arguments, which glibc calls before it unloads the library.
    unsafe { libc::atexit(call) == 0 }
}

/// The inheritance of a memory mapping by a child of `fork`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Inherited {
    /// A copy.
    Copied = libc::MAP_PRIVATE as isize,
    /// The same memory.
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
    /// Maps `len` bytes, at least one.
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
        // SAFETY: mapped by `new` at this address and length, and no borrow of `self` is left.
        let unmapped = unsafe { libc::munmap(self.base.as_ptr().cast(), self.len) };
        debug_assert_eq!(unmapped, 0, "{}", Errno::last());
    }
}

// SAFETY: an address and a length; `&AnonymousMemory` offers numbers only.
unsafe impl Send for AnonymousMemory {}
// SAFETY: as above.
unsafe impl Sync for AnonymousMemory {}

/// Kills this process by SIGKILL; for failpoints.
#[cfg(feature = "failpoints")]
pub(crate) fn kill_self() -> ! {
    // SAFETY: takes numbers only.
    unsafe { libc::raise(libc::SIGKILL) };
    unreachable!("a process does not survive SIGKILL")
}

/// Stops this process until a SIGCONT; for failpoints.
#[cfg(feature = "failpoints")]
pub(crate) fn stop_self() {
    // SAFETY: takes numbers only.
    unsafe { libc::raise(libc::SIGSTOP) };
}
