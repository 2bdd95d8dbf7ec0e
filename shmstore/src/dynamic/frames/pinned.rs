//! A frame that no process overwrites.

use std::fmt;

use super::Frames;
use crate::dynamic::DynamicError;
use crate::inspect::Value;
use crate::layout::schema::OwnedSchema;
use crate::segment::this_process;
use crate::sync::raw::RawPin;

/// A frame that no process overwrites until this is dropped. [`Frames::pin_newest`] returns it.
///
/// In a child of `fork` it belongs to the parent, and protects nothing.
#[must_use = "a pin that is dropped protects no frame"]
pub struct Pinned {
    pub(super) frames: Frames,
    pub(super) pin: RawPin,
    pub(super) len: usize,
    pub(super) missed: u64,
    pub(super) meta: Vec<u8>,
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

    /// Returns the layout of the metadata.
    #[must_use]
    pub fn meta_schema(&self) -> &OwnedSchema {
        self.frames.meta.0
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
