//! A shared mapping of a file in memory, for systems that bring no shared memory of their own.
//!
//! # Safety
//!
//! Assumes that nobody shortens the file. Promises references to atomics only, and addresses that stay valid as long as
//! the mapping.
#![allow(unsafe_code)]

use std::fs::File;
use std::num::NonZeroUsize;
use std::path::Path;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU32, AtomicU64};

use nix::sys::mman::{MapFlags, ProtFlags, mmap, munmap};

use crate::Failure;

/// Two cache lines, because processors fetch neighbors in pairs.
const LINE: usize = 128;

/// One page.
pub struct Mapped {
    // INVARIANT: a page, mapped to read and write, until this is dropped.
    address: NonNull<u8>,
}

impl Mapped {
    /// The size, in bytes.
    pub const BYTES: usize = 4096;

    /// Creates the file, full of zeros.
    pub fn create(path: &Path) -> Result<Self, Failure> {
        let file = File::options().read(true).write(true).create_new(true).open(path)?;
        file.set_len(Self::BYTES as u64)?;
        Self::map(&file)
    }

    /// Opens it.
    pub fn open(path: &Path) -> Result<Self, Failure> {
        Self::map(&File::options().read(true).write(true).open(path)?)
    }

    fn map(file: &File) -> Result<Self, Failure> {
        let bytes = NonZeroUsize::new(Self::BYTES).expect("not zero");
        let access = ProtFlags::PROT_READ | ProtFlags::PROT_WRITE;
        // SAFETY: the kernel chooses the address.
        let address = unsafe { mmap(None, bytes, access, MapFlags::MAP_SHARED, file, 0) }?;
        Ok(Self { address: address.cast() })
    }

    /// The word at the beginning of a line.
    #[inline]
    pub fn word(&self, line: usize) -> &AtomicU64 {
        assert!(line < Self::BYTES / LINE, "no line {line}");
        // SAFETY: within the page.
        let address = unsafe { self.address.byte_add(line * LINE) };
        // SAFETY: aligned, mapped as long as `self` is borrowed, and any bits are an atomic.
        unsafe { address.cast::<AtomicU64>().as_ref() }
    }

    /// The half word at the beginning of a line.
    #[inline]
    pub fn half_word(&self, line: usize) -> &AtomicU32 {
        let word = NonNull::from(self.word(line)).cast::<AtomicU32>();
        // SAFETY: the first half of a word; no line is used in both sizes.
        unsafe { word.as_ref() }
    }

    /// The address of the page.
    pub fn address(&self) -> NonNull<u8> {
        self.address
    }
}

impl Drop for Mapped {
    fn drop(&mut self) {
        // SAFETY: mapped there, and no longer borrowed.
        let _ = unsafe { munmap(self.address.cast(), Self::BYTES) };
    }
}
