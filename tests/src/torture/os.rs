//! What the torture asks of the kernel: forks, deaths, the clock, the pipe for news.
//!
//! # Safety
//!
//! Assumes that the processes that call this have one thread. Promises nothing.
#![allow(unsafe_code)]

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::SeqCst;

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::libc;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::prctl;
use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, kill, sigaction};
use nix::time::{ClockId, clock_gettime};
use nix::unistd::{ForkResult, Pid, fork, getppid, pipe2};

pub(super) fn now() -> u64 {
    let time = clock_gettime(ClockId::CLOCK_MONOTONIC).expect("a monotonic clock");
    time.tv_sec() as u64 * 1_000_000_000 + time.tv_nsec() as u64
}

/// Forks a process that does `job` and ends, or is killed when its parent ends.
pub(super) fn spawn(news: &News, job: impl FnOnce()) -> Pid {
    let parent = Pid::this();
    // SAFETY: this process has one thread.
    match unsafe { fork() }.expect("room for one more process") {
        ForkResult::Parent { child } => child,
        ForkResult::Child => {
            let _ = prctl::set_pdeathsig(Signal::SIGKILL);
            let fine = getppid() == parent && run_guarded(news, job);
            end(if fine { 0 } else { 1 })
        }
    }
}

/// A panic is news: nothing of what the processes call may panic.
fn run_guarded(news: &News, job: impl FnOnce()) -> bool {
    std::panic::set_hook(Box::new(|_| {}));
    let Err(panic) = catch_unwind(AssertUnwindSafe(job)) else { return true };
    let text = panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
    news.violation(&format!("pid {} panicked: {}", Pid::this(), text.unwrap_or("for no reason")));
    false
}

/// Ends this process without running what its parent has registered for its own end.
pub(super) fn end(code: i32) -> ! {
    // SAFETY: takes a number.
    unsafe { libc::_exit(code) }
}

pub(super) fn kill_now(pid: Pid) {
    // One that has ended by itself is not reaped yet, so it is still this one.
    let _ = kill(pid, Signal::SIGKILL);
}

/// Opens a child that was not reaped yet.
pub(super) fn open_process(pid: Pid) -> OwnedFd {
    // SAFETY: takes numbers only.
    let fd = unsafe { libc::syscall(libc::SYS_pidfd_open, pid.as_raw(), 0) };
    let fd = Errno::result(fd).expect("a child that nobody has reaped");
    // SAFETY: just opened, and known to nobody else.
    unsafe { OwnedFd::from_raw_fd(fd as i32) }
}

/// Tells whether the kernel has released all of a process but its exit status.
pub(super) fn has_ended(process: &OwnedFd) -> bool {
    let mut fds = [PollFd::new(process.as_fd(), PollFlags::POLLIN)];
    poll(&mut fds, PollTimeout::ZERO).is_ok_and(|ready| ready == 1)
}

/// Tells whether a process has ended, or only its exit status is left.
pub(super) fn has_ended_or_ends(pid: u64) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_none_or(|(_, rest)| rest.starts_with(['Z', 'X']))
}

/// Closes a descriptor that was inherited from a process that needs it.
pub(super) fn close(file: &File) {
    // SAFETY: nobody uses the number any more: this process ends without dropping `file`.
    unsafe { libc::close(file.as_raw_fd()) };
}

/// Has the failpoint of a name kill this process.
pub(super) fn die_at(step: &str) {
    // SAFETY: this process has one thread.
    unsafe { std::env::set_var("SHMSTORE_FAILPOINT", format!("{step}=kill")) };
}

/// For how long this thread was runnable and not scheduled, in nanoseconds since it began.
pub(super) fn not_scheduled() -> u64 {
    run_delay("thread-self")
}

/// Likewise, the main thread of a process.
pub(super) fn not_scheduled_of(pid: Pid) -> u64 {
    run_delay(&pid.to_string())
}

fn run_delay(who: &str) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{who}/schedstat")).unwrap_or_default();
    stat.split_ascii_whitespace().nth(1).and_then(|nanoseconds| nanoseconds.parse().ok()).unwrap_or(0)
}

static INTERRUPTED: AtomicBool = AtomicBool::new(false);

extern "C" fn interrupt(_: libc::c_int) {
    INTERRUPTED.store(true, SeqCst);
}

/// Has Ctrl-C and the like end the run in order: they end a `ppoll`, and no wait for a child.
pub(super) fn catch_interrupts() {
    let action = SigAction::new(SigHandler::Handler(interrupt), SaFlags::SA_RESTART, SigSet::empty());
    for signal in [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP] {
        // SAFETY: the handler stores one atomic, and nothing else.
        unsafe { sigaction(signal, &action) }.expect("a handler for a signal");
    }
}

/// In a child: ends by a signal, as processes do.
pub(super) fn ignore_interrupts() {
    for signal in [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP] {
        let action = SigAction::new(SigHandler::SigIgn, SaFlags::empty(), SigSet::empty());
        // SAFETY: no handler.
        let _ = unsafe { sigaction(signal, &action) };
    }
}

pub(super) fn is_interrupted() -> bool {
    INTERRUPTED.load(SeqCst)
}

pub(super) fn pipe(flags: OFlag) -> (File, File) {
    let (from, to) = pipe2(flags).expect("a pipe");
    (File::from(from), File::from(to))
}

/// Where any process says what the supervisor must know: a line each.
#[derive(Debug)]
pub(super) struct News(File);

impl News {
    /// The end to read, without blocking, and the end to write, which a new image of a process has, too.
    pub(super) fn new() -> (File, Self) {
        let (from, to) = pipe(OFlag::O_NONBLOCK);
        (from, Self(to))
    }

    /// The end to write, by the number that another image of this process has given.
    pub(super) fn inherited(number: i32) -> Self {
        let path = format!("/proc/self/fd/{number}");
        Self(OpenOptions::new().write(true).open(path).expect("the pipe for news"))
    }

    pub(super) fn number(&self) -> i32 {
        self.0.as_raw_fd()
    }

    pub(super) fn violation(&self, text: &str) {
        let line: String = text.chars().map(|letter| if letter == '\n' { ' ' } else { letter }).take(2000).collect();
        // If the pipe is full, there is enough to read already.
        let _ = (&self.0).write(format!("!{line}\n").as_bytes());
    }

    /// Wakes the supervisor, who looks at the board.
    pub(super) fn wake(&self) {
        let _ = (&self.0).write(b".\n");
    }
}

pub(super) fn drain(mut from: &File) -> String {
    let mut text = Vec::new();
    let mut buffer = [0; 4096];
    while let Ok(read) = from.read(&mut buffer) {
        if read == 0 {
            break;
        }
        text.extend_from_slice(&buffer[..read]);
    }
    String::from_utf8_lossy(&text).into_owned()
}
