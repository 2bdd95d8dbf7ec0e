//! A slot that this process fills.

use std::fmt;

use super::Frames;
use crate::dynamic::DynamicError;
use crate::error::{FrameLost, TooLong};
use crate::inspect::Value;
use crate::segment::this_process;
use crate::sync::raw::RawLoan;

/// A slot of [`Frames`] that this process fills. [`Frames::loan`] returns it.
///
/// If it is dropped before [`publish`](Self::publish), or its process is killed, the slot is free again.
#[must_use = "a loan that is dropped is not published: call `publish`"]
pub struct FrameMut {
    pub(super) frames: Frames,
    pub(super) loan: RawLoan,
    pub(super) len: usize,
    pub(super) meta: Vec<u8>,
    pub(super) is_published: bool,
}

impl FrameMut {
    /// Returns the number of elements that the frame will have.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Returns `true` if the frame will have no elements.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Returns the frames of which it is a slot.
    #[must_use]
    pub fn frames(&self) -> &Frames {
        &self.frames
    }

    /// Sets the number of elements. Elements that were not written have the bytes of an earlier frame, or zeros.
    ///
    /// # Errors
    ///
    /// [`DynamicError::TooLong`] if the frame has no room for so many.
    pub fn set_len(&mut self, len: usize) -> Result<(), DynamicError> {
        let capacity = self.frames.capacity();
        if len > capacity {
            return Err(TooLong { len, capacity }.into());
        }
        self.len = len;
        Ok(())
    }

    /// Sets the metadata. Without this call, all its bytes are zero.
    ///
    /// # Errors
    ///
    /// [`DynamicError::Value`] if the value is not of the type.
    pub fn set_meta(&mut self, meta: &Value) -> Result<(), DynamicError> {
        self.meta = self.frames.meta.encode(meta)?;
        Ok(())
    }

    /// Sets the bytes of the metadata.
    ///
    /// # Errors
    ///
    /// [`DynamicError::InvalidValue`] and [`DynamicError::Length`] if the bytes are no value of the type.
    pub fn set_meta_bytes(&mut self, meta: &[u8]) -> Result<(), DynamicError> {
        self.meta.copy_from_slice(self.frames.meta.check(meta)?);
        Ok(())
    }

    /// Copies elements of these bytes to index `at` and those after it. The frame grows, if it has to. The elements are
    /// checked.
    ///
    /// # Errors
    ///
    /// - [`DynamicError::TooLong`] if they do not fit.
    /// - [`DynamicError::Length`] if the number of bytes is no multiple of the size of an element.
    /// - [`DynamicError::InvalidValue`] if an element is not valid. Nothing was copied.
    /// - [`DynamicError::OfParent`] in a process that was forked since the slot was loaned.
    pub fn write_at(&mut self, at: usize, elements: &[u8]) -> Result<(), DynamicError> {
        self.check_owner()?;
        let (size, capacity) = (self.frames.elements.size(), self.frames.capacity());
        let (count, rest) = (elements.len() / size, elements.len() % size);
        if rest != 0 {
            return Err(DynamicError::Length { expected: (count + 1) * size, found: elements.len() });
        }
        let end = at.saturating_add(count);
        if end > capacity {
            return Err(TooLong { len: end, capacity }.into());
        }
        self.frames.elements.checked_all(elements)?;
        self.frames.raw().write_at(self.loan, at, elements);
        self.len = self.len.max(end);
        Ok(())
    }

    /// Returns the address of the first element, for libraries that write to an address. There is room for
    /// [`Frames::capacity`] elements, aligned to at least 64 bytes, as long as the loan lives.
    ///
    /// # Errors
    ///
    /// [`DynamicError::OfParent`] in a process that was forked since the slot was loaned.
    pub fn as_mut_ptr(&mut self) -> Result<*mut u8, DynamicError> {
        self.check_owner()?;
        Ok(self.frames.raw().address_of_loan(self.loan))
    }

    /// Publishes the frame, as the newest one, and returns its number.
    ///
    /// # Errors
    ///
    /// - [`DynamicError::Frame`] if this process no longer has the slot.
    /// - [`DynamicError::OfParent`] in a process that was forked since the slot was loaned.
    pub fn publish(mut self) -> Result<u64, DynamicError> {
        self.check_owner()?;
        self.is_published = true;
        let frames = self.frames.raw();
        let number = frames.publish(self.loan, self.len, &self.meta);
        number.ok_or_else(|| FrameLost { frames: frames.name() }.into())
    }

    fn check_owner(&self) -> Result<(), DynamicError> {
        let is_ours = this_process::is_ours(self.loan.token());
        if is_ours { Ok(()) } else { Err(DynamicError::OfParent { what: "a loan" }) }
    }
}

impl Drop for FrameMut {
    fn drop(&mut self) {
        if !self.is_published && this_process::is_ours(self.loan.token()) {
            self.frames.raw().give_back(self.loan);
        }
    }
}

impl fmt::Debug for FrameMut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FrameMut").field("frames", &self.frames.place).field("len", &self.len).finish()
    }
}
