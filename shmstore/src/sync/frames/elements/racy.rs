//! `Racy<E>`: single elements of a frame, by relaxed atomic words.
//!
//! # Safety
//!
//! As `elements.rs`.
#![allow(unsafe_code)]

use std::fmt;
use std::mem::MaybeUninit;
use std::slice;

use super::{Elements, as_bytes};
use crate::layout::AnyBits;
use crate::sync::copy::{word_out, words_out};
use crate::value::bits;

/// Single elements of a pinned frame, in any order, without a copy of a block.
///
/// Each element is read by relaxed atomic words. The compiler does not combine these into vector moves, so `blocks` and
/// `arrays` are faster where elements are read in order.
pub struct Racy<'a, E> {
    elements: Elements<'a, E>,
}

impl<'a, E: AnyBits> Racy<'a, E> {
    pub(in crate::sync::frames) fn new(elements: Elements<'a, E>) -> Self {
        Self { elements }
    }

    /// Returns the number of elements.
    #[inline]
    #[must_use]
    pub fn len(&self) -> usize {
        self.elements.count
    }

    /// Returns `true` if there are no elements.
    #[inline]
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the element at an index. `None` if the frame has fewer elements.
    #[inline]
    #[must_use]
    pub fn get(&self, at: usize) -> Option<E> {
        (at < self.len()).then(|| self.element(at))
    }

    /// Returns an iterator over all elements.
    #[inline]
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = E> + ExactSizeIterator + use<'a, E> {
        let all = *self;
        (0..all.len()).map(move |at| all.element(at))
    }

    #[inline(always)]
    fn element(&self, at: usize) -> E {
        const WORD: usize = size_of::<u64>();
        let start = at * size_of::<E>();
        let mut element = MaybeUninit::<E>::uninit();
        if WORD % size_of::<E>() == 0 {
            // In one word. A shift is faster than a copy of a part of it.
            let word = word_out(self.elements.lines, start / WORD) >> (start % WORD * 8);
            // SAFETY: the element has this many bytes or fewer. A local overlaps nothing.
            unsafe {
                element.as_mut_ptr().cast::<u8>().copy_from_nonoverlapping(word.to_le_bytes().as_ptr(), size_of::<E>())
            };
        } else {
            words_out(self.elements.lines, start, as_bytes(slice::from_mut(&mut element)));
        }
        // SAFETY: all of its bytes were just written.
        unsafe { bits::any(element) }
    }
}

impl<E> Clone for Racy<'_, E> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<E> Copy for Racy<'_, E> {}

impl<E> fmt::Debug for Racy<'_, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Racy").field("len", &self.elements.count).finish()
    }
}
