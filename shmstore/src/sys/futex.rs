//! Sleeping on a word of shared memory, and waking the sleepers ([futex(2)]).
//!
//! The private flag is never set: with it, waiters and wakers of different processes would miss each other.
//!
//! [futex(2)]: https://man7.org/linux/man-pages/man2/futex.2.html
//!
//! # Safety
//!
//! Assumes nothing. Promises that the kernel accesses only the word, atomically.
#![allow(unsafe_code)]

use std::ptr;
use std::sync::atomic::{AtomicU32, AtomicU64};
use std::thread;
use std::time::Duration;

use nix::errno::Errno;
use nix::libc;

/// A word of shared memory, of which the kernel compares 32 bits.
pub(crate) trait FutexWord {
    /// The address of the 32 bits.
    fn futex(&self) -> *mut u32;
}

impl FutexWord for AtomicU32 {
    fn futex(&self) -> *mut u32 {
        self.as_ptr()
    }
}

/// The low half, which changes when the word is counted up.
impl FutexWord for AtomicU64 {
    fn futex(&self) -> *mut u32 {
        self.as_ptr().cast::<u32>().wrapping_add(usize::from(cfg!(target_endian = "big")))
    }
}

/// The reason why a sleep ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Woken {
    /// The slice has passed.
    ByTime,
    /// The word was another already, so there was no sleep.
    NotAsleep,
    /// A waker, a signal, or no reason.
    Otherwise,
}

/// The length of a sleep where a sandbox refuses the system call.
const UNWOKEN_SLICE: Duration = Duration::from_millis(1);

/// The count that wakes all threads.
pub(crate) const ALL: u32 = i32::MAX as u32;

/// Sleeps while `word` holds `expected`, until it is woken, a signal comes, or `slice` has passed. Works on memory that
/// is mapped for reading only.
///
/// A sleep is always limited, because the waker may be killed between changing the word and waking. The caller reads
/// the word again, and decides whether to sleep again.
pub(crate) fn wait(word: &impl FutexWord, expected: u32, slice: Duration) -> Woken {
    let timeout = libc::timespec {
        tv_sec: libc::time_t::try_from(slice.as_secs()).unwrap_or(libc::time_t::MAX),
        tv_nsec: slice.subsec_nanos().into(),
    };
    // SAFETY: FUTEX_WAIT only reads the word, atomically, and `timeout`; both live until it returns.
    let woken =
        unsafe { libc::syscall(libc::SYS_futex, word.futex(), libc::FUTEX_WAIT, expected, ptr::from_ref(&timeout)) };
    match Errno::result(woken) {
        Err(Errno::ETIMEDOUT) => Woken::ByTime,
        Err(Errno::EAGAIN) => Woken::NotAsleep,
        // A sandbox refuses the call: there are no wake-ups, so the caller has to poll.
        Err(Errno::EPERM | Errno::ENOSYS) => {
            thread::sleep(slice.min(UNWOKEN_SLICE));
            Woken::Otherwise
        }
        _ => Woken::Otherwise,
    }
}

/// Wakes up to `count` threads, of any process, that sleep on `word`. Returns the number of woken threads.
pub(crate) fn wake(word: &impl FutexWord, count: u32) -> u32 {
    // SAFETY: FUTEX_WAKE uses the word's address only; it reads and writes nothing there.
    let woken = unsafe { libc::syscall(libc::SYS_futex, word.futex(), libc::FUTEX_WAKE, count) };
    u32::try_from(woken).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering::{Acquire, Release};
    use std::time::Instant;

    use super::*;

    #[test]
    fn wait_returns_at_once_if_the_word_differs() {
        let start = Instant::now();
        wait(&AtomicU32::new(1), 0, Duration::from_secs(60));
        assert!(start.elapsed() < Duration::from_secs(30));
    }

    #[test]
    fn wait_ends_with_its_slice() {
        let start = Instant::now();
        wait(&AtomicU32::new(0), 0, Duration::from_millis(5));
        assert!(start.elapsed() >= Duration::from_millis(4));
    }

    #[test]
    fn wake_ends_a_wait_long_before_its_slice() {
        let word = AtomicU32::new(0);
        let start = Instant::now();
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while word.load(Acquire) == 0 {
                    wait(&word, 0, Duration::from_secs(60));
                }
            });
            std::thread::sleep(Duration::from_millis(10));
            word.store(1, Release);
            wake(&word, 1);
        });
        assert!(start.elapsed() < Duration::from_secs(30));
    }
}
