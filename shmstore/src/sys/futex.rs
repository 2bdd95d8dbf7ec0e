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
use std::sync::atomic::AtomicU32;
use std::time::Duration;

use nix::libc;

/// Sleeps while `word` holds `expected`, until woken, a signal comes, or `slice` has passed. May return for no reason.
///
/// A slice and not for ever, because whoever should wake us may be killed between changing the word and waking. The
/// caller looks at the word again and knows by itself whether there is more to wait for: so nothing is returned.
pub(crate) fn wait(word: &AtomicU32, expected: u32, slice: Duration) {
    let timeout = libc::timespec {
        tv_sec: libc::time_t::try_from(slice.as_secs()).unwrap_or(libc::time_t::MAX),
        tv_nsec: slice.subsec_nanos().into(),
    };
    // SAFETY: FUTEX_WAIT only reads `word`, atomically, and `timeout`; both live until it returns.
    unsafe { libc::syscall(libc::SYS_futex, word.as_ptr(), libc::FUTEX_WAIT, expected, ptr::from_ref(&timeout)) };
}

/// Wakes up to `count` threads, of any process, that sleep on `word`.
pub(crate) fn wake(word: &AtomicU32, count: u32) {
    // SAFETY: FUTEX_WAKE uses the word's address only; it reads and writes nothing there.
    unsafe { libc::syscall(libc::SYS_futex, word.as_ptr(), libc::FUTEX_WAKE, count) };
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
