//! Reading the elements of a frame without a pin.
//!
//! # Safety
//!
//! As `frames.rs`.
#![allow(unsafe_code)]

use super::ReadFrame;
use crate::error::{Error, Overrun};
use crate::layout::{AnyBits, ShmValue};
use crate::sync::frames::elements::Elements;

/// Reading of elements.
///
/// # Errors
///
/// Each method returns [`Overrun`] if a writer has reused the slot. What it has passed on before is whole. What it has
/// copied is not.
///
/// The methods for elements that have invalid bits return an [`Error`], which is an [`Overrun`], or an
/// [`InvalidValue`](crate::InvalidValue) that names the index of the element.
impl<E: ShmValue, const N: usize, const K: usize, M: ShmValue> ReadFrame<'_, E, N, K, M> {
    /// Calls `read` with one block after another: see [`Pinned::blocks`](crate::frames::Pinned::blocks).
    #[inline]
    pub fn blocks(&self, read: impl FnMut(usize, &[E])) -> Result<(), Overrun>
    where
        E: AnyBits,
    {
        self.elements().blocks(|| self.check(), read)
    }

    /// Calls `read` with one block after another. For elements that have invalid bits.
    #[inline]
    pub fn blocks_checked(&self, read: impl FnMut(usize, &[E])) -> Result<(), Error> {
        self.elements().blocks_checked(|| Ok(self.check()?), read)
    }

    /// Calls `read` with one array after another, and returns the index of the first element after the last whole one:
    /// see [`Pinned::arrays`](crate::frames::Pinned::arrays).
    #[inline]
    pub fn arrays<const A: usize>(&self, read: impl FnMut(usize, [E; A])) -> Result<usize, Overrun>
    where
        E: AnyBits,
    {
        self.elements().arrays(|| self.check(), read)
    }

    /// Calls `read` with one array after another. For elements that have invalid bits.
    #[inline]
    pub fn arrays_checked<const A: usize>(&self, read: impl FnMut(usize, [E; A])) -> Result<usize, Error> {
        self.elements().arrays_checked(|| Ok(self.check()?), read)
    }

    /// Calls `read` with one row after another: see [`Pinned::rows`](crate::frames::Pinned::rows).
    ///
    /// # Panics
    ///
    /// Panics if `stride` is 0 or less than `width`.
    #[inline]
    #[track_caller]
    pub fn rows(&self, width: usize, stride: usize, read: impl FnMut(usize, &[E])) -> Result<(), Overrun>
    where
        E: AnyBits,
    {
        self.elements().rows(width, stride, || self.check(), read)
    }

    /// Calls `read` with one row after another. For elements that have invalid bits.
    ///
    /// # Panics
    ///
    /// Panics as [`rows`](Self::rows) does.
    #[inline]
    #[track_caller]
    pub fn rows_checked(&self, width: usize, stride: usize, read: impl FnMut(usize, &[E])) -> Result<(), Error> {
        self.elements().rows_checked(width, stride, || Ok(self.check()?), read)
    }

    /// Copies the elements from index `at` on to `into`, as many as there are and fit. Returns their number.
    #[inline]
    pub fn copy_at(&self, at: usize, into: &mut [E]) -> Result<usize, Overrun>
    where
        E: AnyBits,
    {
        self.elements().copy_at(at, into, || self.check())
    }

    /// Copies elements, as [`copy_at`](Self::copy_at) does. For elements that have invalid bits.
    pub fn copy_at_checked(&self, at: usize, into: &mut [E]) -> Result<usize, Error> {
        self.elements().copy_at_checked(at, into, || Ok(self.check()?))
    }

    /// Copies the elements to `into`, as many as fit. Returns their number.
    #[inline]
    pub fn copy_into(&self, into: &mut [E]) -> Result<usize, Overrun>
    where
        E: AnyBits,
    {
        self.copy_at(0, into)
    }

    /// Copies the elements, as [`copy_into`](Self::copy_into) does. For elements that have invalid bits.
    pub fn copy_into_checked(&self, into: &mut [E]) -> Result<usize, Error> {
        self.copy_at_checked(0, into)
    }

    /// Returns a copy of all elements.
    pub fn to_vec(&self) -> Result<Vec<E>, Overrun>
    where
        E: AnyBits,
    {
        self.elements().to_vec(|| self.check())
    }

    /// Returns a copy of all elements. For elements that have invalid bits.
    pub fn to_vec_checked(&self) -> Result<Vec<E>, Error> {
        self.elements().to_vec_checked(|| Ok(self.check()?))
    }

    /// The elements in shared memory.
    #[inline]
    fn elements(&self) -> Elements<'_, E> {
        let first = self.frames.cell.elements(self.frame.slot);
        // SAFETY: the elements of a slot of this part, which is mapped as long as it is borrowed. There are `len`,
        // which is at most `N`, and more bytes up to the end of the last line. Aligned to 64 bytes and as elements.
        // None is filled here.
        unsafe { Elements::new(first, self.len) }
    }
}
