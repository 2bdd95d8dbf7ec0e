//! Atomics of any type.

use super::DynamicError;
use super::place::{Place, path_and_object};
use super::value::Values;
use crate::inspect::{FieldPath, Value};
use crate::layout::map_key::bits;
use crate::layout::schema::{OwnedKind, OwnedSchema};
use crate::sync::raw::{RawAtomic, RawPart};

/// One of std's atomic integers, or an [`AtomicValue`](crate::AtomicValue).
/// [`Object::atomic`](super::Object::atomic) returns it.
///
/// Each operation acquires and releases, as `Ordering::AcqRel` does.
#[derive(Debug, Clone)]
pub struct Atomic {
    place: Place,
    values: Values,
}

impl Atomic {
    pub(super) fn at(place: Place) -> Result<Self, DynamicError> {
        place.of_kind("an atomic", RawPart::atomic)?;
        // The value of one of std's atomics is the integer, which has the same bytes as the atomic.
        let values = Values(match place.owned.kind() {
            OwnedKind::AtomicCell { value } => value,
            _ => place.owned,
        });
        Ok(Self { place, values })
    }

    fn raw(&self) -> RawAtomic<'_> {
        self.place.raw().atomic().expect("an atomic, as `at` has checked")
    }

    path_and_object!();

    /// Returns the layout of the value, of at most 8 bytes.
    #[must_use]
    pub fn schema(&self) -> &OwnedSchema {
        self.values.0
    }

    /// Returns the value.
    ///
    /// # Errors
    ///
    /// [`DynamicError::InvalidValue`] if the bytes are not a valid value.
    pub fn load(&self) -> Result<Value, DynamicError> {
        self.to_value(self.raw().load())
    }

    /// Copies the value to `bytes`, which has the size of the value.
    ///
    /// # Errors
    ///
    /// - [`DynamicError::InvalidValue`] as for [`load`](Self::load).
    /// - [`DynamicError::Length`] if `bytes` has another size.
    pub fn load_bytes(&self, bytes: &mut [u8]) -> Result<(), DynamicError> {
        self.values.check_len(bytes.len())?;
        bytes.copy_from_slice(&self.raw().load().to_le_bytes()[..bytes.len()]);
        self.values.checked(bytes)
    }

    /// Stores a value.
    ///
    /// # Errors
    ///
    /// [`DynamicError::Value`] if the value is not of the type.
    pub fn store(&self, value: &Value) -> Result<(), DynamicError> {
        self.raw().swap(bits(&self.values.encode(value)?));
        Ok(())
    }

    /// Stores a value of these bytes.
    ///
    /// # Errors
    ///
    /// [`DynamicError::InvalidValue`] and [`DynamicError::Length`] if the bytes are no value of the type.
    pub fn store_bytes(&self, bytes: &[u8]) -> Result<(), DynamicError> {
        self.raw().swap(bits(self.values.check(bytes)?));
        Ok(())
    }

    /// Stores a value, and returns the old one.
    ///
    /// # Errors
    ///
    /// - [`DynamicError::Value`] as for [`store`](Self::store).
    /// - [`DynamicError::InvalidValue`] if the old bytes were not a valid value. The new value is stored.
    pub fn swap(&self, value: &Value) -> Result<Value, DynamicError> {
        let old = self.raw().swap(bits(&self.values.encode(value)?));
        self.to_value(old)
    }

    /// Stores a value of these bytes, and copies the old one to `old`. Both have the size of the value.
    ///
    /// # Errors
    ///
    /// - [`DynamicError::InvalidValue`] and [`DynamicError::Length`] as for [`store_bytes`](Self::store_bytes), and if
    ///   `old` has another size. Nothing is stored.
    /// - [`DynamicError::InvalidValue`] if the old bytes were not a valid value. The new value is stored.
    pub fn swap_bytes(&self, bytes: &[u8], old: &mut [u8]) -> Result<(), DynamicError> {
        self.values.check_len(old.len())?;
        let was = self.raw().swap(bits(self.values.check(bytes)?));
        old.copy_from_slice(&was.to_le_bytes()[..old.len()]);
        self.values.checked(old)
    }

    /// Adds a number to an integer, modulo 2 to the power of its bits. Returns the old value.
    ///
    /// # Errors
    ///
    /// - [`DynamicError::NoInteger`] if the value is no integer.
    /// - [`DynamicError::TooMuch`] if the number is not from −2^63 to 2^64 − 1.
    pub fn fetch_add(&self, by: i128) -> Result<Value, DynamicError> {
        let by = addend(&self.place.path, self.values.0, by)?;
        if let OwnedKind::Atomic(_) = self.place.owned.kind() {
            return self.to_value(self.raw().fetch_add(by));
        }
        let (mut old, mask) = (self.raw().load(), u64::MAX >> (64 - 8 * self.values.size()));
        while let Err(now) = self.raw().compare_exchange(old, old.wrapping_add(by) & mask) {
            old = now;
        }
        self.to_value(old)
    }

    /// Changes the value by `change`, and returns the result of `change`, which may be called more than once.
    ///
    /// # Errors
    ///
    /// - [`DynamicError::InvalidValue`] if the bytes are not a valid value. Nothing has changed.
    /// - [`DynamicError::Value`] if the new value is not of the type. Nothing has changed.
    pub fn update<R>(&self, mut change: impl FnMut(&mut Value) -> R) -> Result<R, DynamicError> {
        self.update_bytes(|bytes| {
            let mut value = self.values.decode(bytes)?;
            let result = change(&mut value);
            bytes.copy_from_slice(&self.values.encode(&value)?);
            Ok(result)
        })
    }

    /// Changes the bytes of the value by `change`, and returns the result of `change`, which may be called more than
    /// once.
    ///
    /// # Errors
    ///
    /// - [`DynamicError::InvalidValue`] if the bytes are not a valid value before or after `change`. Nothing has
    ///   changed.
    /// - The errors of `change`. Nothing has changed.
    pub fn update_bytes<R, E: From<DynamicError>>(
        &self,
        mut change: impl FnMut(&mut [u8]) -> Result<R, E>,
    ) -> Result<R, E> {
        let mut old = self.raw().load();
        loop {
            let mut bytes = [0; 8];
            let value = &mut bytes[..self.values.size()];
            value.copy_from_slice(&old.to_le_bytes()[..self.values.size()]);
            self.values.checked(value)?;
            let result = change(value)?;
            self.values.checked(value)?;
            match self.raw().compare_exchange(old, u64::from_le_bytes(bytes)) {
                Ok(()) => return Ok(result),
                Err(now) => old = now,
            }
        }
    }

    fn to_value(&self, bits: u64) -> Result<Value, DynamicError> {
        self.values.decode(&bits.to_le_bytes()[..self.values.size()])
    }
}

/// The bits of a number that is added to an integer.
pub(super) fn addend(path: &FieldPath, schema: &OwnedSchema, by: i128) -> Result<u64, DynamicError> {
    let is_integer = matches!(schema.kind(), OwnedKind::Primitive(of) | OwnedKind::Atomic(of) if of.range().is_some());
    if !is_integer {
        return Err(DynamicError::NoInteger { path: path.to_string(), found: schema.to_string() });
    }
    match (i64::try_from(by), u64::try_from(by)) {
        (Ok(by), _) => Ok(by as u64),
        (_, Ok(by)) => Ok(by),
        _ => Err(DynamicError::TooMuch { path: path.to_string(), by: Box::new(by) }),
    }
}
