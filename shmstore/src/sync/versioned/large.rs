//! Loads that put no value on the stack.
//!
//! # Safety
//!
//! As `versioned.rs`.
#![allow(unsafe_code)]

use std::time::Duration;

use super::Versioned;
use crate::error::{InvalidValue, WaitError};
use crate::layout::{AnyBits, ShmValue};
use crate::sys::shm::Access;
use crate::value::bits;

/// Loads of values that are too large for the stack.
///
/// Half a megabyte is too much for many threads. These methods never put the value on the stack, not even in debug
/// builds.
///
/// ```
/// use shmstore::{Shared, ShmObject, ShmValue, Versioned};
///
/// #[derive(ShmObject)]
/// #[repr(C)]
/// struct Camera { image: Versioned<[u64; 1 << 20]> } // 8 MiB
///
/// let camera = Shared::<Camera>::new_private()?;
/// let mut image = <[u64; 1 << 20]>::zeroed_box();
/// image[7] = 1;
/// camera.image.store_from(&image);
/// camera.image.update(|image| image[8] = 2);
///
/// assert_eq!(camera.image.load_boxed()[7..9], [1, 2]);
/// assert_eq!((camera.image.load_into(&mut image), image[8]), (2, 2));
/// # Ok::<(), shmstore::Error>(())
/// ```
impl<V: ShmValue> Versioned<V> {
    /// Returns the newest value in the heap. For values too large for [`load`](Self::load).
    #[must_use]
    pub fn load_boxed(&self) -> Box<V>
    where
        V: AnyBits,
    {
        self.load_boxed_by(Access::ReadWrite)
    }

    /// Returns the newest value in the heap. For types that have invalid bits.
    ///
    /// # Errors
    ///
    /// [`InvalidValue`] if the bytes are not a valid `V`.
    pub fn load_boxed_checked(&self) -> Result<Box<V>, InvalidValue> {
        self.load_boxed_checked_by(Access::ReadWrite)
    }

    /// Copies the newest value to `value`, and returns its version. Allocates nothing.
    #[inline]
    pub fn load_into(&self, value: &mut V) -> u64
    where
        V: AnyBits,
    {
        self.load_into_by(value, Access::ReadWrite)
    }

    /// Copies the newest value to `value`, and returns its version. For types that have invalid bits.
    ///
    /// # Errors
    ///
    /// [`InvalidValue`] if the bytes are not a valid `V`. Then `value` is all zero.
    pub fn load_into_checked(&self, value: &mut V) -> Result<u64, InvalidValue> {
        self.load_into_checked_by(value, Access::ReadWrite)
    }

    /// Copies the newest value to `value`, and returns its version, or an error after `timeout`: see
    /// [`load_timeout`](Self::load_timeout).
    ///
    /// # Errors
    ///
    /// After an error `value` is all zero.
    ///
    /// - [`WaitError::NeverWhole`] if no copy was whole in this time.
    /// - [`WaitError::InvalidValue`] if the bytes are not a valid `V`.
    pub fn load_into_timeout(&self, value: &mut V, timeout: Duration) -> Result<u64, WaitError> {
        self.load_into_timeout_by(value, timeout, Access::ReadWrite)
    }

    /// [`load_boxed`](Self::load_boxed) of the part or its view.
    pub(in crate::sync) fn load_boxed_by(&self, access: Access) -> Box<V>
    where
        V: AnyBits,
    {
        let mut value = V::zeroed_box();
        self.load_into_by(&mut value, access);
        value
    }

    /// [`load_boxed_checked`](Self::load_boxed_checked) of the part or its view.
    pub(in crate::sync) fn load_boxed_checked_by(&self, access: Access) -> Result<Box<V>, InvalidValue> {
        let mut value = V::zeroed_box();
        self.load_into_checked_by(&mut value, access)?;
        Ok(value)
    }

    /// [`load_into`](Self::load_into) of the part or its view.
    #[inline(always)]
    pub(in crate::sync) fn load_into_by(&self, value: &mut V, access: Access) -> u64
    where
        V: AnyBits,
    {
        // SAFETY: `read` writes only initialized bytes.
        self.value().read(unsafe { bits::as_uninit(value) }, access)
    }

    /// [`load_into_checked`](Self::load_into_checked) of the part or its view.
    pub(in crate::sync) fn load_into_checked_by(&self, value: &mut V, access: Access) -> Result<u64, InvalidValue> {
        // SAFETY: `read` writes only initialized bytes.
        unsafe { bits::overwrite(value, |bytes| Ok(self.value().read(bytes, access))) }
    }

    /// [`load_into_timeout`](Self::load_into_timeout) of the part or its view.
    pub(in crate::sync) fn load_into_timeout_by(
        &self,
        value: &mut V,
        timeout: Duration,
        access: Access,
    ) -> Result<u64, WaitError> {
        // SAFETY: `read_within` writes only initialized bytes.
        unsafe { bits::overwrite(value, |bytes| self.read_within(bytes, timeout, access)) }
    }
}
