//! Frames of any type.

use std::fmt;
use std::mem;

use super::place::Place;
use super::value::Values;
use super::wait::{Aim, Wait};
use super::{DynamicError, Limit, Object};
use crate::error::{FrameLost, TooLong};
use crate::inspect::{FieldPath, Value};
use crate::layout::schema::{OwnedKind, OwnedSchema};
use crate::segment::this_process;
use crate::sync::raw::{RawFrames, RawLoan, RawPart, RawPin};

/// A [`Frames`](crate::Frames) of any type. [`Object::frames`] returns it.
#[derive(Debug, Clone)]
pub struct Frames {
    place: Place,
    elements: Values,
    meta: Values,
}

impl Frames {
    pub(super) fn at(place: Place) -> Result<Self, DynamicError> {
        place.of_kind("a `Frames`", RawPart::frames)?;
        let OwnedKind::Frames { element, meta, .. } = place.owned.kind() else {
            return Err(place.is_not("a `Frames`"));
        };
        Ok(Self { elements: Values(element), meta: Values(meta), place })
    }

    pub(super) fn raw(&self) -> RawFrames<'_> {
        self.place.raw().frames().expect("a `Frames`, as `at` has checked")
    }

    /// Returns the path of the part.
    #[must_use]
    pub fn path(&self) -> &FieldPath {
        &self.place.path
    }

    /// Returns the object of which it is a part.
    #[must_use]
    pub fn object(&self) -> &Object {
        &self.place.object
    }

    /// Returns the layout of an element.
    #[must_use]
    pub fn schema(&self) -> &OwnedSchema {
        self.elements.0
    }

    /// Returns the layout of the metadata.
    #[must_use]
    pub fn meta_schema(&self) -> &OwnedSchema {
        self.meta.0
    }

    /// Returns the most elements of a frame.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.raw().capacity()
    }

    /// Returns the number of the newest frame. 0 if there is none.
    #[must_use]
    pub fn newest_number(&self) -> u64 {
        self.raw().newest_number()
    }

    /// Loans a slot to fill. Waits for one.
    ///
    /// # Errors
    ///
    /// [`DynamicError::Loan`] with the errors of [`Frames::loan_timeout`](crate::Frames::loan_timeout).
    pub fn loan(&self, limit: Limit) -> Result<FrameMut, DynamicError> {
        let loan = self.raw().loan(limit)?;
        Ok(FrameMut { frames: self.clone(), loan, len: 0, meta: self.meta.zeroed() })
    }

    /// Pins the newest frame. `None` if there is none.
    ///
    /// # Errors
    ///
    /// - [`DynamicError::Pin`] with the errors of [`Frames::pin_newest`](crate::Frames::pin_newest).
    /// - [`DynamicError::InvalidValue`] if the bytes of the metadata are not a valid value.
    pub fn pin_newest(&self) -> Result<Option<Pinned>, DynamicError> {
        self.raw().pin_newest()?.map(|pin| self.pinned(pin)).transpose()
    }

    /// Pins the frame with this number. `None` if it is not there.
    ///
    /// # Errors
    ///
    /// As [`pin_newest`](Self::pin_newest).
    pub fn pin(&self, number: u64) -> Result<Option<Pinned>, DynamicError> {
        self.raw().pin(number)?.map(|pin| self.pinned(pin)).transpose()
    }

    /// Waits for a frame newer than `seen`, and pins the newest.
    ///
    /// # Errors
    ///
    /// - [`DynamicError::Wait`] if no frame came.
    /// - The errors of [`pin_newest`](Self::pin_newest).
    pub fn wait_newer(&self, seen: u64, limit: Limit) -> Result<Pinned, DynamicError> {
        self.newer(seen).wait_for(limit, || {
            let Some(mut newest) = self.pin_newest()? else { return Ok(None) };
            newest.missed = newest.number().saturating_sub(seen.saturating_add(1));
            // A peer may have changed the words.
            Ok(Some(newest).filter(|newest| newest.number() > seen))
        })
    }

    /// Returns a wait for a frame newer than `seen`, for [`wait_any`](crate::wait_any) and `.await`. The frame is
    /// pinned afterwards.
    pub fn newer(&self, seen: u64) -> Wait {
        Wait::of(Aim::Frame { part: self.clone(), seen })
    }

    fn pinned(&self, pin: RawPin) -> Result<Pinned, DynamicError> {
        let len = self.raw().len(pin);
        let mut pinned = Pinned { frames: self.clone(), pin, len, missed: 0, meta: self.meta.zeroed() };
        self.raw().read_meta(pin, &mut pinned.meta);
        self.meta.checked(&pinned.meta)?;
        Ok(pinned)
    }
}

/// A slot of [`Frames`] that this process fills. [`Frames::loan`] returns it.
///
/// If it is dropped before [`publish`](Self::publish), or its process is killed, the slot is free again.
#[must_use = "a loan that is dropped is not published: call `publish`"]
pub struct FrameMut {
    frames: Frames,
    loan: RawLoan,
    len: usize,
    meta: Vec<u8>,
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
        elements.chunks_exact(size).try_for_each(|element| self.frames.elements.checked(element))?;
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
        let (frames, meta) = (self.frames.clone(), mem::take(&mut self.meta));
        let (loan, len) = (self.loan, self.len);
        mem::forget(self);
        let number = frames.raw().publish(loan, len, &meta);
        number.ok_or_else(|| FrameLost { frames: frames.raw().name() }.into())
    }

    fn check_owner(&self) -> Result<(), DynamicError> {
        let is_ours = this_process::is_ours(self.loan.token());
        if is_ours { Ok(()) } else { Err(DynamicError::OfParent { what: "a loan" }) }
    }
}

impl Drop for FrameMut {
    fn drop(&mut self) {
        if this_process::is_ours(self.loan.token()) {
            self.frames.raw().give_back(self.loan);
        }
    }
}

impl fmt::Debug for FrameMut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FrameMut").field("frames", &self.frames.place).field("len", &self.len).finish()
    }
}

/// A frame that no process overwrites until this is dropped. [`Frames::pin_newest`] returns it.
///
/// In a child of `fork` it belongs to the parent, and protects nothing.
#[must_use = "a pin that is dropped protects no frame"]
pub struct Pinned {
    frames: Frames,
    pin: RawPin,
    len: usize,
    missed: u64,
    meta: Vec<u8>,
}

impl Pinned {
    /// Returns the number of the frame. The first one has number 1.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.pin.number()
    }

    /// Returns how many frames were published between the one that the caller had seen and this one.
    #[must_use]
    pub fn missed(&self) -> u64 {
        self.missed
    }

    /// Returns the number of elements.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Returns `true` if the frame has no elements.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Returns the layout of an element.
    #[must_use]
    pub fn schema(&self) -> &OwnedSchema {
        self.frames.elements.0
    }

    /// Returns the metadata.
    ///
    /// # Errors
    ///
    /// None: the bytes were checked when the frame was pinned.
    pub fn meta(&self) -> Result<Value, DynamicError> {
        self.frames.meta.decode(&self.meta)
    }

    /// Returns the bytes of the metadata.
    #[must_use]
    pub fn meta_bytes(&self) -> &[u8] {
        &self.meta
    }

    /// Returns `true` if the pin is still there: see [`Pinned::is_intact`](crate::frames::Pinned::is_intact).
    #[must_use]
    pub fn is_intact(&self) -> bool {
        self.frames.raw().is_intact(self.pin)
    }

    /// Returns the element with this index. `None` if there are fewer.
    ///
    /// # Errors
    ///
    /// [`DynamicError::InvalidValue`] if its bytes are not a valid value.
    pub fn element(&self, at: usize) -> Result<Option<Value>, DynamicError> {
        if at >= self.len {
            return Ok(None);
        }
        let mut bytes = self.frames.elements.zeroed();
        self.frames.raw().read_at(self.pin, self.len, at, &mut bytes);
        self.frames.elements.decode(&bytes).map(Some)
    }

    /// Copies the bytes of elements from index `at` on, as many as fit into `bytes`. Returns the number of bytes. They
    /// are not checked.
    pub fn copy_at(&self, at: usize, bytes: &mut [u8]) -> usize {
        if at < self.len { self.frames.raw().read_at(self.pin, self.len, at, bytes) } else { 0 }
    }

    /// Returns the address of the first element, for libraries that read from an address. There are
    /// [`len`](Self::len) elements, aligned to at least 64 bytes, as long as the pin lives. Their bytes are not
    /// checked, and no process that uses shmstore writes there meanwhile.
    #[must_use]
    pub fn as_ptr(&self) -> *const u8 {
        self.frames.raw().address_of_pin(self.pin)
    }
}

impl Drop for Pinned {
    fn drop(&mut self) {
        if this_process::is_ours(self.pin.token()) {
            self.frames.raw().unpin(self.pin);
        }
    }
}

impl fmt::Debug for Pinned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Pinned");
        shown.field("frames", &self.frames.place).field("number", &self.number()).field("meta", &self.meta());
        shown.field("len", &self.len).finish()
    }
}
