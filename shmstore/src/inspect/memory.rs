//! The bytes to decode, of a copy or of a live object, which other processes may write meanwhile.
//!
//! # Safety
//!
//! This file assumes that the payload of a [`Live`] object is mapped while it is borrowed, page-aligned or at a
//! multiple of
//! 1024. It promises
//! - to touch nothing outside the payload;
//! - to access the payload only by atomics or by racing copies;
//! - to read only pages that the kernel has declared readable, and no page that no process has written yet;
//! - to store only in a new object, which is mapped for writing.
#![allow(unsafe_code)]

use std::ops::Range;
use std::ptr::{self, NonNull};
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicU8, AtomicU16, AtomicU32, AtomicU64};

use crate::layout::schema::OwnedSchema;
use crate::segment::this_process::registry::SegmentRef;
use crate::sync::copy::{UNIT, Unit, copy_bytes_out};
use crate::sys::process::{PAGE, ordinary_page_size};
use crate::sys::readable::ReadablePages;
use crate::sys::shm::Unreadable;

/// What stands for an atomic on a page that no process has written yet.
static ZERO: AtomicU64 = AtomicU64::new(0);

/// The reason why bytes are not read.
pub(super) const OUTSIDE: &str = "beyond the bytes that are there, or not aligned";

/// The memory from which bytes are loaded.
#[derive(Clone, Copy)]
pub(crate) enum Memory<'a> {
    /// A segment.
    Live(Live<'a>),
    /// Memory of this process.
    Copy(&'a [u8]),
}

/// The payload of an attached object.
#[derive(Clone, Copy)]
pub(crate) struct Live<'a> {
    // INVARIANT: the payload of this attachment, and its length.
    base: NonNull<u8>,
    len: usize,
    attached: &'a SegmentRef,
    pages: &'a ReadablePages<'a>,
}

impl<'a> Live<'a> {
    /// Borrows the payload of an object for one call. `pages` are those of its mapping.
    pub(super) fn of(attached: &'a SegmentRef, pages: &'a ReadablePages<'a>) -> Self {
        Self { base: attached.payload(), len: attached.geometry().payload_len, attached, pages }
    }

    /// Checks that the pages of some bytes of the payload are readable.
    fn check_readable(self, at: usize, end: usize) -> Result<(), &'static str> {
        let payload = self.attached.geometry().payload_offset;
        self.pages.check(&(payload + at..payload + end)).map_err(Unreadable::why)
    }

    /// Returns the atomic at an offset, or an error if it is outside the payload, not aligned, or not readable.
    fn atomic<A>(self, at: usize) -> Result<&'a A, &'static str> {
        let atomic = self.atomic_at(at).ok_or(OUTSIDE)?;
        if self.is_unwritten(at, at + size_of::<A>()) {
            let zero = NonNull::from(&ZERO).cast::<A>();
            // SAFETY: an atomic of at most eight bytes, as in every call, which is only loaded. `ZERO` is aligned for each
            // of them, and lives forever.
            return Ok(unsafe { zero.as_ref() });
        }
        self.check_readable(at, at + size_of::<A>())?;
        Ok(atomic)
    }

    /// Returns `true` if no process has written the pages of these few bytes of the payload yet. They are zeros then.
    fn is_unwritten(self, at: usize, end: usize) -> bool {
        let payload = self.attached.geometry().payload_offset;
        self.pages.are_unwritten(&(payload + at..payload + end))
    }

    /// Returns `true` if a word of eight bytes is on a page that no process has written yet.
    pub(super) fn has_unwritten_word(self, at: usize) -> bool {
        at.checked_add(8).is_some_and(|end| end <= self.len && self.is_unwritten(at, end))
    }

    /// Returns the atomic at an offset, or `None` if it is outside the payload or not aligned.
    fn atomic_at<A>(self, at: usize) -> Option<&'a A> {
        let end = at.checked_add(size_of::<A>())?;
        let address = self.base.addr().get().checked_add(at)?;
        if end > self.len || address % align_of::<A>() != 0 {
            return None;
        }
        // SAFETY: within the payload, as was just checked.
        let atomic = unsafe { self.base.add(at) }.cast::<A>();
        // SAFETY: mapped while `'a` lasts, and aligned. `A` is an atomic in every call, and any bytes are valid in it.
        Some(unsafe { atomic.as_ref() })
    }

    /// Returns the atomic of eight bytes at an offset.
    pub(super) fn word(self, at: usize) -> Result<&'a AtomicU64, &'static str> {
        self.atomic(at)
    }

    /// Returns the word at an offset. `page` is the page of the last word, which was checked in this call.
    ///
    /// Words that follow each other on one page are checked once.
    #[inline]
    pub(super) fn next_word(self, at: usize, page: &mut Option<usize>) -> Result<&'a AtomicU64, &'static str> {
        // An aligned word is on one page.
        let own = self.attached.geometry().payload_offset.wrapping_add(at) / PAGE;
        if *page == Some(own) {
            return self.atomic_at(at).ok_or(OUTSIDE);
        }
        self.first_word(at).inspect(|word| *page = (!ptr::eq(*word, &ZERO)).then_some(own))
    }

    /// The first word of a page.
    #[cold]
    fn first_word(self, at: usize) -> Result<&'a AtomicU64, &'static str> {
        self.word(at)
    }

    /// Returns the atomic at an offset, for a test that writes as other processes do.
    ///
    /// [`atomic`](Self::atomic) stands for zeros that nobody has written with an atomic that is none of the object.
    #[cfg(test)]
    pub(super) fn to_write<A>(self, at: u64) -> &'a A {
        self.atomic_at(at as usize).expect("within the payload")
    }

    /// Makes `to` so long that `len` bytes can be copied to it, or fails if these are not within the payload.
    pub(super) fn make_room(self, at: usize, len: usize, to: &mut Vec<u8>) -> Result<(), &'static str> {
        at.checked_add(len).filter(|&end| end <= self.len).ok_or(OUTSIDE)?;
        to.try_reserve_exact(len.saturating_sub(to.len())).map_err(|_| OUTSIDE)?;
        to.resize(len, 0);
        Ok(())
    }

    /// Copies bytes, or fails if they are not within the payload. Each byte is of some moment during the call.
    pub(super) fn copy(self, at: usize, to: &mut [u8]) -> Result<(), &'static str> {
        let end = at.checked_add(to.len()).filter(|&end| end <= self.len).ok_or(OUTSIDE)?;
        self.check_readable(at, end)?;
        // It has to be as fast as the reader of `Versioned`. Otherwise it never copies one version from a busy writer.
        let mut done = self.copy_units(at, to);
        while let Some(rest) = to.get_mut(done..).filter(|rest| !rest.is_empty()) {
            let next = at + done;
            done += match self.atomic_at::<AtomicU64>(next).filter(|_| end - next >= 8) {
                Some(word) => {
                    rest[..8].copy_from_slice(&word.load(Relaxed).to_ne_bytes());
                    8
                }
                None => {
                    rest[0] = self.atomic_at::<AtomicU8>(next).ok_or(OUTSIDE)?.load(Relaxed);
                    1
                }
            };
        }
        Ok(())
    }

    /// Copies bytes that no process has written yet, if all keep to the protocol.
    ///
    /// Pages that are not in memory are taken for zeros and not touched. Otherwise the kernel would allocate them.
    pub(super) fn copy_unwritten(self, at: usize, to: &mut [u8]) -> Result<(), &'static str> {
        let end = at.checked_add(to.len()).filter(|&end| end <= self.len).ok_or(OUTSIDE)?;
        let mapping = self.attached.mapping();
        let payload = self.base.addr().get() - mapping.base().addr().get();
        let pages = whole_pages(payload + at..payload + end, ordinary_page_size());
        if pages.is_empty() || mapping.has_in_memory(&pages) {
            return self.copy(at, to);
        }
        let [first, last] = [pages.start - payload, pages.end - payload];
        let (to, after) = to.split_at_mut(last - at);
        let (before, unwritten) = to.split_at_mut(first - at);
        unwritten.fill(0);
        self.copy(at, before)?;
        self.copy(last, after)
    }

    /// Copies whole units, if they are aligned, and returns the number of bytes copied.
    fn copy_units(self, at: usize, to: &mut [u8]) -> usize {
        let count = to.len() / UNIT;
        let is_aligned = self.base.addr().get().wrapping_add(at) % UNIT == 0;
        let is_within = at.checked_add(to.len()).is_some_and(|end| end <= self.len);
        if count == 0 || !is_aligned || !is_within {
            return 0;
        }
        // SAFETY: within the payload, as was just checked.
        let from = unsafe { self.base.add(at) }.cast::<Unit>();
        // SAFETY: aligned, and `count` units are within the payload, which is mapped while `'a` lasts. `to` is borrowed
        // for writing, and has room for them.
        unsafe { copy_bytes_out(from.as_ptr(), to.as_mut_ptr(), count * UNIT) };
        count * UNIT
    }
}

/// Returns the range of the whole pages within a range.
fn whole_pages(range: Range<usize>, page: usize) -> Range<usize> {
    range.start.next_multiple_of(page)..range.end / page * page
}

impl Memory<'_> {
    /// Returns the number of bytes.
    pub(super) fn len(self) -> usize {
        match self {
            Self::Live(live) => live.len,
            Self::Copy(bytes) => bytes.len(),
        }
    }

    /// Loads an integer of 1, 2, 4 or 8 bytes. In a live object that is one atomic load.
    ///
    /// It fails if the integer is outside the memory, or is not aligned in a live object.
    pub(crate) fn integer(self, at: usize, size: usize) -> Result<u64, &'static str> {
        let live = match self {
            Self::Copy(bytes) => {
                let end = at.checked_add(size).ok_or(OUTSIDE)?;
                let mut wide = [0; 8];
                wide.get_mut(..size).ok_or(OUTSIDE)?.copy_from_slice(bytes.get(at..end).ok_or(OUTSIDE)?);
                return Ok(u64::from_le_bytes(wide));
            }
            Self::Live(live) => live,
        };
        Ok(match size {
            1 => live.atomic::<AtomicU8>(at)?.load(Relaxed).into(),
            2 => live.atomic::<AtomicU16>(at)?.load(Relaxed).into(),
            4 => live.atomic::<AtomicU32>(at)?.load(Relaxed).into(),
            8 => live.word(at)?.load(Relaxed),
            _ => return Err(OUTSIDE),
        })
    }

    /// Copies bytes, or fails if they are not within the memory.
    pub(super) fn bytes(self, at: usize, len: usize) -> Result<Vec<u8>, &'static str> {
        let mut bytes = Vec::new();
        self.bytes_into(at, len, &mut bytes).map(|()| bytes)
    }

    /// Replaces the content of `to` by bytes, or fails if they are not within the memory.
    pub(super) fn bytes_into(self, at: usize, len: usize, to: &mut Vec<u8>) -> Result<(), &'static str> {
        match self {
            Self::Live(live) => {
                live.make_room(at, len, to)?;
                live.copy(at, to)
            }
            Self::Copy(bytes) => {
                let end = at.checked_add(len).ok_or(OUTSIDE)?;
                to.clear();
                to.extend_from_slice(bytes.get(at..end).ok_or(OUTSIDE)?);
                Ok(())
            }
        }
    }
}

/// Loads an integer, as [`Memory::integer`] does.
pub(super) fn integer(memory: Memory<'_>, at: usize, size: usize) -> Result<u64, String> {
    Ok(memory.integer(at, size)?)
}

/// Returns the offset `by` bytes after `at`. A hostile schema may have numbers for which there is none.
pub(crate) fn offset(at: usize, by: u64) -> Result<usize, String> {
    at.checked_add(length(by)?).ok_or_else(outside)
}

/// Converts a number of bytes from a schema.
pub(super) fn length(bytes: u64) -> Result<usize, String> {
    usize::try_from(bytes).map_err(|_| outside())
}

/// Returns the offset of an element of a list that begins at `at`.
pub(super) fn element_offset(at: usize, index: u64, element: &OwnedSchema) -> Result<usize, String> {
    offset(at, index.checked_mul(element.size()).ok_or_else(outside)?)
}

fn outside() -> String {
    OUTSIDE.into()
}

#[cfg(test)]
mod tests;
