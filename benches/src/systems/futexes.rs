//! The bare machine, for waits for several words: `futex_waitv`.
//!
//! # Safety
//!
//! Promises to pass to the kernel only words that are borrowed during the call.
#![allow(unsafe_code)]

use std::array;
use std::path::Path;
use std::ptr;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::Acquire;

use nix::errno::Errno;
use nix::libc;
use nix::sys::time::TimeSpec;
use nix::time::{ClockId, clock_gettime};

use super::bare::tell;
use super::mapped::Mapped;
use super::{SECOND, Sides, Talk};
use crate::Failure;

/// Words to sleep on in one system call for each direction, and a system call to wake.
pub struct Futexes<const WORDS: usize> {
    tells: Mapped,
    hears: Mapped,
    round: u32,
    seen: [u32; WORDS],
}

const CALLS: &str = "calls";
const ANSWERS: &str = "answers";

impl<const WORDS: usize> Sides for Futexes<WORDS> {
    const NAME: &'static str = "bare futex_waitv";

    fn create(directory: &Path) -> Result<Self, Failure> {
        let [hears, tells] = [CALLS, ANSWERS].map(|name| Mapped::create(&directory.join(name)));
        Ok(Self { tells: tells?, hears: hears?, round: 0, seen: [0; WORDS] })
    }

    fn open(directory: &Path) -> Result<Self, Failure> {
        let [tells, hears] = [CALLS, ANSWERS].map(|name| Mapped::open(&directory.join(name)));
        Ok(Self { tells: tells?, hears: hears?, round: 0, seen: [0; WORDS] })
    }
}

impl<const WORDS: usize> Talk for Futexes<WORDS> {
    fn call(&mut self) {
        self.answer();
        assert!(self.receive(), "the other process does not answer");
    }

    fn receive(&mut self) -> bool {
        let words = array::from_fn(|at| self.hears.half_word(at));
        wait(&words, &mut self.seen)
    }

    fn answer(&mut self) {
        self.round = self.round.wrapping_add(1);
        tell(self.tells.half_word(self.round as usize % WORDS), self.round);
    }
}

/// Sleeps until a word has another value than the one that was seen. Returns `false` if all are the same after a
/// second.
pub fn wait<const WORDS: usize>(words: &[&AtomicU32; WORDS], seen: &mut [u32; WORDS]) -> bool {
    loop {
        for (word, seen) in words.iter().zip(&mut *seen) {
            let found = word.load(Acquire);
            if found != *seen {
                *seen = found;
                return true;
            }
        }
        if sleep(words, seen) == Err(Errno::ETIMEDOUT) {
            return false;
        }
    }
}

/// Sleeps until a word is woken, as long as all words have these values.
fn sleep<const WORDS: usize>(words: &[&AtomicU32; WORDS], values: &[u32; WORDS]) -> nix::Result<()> {
    let until = clock_gettime(ClockId::CLOCK_MONOTONIC)? + TimeSpec::from(SECOND);
    // The kernel's `struct futex_waitv`: the value, the address, the flags, and zeros.
    let flags = u64::from(libc::FUTEX2_SIZE_U32.cast_unsigned());
    let waits: [[u64; 3]; WORDS] =
        array::from_fn(|at| [values[at].into(), words[at].as_ptr().expose_provenance() as u64, flags]);
    let (number, first, until) = (libc::SYS_futex_waitv, waits.as_ptr(), ptr::from_ref(until.as_ref()));
    // SAFETY: words, waits and time are borrowed during the call.
    Errno::result(unsafe { libc::syscall(number, first, WORDS, 0, until, libc::CLOCK_MONOTONIC) }).map(drop)
}
