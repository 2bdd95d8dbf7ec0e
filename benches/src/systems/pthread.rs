//! The mutex of libc, shared by processes and robust: the next one to lock it is told that its owner died.
//!
//! # Safety
//!
//! Assumes that all who open the page keep to this file. Promises to use the mutex only after it is initialized, and
//! what it guards only while it is locked.
#![allow(unsafe_code)]

use std::mem::MaybeUninit;
use std::path::Path;
use std::ptr;

use nix::libc;

use super::mapped::Mapped;
use super::{Exclude, Transact};
use crate::Failure;

/// A mutex, and what it guards.
pub struct Pthread {
    page: Mapped,
}

#[repr(C)]
struct Guarded {
    mutex: libc::pthread_mutex_t,
    count: u64,
    words: [u64; 8],
}

const _: () = assert!(size_of::<Guarded>() <= Mapped::BYTES);

impl Pthread {
    const NAME: &'static str = "pthread robust";

    fn make(directory: &Path) -> Result<Self, Failure> {
        let made = Self { page: Mapped::create(&directory.join("mutex"))? };
        let mut kind = MaybeUninit::<libc::pthread_mutexattr_t>::uninit();
        // SAFETY: initializes it.
        succeeded(unsafe { libc::pthread_mutexattr_init(kind.as_mut_ptr()) });
        // SAFETY: initialized above.
        succeeded(unsafe { libc::pthread_mutexattr_setpshared(kind.as_mut_ptr(), libc::PTHREAD_PROCESS_SHARED) });
        // SAFETY: as above.
        succeeded(unsafe { libc::pthread_mutexattr_setrobust(kind.as_mut_ptr(), libc::PTHREAD_MUTEX_ROBUST) });
        // SAFETY: memory of zeros that nobody else knows of yet.
        succeeded(unsafe { libc::pthread_mutex_init(made.mutex(), kind.as_ptr()) });
        Ok(made)
    }

    fn find(directory: &Path) -> Result<Self, Failure> {
        Ok(Self { page: Mapped::open(&directory.join("mutex"))? })
    }

    #[inline]
    fn guarded(&self) -> *mut Guarded {
        self.page.address().cast().as_ptr()
    }

    #[inline]
    fn mutex(&self) -> *mut libc::pthread_mutex_t {
        // SAFETY: within the page.
        unsafe { &raw mut (*self.guarded()).mutex }
    }

    #[inline]
    fn lock(&self) {
        // SAFETY: initialized, and mapped.
        succeeded(unsafe { libc::pthread_mutex_lock(self.mutex()) });
    }

    #[inline]
    fn unlock(&self) {
        // SAFETY: locked by this thread.
        succeeded(unsafe { libc::pthread_mutex_unlock(self.mutex()) });
    }
}

impl Exclude for Pthread {
    const NAME: &'static str = Self::NAME;

    fn create(directory: &Path) -> Result<Self, Failure> {
        Self::make(directory)
    }

    fn open(directory: &Path) -> Result<Self, Failure> {
        Self::find(directory)
    }

    fn lock_rounds(&mut self, rounds: u64) {
        for _ in 0..rounds {
            self.lock();
            self.unlock();
        }
    }

    fn count_rounds(&mut self, rounds: u64) {
        // SAFETY: within the page.
        let count = unsafe { &raw mut (*self.guarded()).count };
        for _ in 0..rounds {
            self.lock();
            // SAFETY: locked.
            let so_far = unsafe { ptr::read_volatile(count) };
            // SAFETY: locked.
            unsafe { ptr::write_volatile(count, so_far + 1) };
            self.unlock();
        }
    }

    fn count(&self) -> u64 {
        self.lock();
        // SAFETY: locked.
        let count = unsafe { (*self.guarded()).count };
        self.unlock();
        count
    }
}

impl Transact for Pthread {
    const NAME: &'static str = Self::NAME;

    fn create(directory: &Path) -> Result<Self, Failure> {
        Self::make(directory)
    }

    fn change_rounds(&mut self, rounds: u64) {
        // SAFETY: within the page.
        let words = unsafe { &raw mut (*self.guarded()).words };
        for _ in 0..rounds {
            self.lock();
            // SAFETY: locked.
            let mut copy = unsafe { ptr::read_volatile(words) };
            copy[0] += 1;
            // SAFETY: locked.
            unsafe { ptr::write_volatile(words, copy) };
            self.unlock();
        }
    }

    fn word(&mut self) -> u64 {
        self.lock();
        // SAFETY: locked.
        let word = unsafe { (*self.guarded()).words[0] };
        self.unlock();
        word
    }
}

#[inline]
fn succeeded(answer: libc::c_int) {
    assert_eq!(answer, 0, "{}", std::io::Error::from_raw_os_error(answer));
}
