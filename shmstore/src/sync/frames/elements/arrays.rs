//! Reading elements as arrays of a fixed length.
//!
//! # Safety
//!
//! As `elements.rs`.
#![allow(unsafe_code)]

use std::mem::MaybeUninit;
use std::slice;

use super::{AHEAD, Elements, any_bits, elements_in};
use crate::layout::{AnyBits, InvalidValue, ShmValue};
use crate::sync::copy::{LINE, line_out};
use crate::value::bits;

/// The most lines of an array that is copied through registers.
const MOST_LINES: usize = 4;

impl<'a, E: ShmValue> Elements<'a, E> {
    /// Calls `each` with all elements in order, one array at a time, and with the index of the array's first element.
    /// Returns the index of the first element after the last whole array.
    #[inline(always)]
    pub(in crate::sync::frames) fn arrays<const A: usize, X>(
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
    pub(in crate::sync::frames) fn arrays_checked<const A: usize, X: From<InvalidValue>>(
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
            let mut scratch = [const { MaybeUninit::uninit() }; MOST_LINES];
            for (after, (from, to)) in array.iter().zip(&mut scratch).enumerate() {
                let next = self.lines.get(at * lines + after + AHEAD / LINE).unwrap_or(from);
                to.write(line_out(from, next));
            }
            still()?;
            // SAFETY: the bytes of the first `lines`, which were just written.
            let copies = unsafe { slice::from_raw_parts(scratch.as_ptr().cast(), lines * LINE) };
            // SAFETY: in bytes that are initialized.
            let array = unsafe { bits::checked_slice(at * A, elements_in(copies, A)) }.map_err(&invalid)?;
            each(at * A, array.try_into().expect("as many elements"));
        }
        Ok(count)
    }

    /// The number of lines of an array that is copied through registers. 0 if it is copied by blocks.
    pub(in crate::sync::frames) const fn lines_of_array<const A: usize>() -> usize {
        assert!(A > 0, "an array of a frame has at least one element");
        let bytes = A * Self::SIZE;
        if bytes % LINE == 0 && bytes <= MOST_LINES * LINE && align_of::<E>() <= LINE { bytes / LINE } else { 0 }
    }
}
