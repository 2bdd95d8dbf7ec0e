//! Private memory for a block or a row.
//!
//! # Safety
//!
//! Promises lines that are aligned for the elements, too.
#![allow(unsafe_code)]

use std::mem::MaybeUninit;
use std::slice;

use crate::layout::ShmValue;
use crate::sync::copy::{LINE, Line};

/// The lines on the stack: enough for a block of each size of element up to 2 KiB, wherever it begins.
const STACK: usize = 2048 / LINE + 1;

/// Scratch for elements. It is on the stack if it is small, and otherwise in the heap, from the first use on.
pub(super) struct Scratch<E> {
    stack: [MaybeUninit<Line>; STACK],
    heap: Vec<Piece<E>>,
}

/// A piece of the heap's memory. It has the alignment of both types, so its size is a multiple of this.
#[repr(C)]
struct Piece<E> {
    elements: [E; 0],
    line: MaybeUninit<Line>,
}

impl<E: ShmValue> Scratch<E> {
    #[inline(always)]
    pub(super) const fn new() -> Self {
        Self { stack: [const { MaybeUninit::uninit() }; STACK], heap: Vec::new() }
    }

    /// Borrows a number of lines. Their content is that of the last use, or none.
    #[inline(always)]
    pub(super) fn lines(&mut self, count: usize) -> &mut [MaybeUninit<Line>] {
        if count <= STACK && align_of::<E>() <= LINE { &mut self.stack[..count] } else { self.lines_of_heap(count) }
    }

    #[cold]
    #[inline(never)]
    fn lines_of_heap(&mut self, count: usize) -> &mut [MaybeUninit<Line>] {
        let lines = size_of::<Piece<E>>() / LINE;
        self.heap.reserve(count.div_ceil(lines));
        let pieces = self.heap.spare_capacity_mut();
        assert!(count <= pieces.len() * lines, "scratch for {count} lines");
        // SAFETY: owned and borrowed as long, and large enough. A piece is aligned as a line, and is whole lines. Any
        // bytes are a `MaybeUninit`.
        unsafe { slice::from_raw_parts_mut(pieces.as_mut_ptr().cast(), count) }
    }

    /// Borrows memory of a number of elements, all of them zero.
    pub(super) fn zeroed(&mut self, len: usize) -> &mut [E] {
        let lines = self.lines((len * size_of::<E>()).div_ceil(LINE));
        lines.fill(MaybeUninit::new(Line([0; LINE])));
        let first = lines.as_mut_ptr().cast::<E>();
        assert!(first.is_aligned() && len * size_of::<E>() <= size_of_val(lines), "elements in their scratch");
        // SAFETY: in the lines, aligned, borrowed as long, and all bytes zero, which are a valid value, as `ShmValue`
        // promises.
        unsafe { slice::from_raw_parts_mut(first, len) }
    }
}
