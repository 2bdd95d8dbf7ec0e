//! Bytes to be decoded: of a live object, which others write meanwhile, or of a copy.
//!
//! # Safety
//!
//! Assumes that a [`Live`] object's payload is mapped while it is borrowed, page-aligned or at a multiple of 1024. Promises to touch
//! nothing outside it, to see it only as atomics or by racing copies, and to store only in a new object, which is mapped for writing.
#![allow(unsafe_code)]

use std::ptr::NonNull;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicU8, AtomicU16, AtomicU32, AtomicU64};

use crate::copy::{UNIT, Unit, copy_units_out};
use crate::process::registry::Attached;
use crate::sys::process::PAGE;
use crate::sys::shm::Access;

/// Where bytes are loaded from.
#[derive(Clone, Copy)]
pub(super) enum Memory<'a> {
    /// A segment.
    Live(Live<'a>),
    /// Memory of our own.
    Copy(&'a [u8]),
}

/// The payload of an attached object.
#[derive(Clone, Copy)]
pub(super) struct Live<'a> {
    // INVARIANT: the payload of this attachment, and its length.
    base: NonNull<u8>,
    len: usize,
    attached: &'a Attached,
}

impl<'a> Live<'a> {
    pub(super) fn of(attached: &'a Attached) -> Self {
        Self { base: attached.payload(), len: attached.geometry().payload_len, attached }
    }

    /// An atomic within the payload; `None` if it would not be within it, or not aligned.
    fn atomic<A>(self, at: usize) -> Option<&'a A> {
        let end = at.checked_add(size_of::<A>())?;
        let address = self.base.addr().get().checked_add(at)?;
        if end > self.len || address % align_of::<A>() != 0 {
            return None;
        }
        // SAFETY: within the payload, as was just checked.
        let place = unsafe { self.base.add(at) }.cast::<A>();
        // SAFETY: mapped while `'a` lasts, and aligned; called for atomics only, of which any bytes are valid.
        Some(unsafe { place.as_ref() })
    }

    /// An atomic of eight bytes.
    pub(super) fn word(self, at: usize) -> Option<&'a AtomicU64> {
        self.atomic(at)
    }

    /// Zeros, for a copy of so many bytes. `None` if these are not all within the payload.
    pub(super) fn room_for(self, at: usize, len: usize) -> Option<Vec<u8>> {
        at.checked_add(len).filter(|&end| end <= self.len)?;
        let mut zeros = Vec::new();
        zeros.try_reserve_exact(len).ok()?;
        zeros.resize(len, 0);
        Some(zeros)
    }

    /// Copies bytes, each as it is at some moment during the call. `None` if they are not all within the payload.
    pub(super) fn copy(self, at: usize, to: &mut [u8]) -> Option<()> {
        let end = at.checked_add(to.len()).filter(|&end| end <= self.len)?;
        // As fast as the store's own reader: else a busy writer is always faster.
        let mut done = self.copy_units(at, to);
        while let Some(rest) = to.get_mut(done..).filter(|rest| !rest.is_empty()) {
            let next = at + done;
            done += match self.word(next).filter(|_| end - next >= 8) {
                Some(word) => {
                    rest[..8].copy_from_slice(&word.load(Relaxed).to_ne_bytes());
                    8
                }
                None => {
                    rest[0] = self.atomic::<AtomicU8>(next)?.load(Relaxed);
                    1
                }
            };
        }
        Some(())
    }

    /// Likewise, of bytes that are zero if nobody has broken the rules: pages that are not in memory are not looked at, or the kernel would make
    /// them, and they would stay.
    pub(super) fn copy_unwritten(self, at: usize, to: &mut [u8]) -> Option<()> {
        let end = at.checked_add(to.len()).filter(|&end| end <= self.len)?;
        let mapping = self.attached.mapping();
        let front = self.base.addr().get() - mapping.base().addr().get();
        let pages = (front + at).next_multiple_of(PAGE)..(front + end) / PAGE * PAGE;
        if pages.is_empty() || mapping.has_in_memory(&pages) {
            return self.copy(at, to);
        }
        let [first, last] = [pages.start - front, pages.end - front];
        let (to, after) = to.split_at_mut(last - at);
        let (before, unwritten) = to.split_at_mut(first - at);
        unwritten.fill(0);
        self.copy(at, before)?;
        self.copy(last, after)
    }

    /// Copies whole units, if they are aligned. Returns how many bytes these are.
    fn copy_units(self, at: usize, to: &mut [u8]) -> usize {
        let count = to.len() / UNIT;
        let is_aligned = self.base.addr().get().wrapping_add(at) % UNIT == 0;
        let is_within = at.checked_add(to.len()).is_some_and(|end| end <= self.len);
        if count == 0 || !is_aligned || !is_within {
            return 0;
        }
        // SAFETY: within the payload, as was just checked.
        let from = unsafe { self.base.add(at) }.cast::<Unit>();
        // SAFETY: aligned, and so many units are within the payload, which is mapped while `'a` lasts; `to` is ours, and has room for
        // them.
        unsafe { copy_units_out(from.as_ptr(), to.as_mut_ptr(), count) };
        count * UNIT
    }
}

/// Writes all of a new object, which nobody else sees yet.
///
/// # Panics
///
/// If it is of another length, or mapped for reading only.
pub(super) fn fill(new: &Attached, image: &[u8]) {
    let live = Live::of(new);
    assert_eq!(live.len, image.len(), "the object was made for this");
    assert_eq!(new.mapping().access(), Access::ReadWrite, "a new object is there to be written");
    for (at, &byte) in image.iter().enumerate().filter(|(_, byte)| **byte != 0) {
        live.atomic::<AtomicU8>(at).expect("within the object").store(byte, Relaxed);
    }
}

impl Memory<'_> {
    /// How many bytes there are.
    pub(super) fn len(self) -> usize {
        match self {
            Self::Live(live) => live.len,
            Self::Copy(bytes) => bytes.len(),
        }
    }

    /// Loads an integer of 1, 2, 4 or 8 bytes, by one load if others may write it. `None` if it is not within, or a live one is
    /// not aligned.
    pub(super) fn integer(self, at: usize, size: usize) -> Option<u64> {
        let (live, from) = match self {
            Self::Copy(bytes) => {
                let bytes = bytes.get(at..at.checked_add(size)?)?;
                let mut wide = [0; 8];
                wide.get_mut(..size)?.copy_from_slice(bytes);
                return Some(u64::from_le_bytes(wide));
            }
            Self::Live(live) => (live, at),
        };
        Some(match size {
            1 => live.atomic::<AtomicU8>(from)?.load(Relaxed).into(),
            2 => live.atomic::<AtomicU16>(from)?.load(Relaxed).into(),
            4 => live.atomic::<AtomicU32>(from)?.load(Relaxed).into(),
            8 => live.word(from)?.load(Relaxed),
            _ => return None,
        })
    }

    /// Copies bytes. `None` if they are not all within.
    pub(super) fn bytes(self, at: usize, len: usize) -> Option<Vec<u8>> {
        match self {
            Self::Live(live) => {
                let mut bytes = live.room_for(at, len)?;
                live.copy(at, &mut bytes).map(|()| bytes)
            }
            Self::Copy(bytes) => bytes.get(at..at.checked_add(len)?).map(<[u8]>::to_vec),
        }
    }
}
