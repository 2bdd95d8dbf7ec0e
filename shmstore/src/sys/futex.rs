//! Sleeping on words of shared memory, and waking the sleepers ([futex(2)], [futex_waitv]).
//!
//! The private flag is never set: with it, waiters and wakers of different processes would miss each other.
//!
//! [futex(2)]: https://man7.org/linux/man-pages/man2/futex.2.html
//! [futex_waitv]: https://docs.kernel.org/userspace-api/futex2.html
//!
//! # Safety
//!
//! Assumes nothing. Promises that the kernel accesses only the words, atomically.
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

/// The most words on which a thread can sleep at a time.
pub(crate) const MOST_WORDS: usize = 128;

/// A word on which a thread sleeps, among others, and the value during which it does: `struct futex_waitv`.
///
/// An address and not a reference, because a word may be unmapped during the sleep. The kernel then says so, or wakes
/// the thread by nothing but the other words.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub(crate) struct Expected {
    value: u64,
    address: u64,
    flags: u32,
    reserved: u32,
}

impl Expected {
    /// `FUTEX2_SIZE_U32`.
    const SIZE_U32: u32 = 2;

    pub(crate) fn new(word: usize, value: u32) -> Self {
        Self { value: value.into(), address: word as u64, flags: Self::SIZE_U32, reserved: 0 }
    }

    pub(crate) fn word(&self) -> usize {
        self.address as usize
    }

    /// Sleeps on this word alone: see [`wait`].
    pub(crate) fn wait(&self, slice: Duration) -> Woken {
        wait_at(self.word(), self.value as u32, slice)
    }
}

/// The reason why a sleep on several words ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WokenBy {
    /// A waker of the word with this index.
    Word(usize),
    /// The time has passed, or a signal came.
    Nothing,
    /// At least one word was another already, so there was no sleep.
    NotAsleep,
    /// At least one word is not mapped, so there was no sleep.
    Unmapped,
    /// The kernel does not have the system call, or a sandbox refuses it. There was no sleep.
    Refused,
}

/// Sleeps while each word holds the value that is expected of it, until one of them is woken, a signal comes, or
/// `timeout` has passed. There are 1 to [`MOST_WORDS`] words. A `timeout` that the clock cannot express has no end.
pub(crate) fn wait_any(words: &[Expected], timeout: Duration) -> WokenBy {
    debug_assert!((1..=MOST_WORDS).contains(&words.len()));
    let until = deadline(timeout);
    let until = until.as_ref().map_or(ptr::null(), ptr::from_ref);
    // SAFETY: FUTEX_WAITV reads the list and the time, which live until it returns, and each word, atomically. It
    // refuses an address that is not mapped.
    let woken = unsafe {
        libc::syscall(libc::SYS_futex_waitv, words.as_ptr(), words.len() as u32, 0_u32, until, libc::CLOCK_MONOTONIC)
    };
    match Errno::result(woken) {
        Ok(index) => WokenBy::Word(index as usize),
        Err(Errno::EAGAIN) => WokenBy::NotAsleep,
        Err(Errno::EFAULT) => WokenBy::Unmapped,
        Err(Errno::EPERM | Errno::ENOSYS) => WokenBy::Refused,
        Err(_) => WokenBy::Nothing,
    }
}

/// The time on the monotonic clock at which a sleep ends. `None` if the clock cannot express it.
fn deadline(timeout: Duration) -> Option<libc::timespec> {
    let now = nix::time::clock_gettime(nix::time::ClockId::CLOCK_MONOTONIC).ok()?;
    let until = Duration::new(now.tv_sec() as u64, now.tv_nsec() as u32).checked_add(timeout)?;
    let tv_sec = libc::time_t::try_from(until.as_secs()).ok()?;
    Some(libc::timespec { tv_sec, tv_nsec: until.subsec_nanos().into() })
}

/// Sleeps while `word` holds `expected`, until it is woken, a signal comes, or `slice` has passed. Works on memory that
/// is mapped for reading only.
///
/// A sleep is always limited, because the waker may be killed between changing the word and waking. The caller reads
/// the word again, and decides whether to sleep again.
pub(crate) fn wait(word: &impl FutexWord, expected: u32, slice: Duration) -> Woken {
    wait_at(word.futex().addr(), expected, slice)
}

/// [`wait`], for a word that may be unmapped by now. Then there is no sleep.
pub(crate) fn wait_at(word: usize, expected: u32, slice: Duration) -> Woken {
    let timeout = libc::timespec {
        tv_sec: libc::time_t::try_from(slice.as_secs()).unwrap_or(libc::time_t::MAX),
        tv_nsec: slice.subsec_nanos().into(),
    };
    // SAFETY: FUTEX_WAIT only reads the word, atomically, and `timeout`, which lives until it returns. It refuses an
    // address that is not mapped.
    let woken = unsafe { libc::syscall(libc::SYS_futex, word, libc::FUTEX_WAIT, expected, ptr::from_ref(&timeout)) };
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
    wake_at(word.futex().addr(), count)
}

/// [`wake`], for a word that may be unmapped by now. Then it wakes no thread.
pub(crate) fn wake_at(word: usize, count: u32) -> u32 {
    // SAFETY: FUTEX_WAKE uses the word's address only; it reads and writes nothing there.
    let woken = unsafe { libc::syscall(libc::SYS_futex, word, libc::FUTEX_WAKE, count) };
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
    fn sleep_on_several_words_says_why_it_ended() {
        let (first, second) = (AtomicU32::new(1), AtomicU64::new(2));
        let words = |value| [Expected::new(first.futex().addr(), 1), Expected::new(second.futex().addr(), value)];
        let moment = Duration::from_millis(5);
        assert_eq!(wait_any(&words(2), moment), WokenBy::Nothing);
        assert_eq!(wait_any(&words(3), Duration::MAX), WokenBy::NotAsleep);
        assert_eq!(wait_any(&[Expected::new(8, 0)], Duration::MAX), WokenBy::Unmapped);
        let woken = std::thread::scope(|scope| {
            let sleeper = scope.spawn(|| wait_any(&words(2), Duration::MAX));
            while !sleeper.is_finished() {
                wake(&second, 1);
            }
            sleeper.join().unwrap()
        });
        assert_eq!(woken, WokenBy::Word(1));
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
