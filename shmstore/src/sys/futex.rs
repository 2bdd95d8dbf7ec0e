//! Sleeping on a word of shared memory, and waking who sleeps there: futex(2).
//!
//! The words are shared between processes, so the private flag is never set: it would make a waiter and a waker of
//! different processes miss each other.
//!
//! # Safety
//!
//! This file calls the kernel with a pointer to a live atomic word, and promises that no other memory is touched.
#![allow(unsafe_code)]

use std::ptr;
use std::sync::atomic::{AtomicU32, AtomicU64};
use std::thread;
use std::time::Duration;

use nix::errno::Errno;
use nix::libc;

/// A word of shared memory that the kernel can compare: 32 bits of it.
pub(crate) trait FutexWord {
    /// The address of the 32 bits.
    fn futex(&self) -> *mut u32;
}

impl FutexWord for AtomicU32 {
    fn futex(&self) -> *mut u32 {
        self.as_ptr()
    }
}

/// The low half: what is counted up in the whole word changes it.
impl FutexWord for AtomicU64 {
    fn futex(&self) -> *mut u32 {
        self.as_ptr().cast::<u32>().wrapping_add(usize::from(cfg!(target_endian = "big")))
    }
}

/// What ended a sleep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Woken {
    /// The slice has passed.
    ByTime,
    /// The word was another already: there was no sleep.
    NotAsleep,
    /// Somebody woke us, a signal came, or there was no reason.
    Otherwise,
}

/// How long to sleep where the kernel does not let us wait for a word.
const UNWOKEN_SLICE: Duration = Duration::from_millis(1);

/// The most threads that can be woken: all.
pub(crate) const ALL: u32 = i32::MAX as u32;

/// Sleeps while `word` holds `expected`, until woken, a signal comes, or `slice` has passed. Works on memory that is
/// mapped for reading only.
///
/// A slice and not for ever, because whoever should wake us may be killed between changing the word and waking. The
/// caller looks at the word again and knows by itself whether there is more to wait for.
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
        // Refused by a sandbox: nobody can wake us, so we look often.
        Err(Errno::EPERM | Errno::ENOSYS) => {
            thread::sleep(slice.min(UNWOKEN_SLICE));
            Woken::Otherwise
        }
        _ => Woken::Otherwise,
    }
}

/// Wakes up to `count` threads, of any process, that sleep on `word`. Returns how many there were.
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
