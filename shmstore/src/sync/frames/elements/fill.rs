//! Filling the elements of a frame: a closure fills a private block, which is then copied in.
//!
//! # Safety
//!
//! As `elements.rs`. The memory is writable, as was promised to [`Elements::new`].
#![allow(unsafe_code)]

use std::io;
use std::os::fd::BorrowedFd;

use super::{AHEAD, Elements, Scratch, assert_rows};
use crate::layout::{AnyBits, ShmValue};
use crate::sync::copy::{LINE, bytes_in, line_in, lines_of};
use crate::sys::file::data;
use crate::value::bits;

impl<E: ShmValue> Elements<'_, E> {
    /// Overwrites the elements from `at` on.
    ///
    /// # Panics
    ///
    /// Panics if there are fewer elements.
    #[inline]
    pub(in crate::sync::frames) fn write_at(self, at: usize, values: &[E]) {
        self.put(at, values, 0);
    }

    /// Fills the first `len` elements in order, one block at a time: `each` gets the index of the block's first
    /// element, and the block. The first block begins with zeros, each other one with the elements of the block before
    /// it.
    ///
    /// # Panics
    ///
    /// Panics if there are fewer elements.
    #[inline(always)]
    pub(in crate::sync::frames) fn fill(self, len: usize, each: impl FnMut(usize, &mut [E])) {
        self.fill_runs(Self::BLOCK, len, each);
    }

    #[inline(always)]
    fn fill_runs(self, run: usize, len: usize, mut each: impl FnMut(usize, &mut [E])) {
        self.assert_holds(0, len);
        let mut scratch = Scratch::new();
        let scratch = scratch.zeroed(run.min(len));
        let mut at = 0;
        while at < len {
            let block = &mut scratch[..run.min(len - at)];
            each(at, block);
            self.put(at, block, self.ahead(run, at, len));
            at += block.len();
        }
    }

    /// Fills the first `len` elements in order, one array at a time: `each` gets the index of the array's first
    /// element. The last array is cut if `len` is not a multiple of `A`.
    ///
    /// # Panics
    ///
    /// Panics if there are fewer elements.
    #[inline(always)]
    pub(in crate::sync::frames) fn fill_arrays<const A: usize>(
        self,
        len: usize,
        mut each: impl FnMut(usize) -> [E; A],
    ) {
        self.assert_holds(0, len);
        let (lines, whole) = (const { Self::lines_of_array::<A>() }, len / A * A);
        if lines == 0 {
            self.fill_runs(Elements::<'_, [E; A]>::BLOCK * A, whole, |first, block| {
                for (after, array) in block.chunks_exact_mut(A).enumerate() {
                    array.copy_from_slice(&each(first + after * A));
                }
            });
        } else {
            for (at, to) in self.lines.chunks_exact(lines).take(whole / A).enumerate() {
                let array = each(at * A);
                for (after, (line, to)) in lines_of(bits::bytes_of(&array)).zip(to).enumerate() {
                    let next = self.lines.get(at * lines + after + AHEAD / LINE).unwrap_or(to);
                    line_in(line, to, next);
                }
            }
        }
        if whole < len {
            self.put(whole, &each(whole)[..len - whole], 0);
        }
    }

    /// Fills rows in order: `each` gets the number of the row, and its `width` elements. A row begins `stride` elements
    /// after the row before it. The elements between them stay as they are. The first row begins with zeros, each other
    /// one with the elements of the row before it.
    ///
    /// # Panics
    ///
    /// Panics if there are fewer elements, or if `stride` is 0 or less than `width`.
    #[inline(always)]
    #[track_caller]
    pub(in crate::sync::frames) fn fill_rows(
        self,
        width: usize,
        stride: usize,
        height: usize,
        mut each: impl FnMut(usize, &mut [E]),
    ) {
        let len = len_of_rows(width, stride, height).expect("rows that fit into memory");
        self.assert_holds(0, len);
        if len > 0 {
            let mut scratch = Scratch::new();
            let row = scratch.zeroed(width);
            for y in 0..height {
                each(y, row);
                let at = y * stride;
                self.put(at, row, self.ahead(stride, at, len));
            }
        }
    }

    /// Reads elements from a file, from `at` on: `count`, or fewer if the file ends. Returns the number of whole
    /// elements that were read, also if an error came after them.
    ///
    /// # Panics
    ///
    /// Panics if there are fewer elements.
    pub(in crate::sync::frames) fn read_from(
        self,
        from: BorrowedFd<'_>,
        at: usize,
        count: usize,
    ) -> (usize, io::Result<()>)
    where
        E: AnyBits,
    {
        self.assert_holds(at, count);
        let to = self.lines.as_ptr().cast::<u8>().cast_mut().wrapping_add(at * Self::SIZE);
        // SAFETY: `count` elements from `at` on, as was just checked, which are mapped while they are borrowed.
        let (bytes, read) = unsafe { data::read_all(from, to, count * Self::SIZE) };
        let (whole, part) = (bytes / Self::SIZE, bytes % Self::SIZE);
        let read = read.and_then(|()| if part == 0 { Ok(()) } else { Err(cut(part, Self::SIZE)) });
        (whole, read)
    }

    /// Overwrites the elements from `at` on. The lines `ahead` bytes after them are prefetched.
    #[inline(always)]
    fn put(self, at: usize, values: &[E], ahead: usize) {
        self.assert_holds(at, values.len());
        bytes_in(bits::bytes_of(values), self.lines, at * Self::SIZE, ahead);
    }

    #[inline(always)]
    fn assert_holds(self, at: usize, len: usize) {
        let count = self.count;
        assert!(at <= count && len <= count - at, "{len} elements from {at} on are not within {count} elements");
    }
}

/// The number of elements that rows take. `None` if it is no `usize`.
///
/// # Panics
///
/// Panics if `stride` is 0 or less than `width`.
#[track_caller]
pub(in crate::sync::frames) fn len_of_rows(width: usize, stride: usize, height: usize) -> Option<usize> {
    assert_rows(width, stride);
    match height.checked_sub(1) {
        Some(before) if width > 0 => before.checked_mul(stride)?.checked_add(width),
        _ => Some(0),
    }
}

#[cold]
fn cut(part: usize, size: usize) -> io::Error {
    let text = format!("the input ends within an element: there are {part} of its {size} bytes");
    io::Error::new(io::ErrorKind::UnexpectedEof, text)
}
