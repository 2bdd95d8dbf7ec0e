//! `Racy<E>`: single elements of a frame, by relaxed atomic loads.
//!
//! # Safety
//!
//! As `elements.rs`.
#![allow(unsafe_code)]

use std::fmt;

use super::Elements;
use crate::layout::AnyBits;
use crate::sync::copy::element_out;
use crate::value::bits;

/// Single elements of a pinned frame, in any order, without a copy of a block.
///
/// Each element is loaded alone, and atomically where it has 1, 2, 4 or 8 bytes. The compiler does not combine such loads
/// into vector moves. So `blocks` and `arrays` are faster where elements are read in order.
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
        let element = element_out(self.elements.lines, at);
        // SAFETY: `element_out` initializes all of its bytes.
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
