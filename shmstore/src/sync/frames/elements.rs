//! The elements of a frame in shared memory: they are read through a private copy of some of them at a time.
//!
//! A copy is a *block* of about 1 KiB, as the processor overlaps copying and computing only across short blocks. Reading
//! is in this file and in `racy.rs`, filling in `fill.rs`. The methods of `Pinned`, `ReadFrame` and `FrameMut` pass on to
//! these, and have their documentation.
//!
//! A copy is handed out after the caller's `still` has returned `Ok`. A read-only reader checks there that the slot was
//! not used again meanwhile. A reader with a pin has nothing to check.
//!
//! # Safety
//!
//! Relies on the memory that was promised to [`Elements::new`], and on the promises of [`ShmValue`]. Promises that
//! bytes become elements only if they are valid ones.
#![allow(unsafe_code)]

mod fill;
mod racy;
mod room;
#[cfg(test)]
mod tests;

use std::io;
use std::marker::PhantomData;
use std::mem::MaybeUninit;
use std::os::fd::BorrowedFd;
use std::slice;

use crate::layout::{AnyBits, InvalidValue, ShmValue};
use crate::sync::copy::{LINE, SharedLine, Unit, bytes_out, line_out, lines_out};
use crate::sys::file::data;
use crate::value::bits;

pub(super) use fill::len_of_rows;
pub use racy::Racy;
use room::Room;

/// The bytes of a block.
const BLOCK: usize = 1024;

/// The most lines of an array that is copied through registers.
const MOST_LINES: usize = 4;

/// Elements of a frame.
pub(super) struct Elements<'a, E> {
    // INVARIANT: exactly the lines that `count` elements take. They are writable where the elements are filled.
    lines: &'a [SharedLine],
    count: usize,
    elements: PhantomData<E>,
}

impl<E> Clone for Elements<'_, E> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<E> Copy for Elements<'_, E> {}

impl<'a, E: ShmValue> Elements<'a, E> {
    /// The size of an element in bytes.
    pub(super) const SIZE: usize = {
        assert!(size_of::<E>() > 0, "the elements of a frame have no bytes");
        size_of::<E>()
    };

    /// The number of elements of a block: as many as fit and are whole lines. So all blocks begin with a line. There is
    /// no such number for some sizes above 64 bytes. Then a block may begin anywhere.
    pub(super) const BLOCK: usize = {
        // The greatest common divisor of a power of two and a number is a power of two.
        let zeros = Self::SIZE.trailing_zeros();
        let whole = if zeros < LINE.trailing_zeros() { LINE >> zeros } else { 1 };
        match whole.checked_mul(Self::SIZE) {
            Some(bytes) if bytes <= BLOCK => BLOCK / bytes * whole,
            Some(bytes) if bytes <= 2 * BLOCK => whole,
            _ if Self::SIZE <= BLOCK => BLOCK / Self::SIZE,
            _ => 1,
        }
    };

    /// # Safety
    ///
    /// `first` is aligned to a line and as an `E`. For `'a` the lines of `count` elements from there on are mapped to be
    /// read, and to be written if a method of `fill.rs` is called. They are touched by racing copies and atomic words
    /// alone, in this process.
    #[inline(always)]
    pub(super) unsafe fn new(first: *mut Unit, count: usize) -> Self {
        let lines = (count * Self::SIZE).div_ceil(LINE);
        // SAFETY: the caller promises these lines for `'a`. Any bytes are a line.
        let lines = unsafe { slice::from_raw_parts(first.cast_const().cast(), lines) };
        Self { lines, count, elements: PhantomData }
    }

    /// Calls `each` with all elements in order, one block at a time, and with the index of the block's first element.
    #[inline(always)]
    pub(super) fn blocks<X>(self, still: impl Fn() -> Result<(), X>, each: impl FnMut(usize, &[E])) -> Result<(), X>
    where
        E: AnyBits,
    {
        self.blocks_by(still, any_bits, each)
    }

    /// [`blocks`](Self::blocks) of elements that have invalid bits.
    #[inline(always)]
    pub(super) fn blocks_checked<X: From<InvalidValue>>(
        self,
        still: impl Fn() -> Result<(), X>,
        each: impl FnMut(usize, &[E]),
    ) -> Result<(), X> {
        self.blocks_by(still, X::from, each)
    }

    #[inline(always)]
    fn blocks_by<X>(
        self,
        still: impl Fn() -> Result<(), X>,
        invalid: impl Fn(InvalidValue) -> X,
        each: impl FnMut(usize, &[E]),
    ) -> Result<(), X> {
        self.runs_by(Self::BLOCK, self.count, still, invalid, each)
    }

    /// Calls `each` with the first `count` elements, `len` at a time.
    #[inline(always)]
    fn runs_by<X>(
        self,
        len: usize,
        count: usize,
        still: impl Fn() -> Result<(), X>,
        invalid: impl Fn(InvalidValue) -> X,
        mut each: impl FnMut(usize, &[E]),
    ) -> Result<(), X> {
        let mut room = Room::<E>::new();
        let mut at = 0;
        while at < count {
            let run = len.min(count - at);
            // The last run, which may be shorter, is fetched without a hint.
            let ahead = if count - at >= 2 * len { len * Self::SIZE } else { 0 };
            each(at, self.run(at, run, ahead, &mut room, &still, &invalid)?);
            at += run;
        }
        Ok(())
    }

    /// Copies elements out, and returns the copies. The lines `ahead` bytes after them are prefetched.
    #[inline(always)]
    fn run<X>(
        self,
        at: usize,
        len: usize,
        ahead: usize,
        room: &mut Room<E>,
        still: impl Fn() -> Result<(), X>,
        invalid: impl Fn(InvalidValue) -> X,
    ) -> Result<&[E], X> {
        let (start, end) = (at * Self::SIZE, (at + len) * Self::SIZE);
        let lines = &self.lines[start / LINE..end.div_ceil(LINE)];
        let bytes = start % LINE + len * Self::SIZE;
        let copies = elements_in(&lines_out(lines, room.lines(lines.len()), bytes, ahead)[start % LINE..], len);
        still()?;
        // SAFETY: in bytes that are initialized.
        unsafe { bits::checked_slice(at, copies) }.map_err(invalid)
    }

    /// Calls `each` with all elements in order, one array at a time, and with the index of the array's first element.
    /// Returns the index of the first element after the last whole array.
    #[inline(always)]
    pub(super) fn arrays<const A: usize, X>(
        self,
        still: impl Fn() -> Result<(), X>,
        each: impl FnMut(usize, [E; A]),
    ) -> Result<usize, X>
    where
        E: AnyBits,
    {
        self.arrays_by(still, any_bits, each)
    }

    /// [`arrays`](Self::arrays) of elements that have invalid bits.
    #[inline(always)]
    pub(super) fn arrays_checked<const A: usize, X: From<InvalidValue>>(
        self,
        still: impl Fn() -> Result<(), X>,
        each: impl FnMut(usize, [E; A]),
    ) -> Result<usize, X> {
        self.arrays_by(still, X::from, each)
    }

    #[inline(always)]
    fn arrays_by<const A: usize, X>(
        self,
        still: impl Fn() -> Result<(), X>,
        invalid: impl Fn(InvalidValue) -> X,
        mut each: impl FnMut(usize, [E; A]),
    ) -> Result<usize, X> {
        let lines = const { Self::lines_of_array::<A>() };
        let count = self.count / A * A;
        if lines == 0 {
            let block = Elements::<'a, [E; A]>::BLOCK * A;
            self.runs_by(block, count, still, invalid, |first, block| {
                for (after, array) in block.chunks_exact(A).enumerate() {
                    each(first + after * A, array.try_into().expect("as many elements"));
                }
            })?;
            return Ok(count);
        }
        for (at, array) in self.lines.chunks_exact(lines).take(count / A).enumerate() {
            let mut room = [const { MaybeUninit::uninit() }; MOST_LINES];
            for (after, (from, to)) in array.iter().zip(&mut room).enumerate() {
                let next = self.lines.get(at * lines + after + BLOCK / LINE).unwrap_or(from);
                to.write(line_out(from, next));
            }
            still()?;
            // SAFETY: the bytes of the first `lines`, which were just written.
            let copies = unsafe { slice::from_raw_parts(room.as_ptr().cast(), lines * LINE) };
            // SAFETY: in bytes that are initialized.
            let array = unsafe { bits::checked_slice(at * A, elements_in(copies, A)) }.map_err(&invalid)?;
            each(at * A, array.try_into().expect("as many elements"));
        }
        Ok(count)
    }

    /// The number of lines of an array that is copied through registers. 0 if it is copied by blocks.
    pub(super) const fn lines_of_array<const A: usize>() -> usize {
        assert!(A > 0, "an array of a frame has at least one element");
        let bytes = A * Self::SIZE;
        if bytes % LINE == 0 && bytes <= MOST_LINES * LINE && align_of::<E>() <= LINE { bytes / LINE } else { 0 }
    }

    /// Calls `each` with each whole row: its number and its `width` elements. A row begins `stride` elements after the
    /// row before it.
    ///
    /// # Panics
    ///
    /// Panics if `stride` is 0 or less than `width`.
    #[inline(always)]
    #[track_caller]
    pub(super) fn rows<X>(
        self,
        width: usize,
        stride: usize,
        still: impl Fn() -> Result<(), X>,
        each: impl FnMut(usize, &[E]),
    ) -> Result<(), X>
    where
        E: AnyBits,
    {
        self.rows_by(width, stride, still, any_bits, each)
    }

    /// [`rows`](Self::rows) of elements that have invalid bits.
    #[inline(always)]
    #[track_caller]
    pub(super) fn rows_checked<X: From<InvalidValue>>(
        self,
        width: usize,
        stride: usize,
        still: impl Fn() -> Result<(), X>,
        each: impl FnMut(usize, &[E]),
    ) -> Result<(), X> {
        self.rows_by(width, stride, still, X::from, each)
    }

    #[inline(always)]
    #[track_caller]
    fn rows_by<X>(
        self,
        width: usize,
        stride: usize,
        still: impl Fn() -> Result<(), X>,
        invalid: impl Fn(InvalidValue) -> X,
        mut each: impl FnMut(usize, &[E]),
    ) -> Result<(), X> {
        assert_rows(width, stride);
        let rows = if width == 0 || width > self.count { 0 } else { (self.count - width) / stride + 1 };
        let mut room = Room::<E>::new();
        for row in 0..rows {
            let ahead = if row + 1 < rows { stride * Self::SIZE } else { 0 };
            each(row, self.run(row * stride, width, ahead, &mut room, &still, &invalid)?);
        }
        Ok(())
    }

    /// Copies the elements from `at` on, as many as there are and fit into `into`. Returns their number.
    #[inline]
    pub(super) fn block_at<X>(self, at: usize, into: &mut [E], still: impl Fn() -> Result<(), X>) -> Result<usize, X>
    where
        E: AnyBits,
    {
        let len = into.len().min(self.count.saturating_sub(at));
        if len > 0 {
            // SAFETY: `bytes_out` writes only initialized bytes.
            bytes_out(self.lines, at * Self::SIZE, unsafe { bits::as_uninit_bytes(&mut into[..len]) });
        }
        still()?;
        Ok(len)
    }

    /// [`block_at`](Self::block_at) of elements that have invalid bits. After an error, some elements may have been
    /// copied.
    #[inline]
    pub(super) fn block_at_checked<X: From<InvalidValue>>(
        self,
        at: usize,
        into: &mut [E],
        still: impl Fn() -> Result<(), X>,
    ) -> Result<usize, X> {
        let len = into.len().min(self.count.saturating_sub(at));
        let mut room = Room::<E>::new();
        for (block, into) in into[..len].chunks_mut(Self::BLOCK).enumerate() {
            let run = self.run(at + block * Self::BLOCK, into.len(), 0, &mut room, &still, X::from)?;
            into.copy_from_slice(run);
        }
        Ok(len)
    }

    /// Copies all elements.
    pub(super) fn to_vec<X>(self, still: impl Fn() -> Result<(), X>) -> Result<Vec<E>, X>
    where
        E: AnyBits,
    {
        self.to_vec_by(still, any_bits)
    }

    /// [`to_vec`](Self::to_vec) of elements that have invalid bits.
    pub(super) fn to_vec_checked<X: From<InvalidValue>>(self, still: impl Fn() -> Result<(), X>) -> Result<Vec<E>, X> {
        self.to_vec_by(still, X::from)
    }

    fn to_vec_by<X>(self, still: impl Fn() -> Result<(), X>, invalid: impl Fn(InvalidValue) -> X) -> Result<Vec<E>, X> {
        let mut all = Vec::with_capacity(self.count);
        let room = &mut all.spare_capacity_mut()[..self.count];
        bytes_out(self.lines, 0, as_bytes(room));
        still()?;
        // SAFETY: all bytes of the elements were just copied.
        unsafe { bits::checked_slice(0, room) }.map_err(invalid)?;
        // SAFETY: there is capacity for `count` elements, which are initialized and valid, as was just checked.
        unsafe { all.set_len(self.count) };
        Ok(all)
    }

    /// Writes the bytes of all elements to a file. The kernel reads them where they are.
    pub(super) fn write_to(self, to: BorrowedFd<'_>) -> io::Result<()> {
        // SAFETY: the lines of the elements, which are mapped while they are borrowed.
        unsafe { data::write_all(to, self.lines.as_ptr().cast(), self.count * Self::SIZE) }
    }
}

/// Any bits are a valid element.
fn any_bits<X>(_: InvalidValue) -> X {
    unreachable!("any bits are a valid element")
}

/// # Panics
///
/// Panics if these are not rows.
#[inline]
#[track_caller]
pub(super) fn assert_rows(width: usize, stride: usize) {
    assert!(stride > 0, "a row begins at least one element after the row before it: the stride is 0");
    assert!(width <= stride, "a row of {width} elements is longer than its stride of {stride} elements");
}

/// Returns the elements at the beginning of these bytes.
///
/// # Panics
///
/// Panics if there are fewer, or if they are not aligned.
#[inline(always)]
fn elements_in<E>(bytes: &[u8], len: usize) -> &[MaybeUninit<E>] {
    let first = bytes.as_ptr().cast::<MaybeUninit<E>>();
    assert!(first.is_aligned() && len * size_of::<E>() <= bytes.len(), "elements in their copies");
    // SAFETY: in the bytes, aligned, and borrowed as long.
    unsafe { slice::from_raw_parts(first, len) }
}

/// Borrows elements to be overwritten as bytes.
pub(super) fn as_bytes<E>(elements: &mut [MaybeUninit<E>]) -> &mut [MaybeUninit<u8>] {
    // SAFETY: the bytes of the elements, borrowed as long. Any bytes are a `MaybeUninit`.
    unsafe { slice::from_raw_parts_mut(elements.as_mut_ptr().cast(), size_of_val(elements)) }
}
