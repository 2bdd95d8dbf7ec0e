//! The mutex of libc, shared by processes and robust: the next thread that locks it learns that its owner died.
//!
//! # Safety
//!
//! Assumes that all users of the page keep to this file. Promises to use the mutex only after it is initialized, and
//! the guarded values only while it is locked.
#![allow(unsafe_code)]

use std::mem::MaybeUninit;
use std::path::Path;
use std::ptr;
use std::sync::atomic::AtomicU64;

use nix::libc;

use super::mapped::Mapped;
use super::{Lockable, Sides, Transact};
use crate::Failure;

/// A mutex, and the values that it guards.
pub struct Pthread {
    page: Mapped,
}

#[repr(C)]
struct Guarded {
    mutex: libc::pthread_mutex_t,
    count: AtomicU64,
    words: [u64; 8],
}

const _: () = assert!(size_of::<Guarded>() <= Mapped::BYTES);

impl Pthread {
    #[inline]
    fn at(&self) -> *mut Guarded {
        self.page.address().cast().as_ptr()
    }

    #[inline]
    fn mutex(&self) -> *mut libc::pthread_mutex_t {
        // SAFETY: within the page.
        unsafe { &raw mut (*self.at()).mutex }
    }

    #[inline]
    fn words(&self) -> *mut [u64; 8] {
        // SAFETY: within the page.
        unsafe { &raw mut (*self.at()).words }
    }
}

impl Sides for Pthread {
    const NAME: &'static str = "pthread robust";

    fn create(directory: &Path) -> Result<Self, Failure> {
        let made = Self { page: Mapped::create(&directory.join("mutex"))? };
        let mut kind = MaybeUninit::<libc::pthread_mutexattr_t>::uninit();
        // SAFETY: initializes it.
        succeeded(unsafe { libc::pthread_mutexattr_init(kind.as_mut_ptr()) });
        // SAFETY: initialized above.
        succeeded(unsafe { libc::pthread_mutexattr_setpshared(kind.as_mut_ptr(), libc::PTHREAD_PROCESS_SHARED) });
        // SAFETY: initialized above.
        succeeded(unsafe { libc::pthread_mutexattr_setrobust(kind.as_mut_ptr(), libc::PTHREAD_MUTEX_ROBUST) });
        // SAFETY: memory of zeros that no other process has opened yet.
        succeeded(unsafe { libc::pthread_mutex_init(made.mutex(), kind.as_ptr()) });
        Ok(made)
    }

    fn open(directory: &Path) -> Result<Self, Failure> {
        Ok(Self { page: Mapped::open(&directory.join("mutex"))? })
    }
}

impl Lockable for Pthread {
    #[inline]
    fn locked(&self, work: impl FnOnce()) {
        // SAFETY: initialized, and mapped.
        succeeded(unsafe { libc::pthread_mutex_lock(self.mutex()) });
        work();
        // SAFETY: locked by this thread.
        succeeded(unsafe { libc::pthread_mutex_unlock(self.mutex()) });
    }

    fn guarded(&self) -> &AtomicU64 {
        // SAFETY: within the page, mapped as long as `self` is borrowed, and any bits are an atomic.
        unsafe { &(*self.at()).count }
    }
}

impl Transact for Pthread {
    fn change_rounds(&mut self, rounds: u64) {
        let words = self.words();
        (0..rounds).for_each(|_| {
            self.locked(|| {
                // SAFETY: locked.
                let mut copy = unsafe { ptr::read_volatile(words) };
                copy[0] += 1;
                // SAFETY: locked.
                unsafe { ptr::write_volatile(words, copy) };
            });
        });
    }

    fn word(&mut self) -> u64 {
        let (words, mut word) = (self.words(), 0);
        // SAFETY: locked.
        self.locked(|| word = unsafe { (*words)[0] });
        word
    }
}

#[inline]
fn succeeded(answer: libc::c_int) {
    assert_eq!(answer, 0, "{}", std::io::Error::from_raw_os_error(answer));
}
