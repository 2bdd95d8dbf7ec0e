//! The bare machine, for a wake-up: a word to sleep on for each direction, and a system call to wake.
//!
//! # Safety
//!
//! Promises to hand the kernel only words that are borrowed meanwhile.
#![allow(unsafe_code)]

use std::path::Path;
use std::ptr;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::{Acquire, Release};

use nix::libc;

use super::mapped::Mapped;
use super::{SECOND, Talk};
use crate::Failure;

/// A word for each direction.
pub struct Futex {
    page: Mapped,
    round: u32,
}

const CALL: usize = 0;
const ANSWER: usize = 1;

impl Talk for Futex {
    const NAME: &'static str = "bare futex";

    fn create(directory: &Path) -> Result<Self, Failure> {
        Ok(Self { page: Mapped::create(&directory.join("words"))?, round: 0 })
    }

    fn open(directory: &Path) -> Result<Self, Failure> {
        Ok(Self { page: Mapped::open(&directory.join("words"))?, round: 0 })
    }

    fn call(&mut self) {
        self.round = self.round.wrapping_add(1);
        tell(self.page.half_word(CALL), self.round);
        assert!(wait(self.page.half_word(ANSWER), self.round), "the other process does not answer");
    }

    fn receive(&mut self) -> bool {
        let next = self.round.wrapping_add(1);
        let called = wait(self.page.half_word(CALL), next);
        if called {
            self.round = next;
        }
        called
    }

    fn answer(&mut self) {
        tell(self.page.half_word(ANSWER), self.round);
    }
}

fn tell(word: &AtomicU32, value: u32) {
    word.store(value, Release);
    // SAFETY: a word that is borrowed meanwhile; the last three arguments are ignored.
    unsafe {
        libc::syscall(libc::SYS_futex, word.as_ptr(), libc::FUTEX_WAKE, 1, ptr::null::<u8>(), ptr::null::<u8>(), 0)
    };
}

/// Sleeps until the word has the value; whether it has within a second.
fn wait(word: &AtomicU32, value: u32) -> bool {
    let second = libc::timespec { tv_sec: SECOND.as_secs() as libc::time_t, tv_nsec: 0 };
    loop {
        let found = word.load(Acquire);
        if found == value {
            return true;
        }
        let (operation, none) = (libc::FUTEX_WAIT, ptr::null::<u8>());
        // SAFETY: a word and a time that are borrowed meanwhile; the last two arguments are ignored.
        let woken =
            unsafe { libc::syscall(libc::SYS_futex, word.as_ptr(), operation, found, &raw const second, none, 0) };
        if woken == -1 && std::io::Error::last_os_error().raw_os_error() == Some(libc::ETIMEDOUT) {
            return false;
        }
    }
}
