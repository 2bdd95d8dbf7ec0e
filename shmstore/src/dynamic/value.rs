//! The values of a part: between [`Value`]s and bytes.

use std::borrow::Cow;

use super::{DynamicError, check, decode, encode, key};
use crate::inspect::Value;
use crate::layout::schema::{Bits, OwnedSchema};

/// The time that a copy of a value may take. A writer that follows the protocol grants a pause in less time.
pub(super) const TO_COPY: std::time::Duration = std::time::Duration::from_secs(1);

/// The type of the values of a part.
#[derive(Debug, Clone, Copy)]
pub(super) struct Values(pub(super) &'static OwnedSchema);

impl Values {
    pub(super) fn size(self) -> usize {
        self.0.size() as usize
    }

    /// Bytes for a value, all zero.
    pub(super) fn zeroed(self) -> Vec<u8> {
        vec![0; self.size()]
    }

    pub(super) fn encode(self, value: &Value) -> Result<Vec<u8>, DynamicError> {
        Ok(encode(self.0, value)?)
    }

    pub(super) fn decode(self, bytes: &[u8]) -> Result<Value, DynamicError> {
        Ok(decode(self.0, bytes)?)
    }

    /// Checks bytes that are to be stored.
    pub(super) fn check(self, bytes: &[u8]) -> Result<&[u8], DynamicError> {
        self.check_len(bytes.len())?;
        self.checked(bytes)?;
        Ok(bytes)
    }

    /// Checks bytes that are a key, and returns the bytes that all equal keys have.
    pub(super) fn key(self, bytes: &[u8]) -> Result<Cow<'_, [u8]>, DynamicError> {
        Ok(key::clean(self.0, self.check(bytes)?))
    }

    /// Checks bytes that were read.
    pub(super) fn checked(self, bytes: &[u8]) -> Result<(), DynamicError> {
        Ok(check(self.0, bytes)?)
    }

    /// Checks the bytes of several values, one after the other.
    pub(super) fn checked_all(self, bytes: &[u8]) -> Result<(), DynamicError> {
        // Pixels have any bits, and there are millions of them.
        if self.0.bits() == Bits::Any {
            return Ok(());
        }
        bytes.chunks_exact(self.size()).try_for_each(|value| self.checked(value))
    }

    pub(super) fn check_len(self, found: usize) -> Result<(), DynamicError> {
        let expected = self.size();
        if found == expected { Ok(()) } else { Err(DynamicError::Length { expected, found }) }
    }
}
