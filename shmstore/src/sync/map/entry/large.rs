//! Loads of an entry that put no value on the stack.
//!
//! # Safety
//!
//! As `core.rs`.
#![allow(unsafe_code)]

use std::mem::MaybeUninit;
use std::time::Duration;

use super::Entry;
use crate::error::{EntryError, InvalidValue, WaitError};
use crate::layout::{ShmKey, ShmValue};
use crate::sync::waiting::wait_until_there;
use crate::value::bits;

/// Loads of values that are too large for the stack.
///
/// ```
/// use shmstore::{Map, ShmObject, ShmValue};
/// use std::time::Duration;
///
/// let images = Map::<u64, [u64; 1 << 16], 4>::zeroed_box(); // 512 KiB each
/// let mut image = <[u64; 1 << 16]>::zeroed_box();
/// image[7] = 1;
/// images.insert_from(&17, &image)?;
///
/// let entry = images.entry(&17).expect("just inserted");
/// assert_eq!(entry.load_boxed()?[7], 1);
/// entry.update(|image| image[7] = 2)?;
/// assert_eq!((entry.wait_newer_into(1, &mut image, Duration::from_secs(10))?, image[7]), (2, 2));
/// # Ok::<(), shmstore::Error>(())
/// ```
impl<K: ShmKey, V: ShmValue> Entry<'_, K, V> {
    /// Returns the newest value in the heap. For values too large for [`load`](Self::load).
    ///
    /// # Errors
    ///
    /// As [`load`](Self::load).
    pub fn load_boxed(&self) -> Result<Box<V>, EntryError> {
        let mut value = V::zeroed_box();
        self.load_into(&mut value)?;
        Ok(value)
    }

    /// Copies the newest value to `value`, and returns its version. Allocates nothing.
    ///
    /// # Errors
    ///
    /// As [`load`](Self::load). After an error `value` is all zero.
    pub fn load_into(&self, value: &mut V) -> Result<u64, EntryError> {
        self.overwrite(value, |bytes| Ok(self.read(|value| value.read(bytes, self.core.access()))?))
    }

    /// Copies the newest value to `value`, and returns its version, or an error after `timeout`: see
    /// [`load_timeout`](Self::load_timeout).
    ///
    /// # Errors
    ///
    /// As [`load_timeout`](Self::load_timeout). After an error `value` is all zero.
    pub fn load_into_timeout(&self, value: &mut V, timeout: Duration) -> Result<u64, WaitError> {
        self.overwrite(value, |bytes| self.read_within(bytes, timeout, timeout))
    }

    /// Waits until there is a version newer than `version`, copies the newest to `value`, and returns its number: see
    /// [`wait_newer`](Self::wait_newer). Puts no value on the stack.
    ///
    /// # Errors
    ///
    /// As [`wait_newer`](Self::wait_newer). After an error `value` is all zero or unchanged.
    pub fn wait_newer_into(&self, version: u64, value: &mut V, timeout: Duration) -> Result<u64, WaitError> {
        let new = self.new_version(version);
        let left = wait_until_there(&new, timeout).map_err(|ended| ended.error(&new, timeout))?;
        self.overwrite(value, |bytes| self.read_within(bytes, left, timeout))
    }

    /// Overwrites a value by `fill`, which writes only initialized bytes. After an error the value is all zero.
    fn overwrite<E: From<InvalidValue>>(
        &self,
        value: &mut V,
        fill: impl FnOnce(&mut MaybeUninit<V>) -> Result<u64, E>,
    ) -> Result<u64, E> {
        // SAFETY: `fill` writes only initialized bytes, as `read` and `read_within` do.
        let filled = unsafe { bits::overwrite(value, |bytes| fill(bytes).map_err(Fill::Failed)) };
        filled.map_err(|error| match error {
            Fill::Failed(error) => error,
            Fill::Invalid(invalid) => self.invalid(invalid).into(),
        })
    }
}

/// Why a value was not overwritten.
enum Fill<E> {
    Failed(E),
    Invalid(InvalidValue),
}

impl<E> From<InvalidValue> for Fill<E> {
    fn from(invalid: InvalidValue) -> Self {
        Self::Invalid(invalid)
    }
}
