//! `Versioned` parts of any type.

use std::fmt;

use super::kept::Kept;
use super::place::{Place, path_and_object};
use super::value::{TO_COPY, Values};
use super::wait::{Aim, Wait};
use super::{DynamicError, Limit};
use crate::inspect::Value;
use crate::layout::schema::{OwnedKind, OwnedSchema};
use crate::sync::raw::{RawGuard, RawPart, RawVersioned};
use crate::sys::failpoint::{self, Step};

/// A [`Versioned`](crate::Versioned) of any type. [`Object::versioned`](super::Object::versioned) returns it.
#[derive(Debug, Clone)]
pub struct Versioned {
    place: Place,
    values: Values,
}

impl Versioned {
    pub(super) fn at(place: Place) -> Result<Self, DynamicError> {
        place.of_kind("a `Versioned`", RawPart::versioned)?;
        let OwnedKind::Versioned { value } = place.owned.kind() else { return Err(place.is_not("a `Versioned`")) };
        Ok(Self { values: Values(value), place })
    }

    pub(super) fn raw(&self) -> RawVersioned<'_> {
        self.place.raw().versioned().expect("a `Versioned`, as `at` has checked")
    }

    path_and_object!();

    /// Returns the layout of the value.
    #[must_use]
    pub fn schema(&self) -> &OwnedSchema {
        self.values.0
    }

    /// Returns the number of the newest version, which counts the stores from 0.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.raw().version()
    }

    /// Returns the number of the newest version and its value.
    ///
    /// # Errors
    ///
    /// - [`DynamicError::InvalidValue`] if the bytes are not a valid value.
    /// - [`DynamicError::Wait`] with [`WaitError::NeverWhole`](crate::WaitError::NeverWhole) if no copy was whole
    ///   within a second.
    pub fn load(&self) -> Result<(u64, Value), DynamicError> {
        let mut bytes = self.values.zeroed();
        let version = self.raw().read(&mut bytes, TO_COPY)?;
        Ok((version, self.values.decode(&bytes)?))
    }

    /// Copies the newest version to `bytes`, which has the size of the value, and returns its number. Allocates
    /// nothing.
    ///
    /// # Errors
    ///
    /// As [`load`](Self::load), and [`DynamicError::Length`] if `bytes` has another size.
    pub fn load_bytes(&self, bytes: &mut [u8]) -> Result<u64, DynamicError> {
        self.values.check_len(bytes.len())?;
        let version = self.raw().read(bytes, TO_COPY)?;
        self.values.checked(bytes)?;
        Ok(version)
    }

    /// Makes a value the newest version, and returns its number.
    ///
    /// # Errors
    ///
    /// - [`DynamicError::Value`] if the value is not of the type.
    /// - [`DynamicError::Busy`] if another writer has the part until the limit.
    pub fn store(&self, value: &Value, limit: Limit) -> Result<u64, DynamicError> {
        self.publish(&self.values.encode(value)?, limit)
    }

    /// Makes a value of these bytes the newest version, and returns its number.
    ///
    /// # Errors
    ///
    /// - [`DynamicError::InvalidValue`] and [`DynamicError::Length`] if the bytes are no value of the type.
    /// - [`DynamicError::Busy`] as for [`store`](Self::store).
    pub fn store_bytes(&self, bytes: &[u8], limit: Limit) -> Result<u64, DynamicError> {
        self.publish(self.values.check(bytes)?, limit)
    }

    fn publish(&self, bytes: &[u8], limit: Limit) -> Result<u64, DynamicError> {
        Ok(self.raw().lock(limit)?.publish(bytes))
    }

    /// Changes the bytes of the newest value and publishes them, if it has this version.
    pub(super) fn publish_if(
        &self,
        version: u64,
        limit: Limit,
        change: impl FnOnce(&mut Vec<u8>) -> Result<(), DynamicError>,
    ) -> Result<u64, DynamicError> {
        let mut bytes = self.values.zeroed();
        let guard = self.raw().lock(limit)?;
        let found = guard.read(&mut bytes);
        if found != version {
            return Err(DynamicError::OtherVersion { path: self.path().to_string(), expected: version, found });
        }
        change(&mut bytes)?;
        self.values.checked(&bytes)?;
        Ok(guard.publish(&bytes))
    }

    /// Changes the newest value by `change`, and returns the result of `change`. No other store comes in between.
    ///
    /// # Errors
    ///
    /// - [`DynamicError::InvalidValue`] if the bytes of the newest value are not a valid value. `change` did not run.
    /// - [`DynamicError::Value`] if the new value is not of the type. Nothing has changed.
    /// - [`DynamicError::Busy`] as for [`store`](Self::store).
    pub fn update<R>(&self, limit: Limit, change: impl FnOnce(&mut Value) -> R) -> Result<R, DynamicError> {
        self.update_bytes(limit, |bytes| {
            let mut value = self.values.decode(bytes)?;
            let result = change(&mut value);
            *bytes = self.values.encode(&value)?;
            Ok(result)
        })
    }

    /// Changes the bytes of the newest value, which are checked before.
    pub(super) fn update_bytes<R>(
        &self,
        limit: Limit,
        change: impl FnOnce(&mut Vec<u8>) -> Result<R, DynamicError>,
    ) -> Result<R, DynamicError> {
        let mut transaction = self.begin(limit)?;
        let result = change(&mut transaction.bytes)?;
        transaction.commit()?;
        Ok(result)
    }

    /// Begins a transaction on a private copy of the newest value. Other writers wait until it ends.
    ///
    /// # Errors
    ///
    /// - [`DynamicError::InvalidValue`] if the bytes of the newest value are not a valid value.
    ///   [`store`](Self::store) repairs it.
    /// - [`DynamicError::Busy`] as for [`store`](Self::store).
    pub fn begin(&self, limit: Limit) -> Result<Transaction, DynamicError> {
        let mut bytes = self.values.zeroed();
        let guard = self.raw().lock(limit)?;
        let version = guard.read(&mut bytes);
        failpoint::reach(Step::TransactionBegun);
        self.values.checked(&bytes)?;
        Ok(Transaction { values: self.values, version, bytes, guard: Kept::write(guard, &self.place) })
    }

    /// Waits until there is a version newer than `seen`, and returns the newest one and its value.
    ///
    /// # Errors
    ///
    /// - [`DynamicError::Wait`] with the errors of [`Versioned::wait_newer`](crate::Versioned::wait_newer).
    /// - The errors of [`load`](Self::load).
    pub fn wait_newer(&self, seen: u64, limit: Limit) -> Result<(u64, Value), DynamicError> {
        self.newer(seen).wait(limit)?;
        self.load()
    }

    /// Returns a wait for a version newer than `seen`, for [`wait_any`](crate::wait_any) and `.await`. The value is
    /// loaded afterwards.
    pub fn newer(&self, seen: u64) -> Wait {
        Wait::of(Aim::Version { part: self.clone(), seen })
    }
}

/// Collects changes to a [`Versioned`], and publishes all of them at once, or none. [`Versioned::begin`] returns it.
///
/// If it is dropped, its thread panics, or its process is killed, nothing has changed. It belongs to the thread that
/// began it. In a child of `fork` it belongs to the parent.
#[must_use = "a transaction that is dropped changes nothing: `commit` it"]
pub struct Transaction {
    values: Values,
    version: u64,
    bytes: Vec<u8>,
    guard: Kept<RawGuard<'static>>,
}

impl Transaction {
    /// Returns the version that the transaction began with.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.version
    }

    /// Returns the changed value.
    ///
    /// # Errors
    ///
    /// [`DynamicError::InvalidValue`] if [`bytes_mut`](Self::bytes_mut) made the bytes invalid.
    pub fn value(&self) -> Result<Value, DynamicError> {
        self.values.decode(&self.bytes)
    }

    /// Sets the value.
    ///
    /// # Errors
    ///
    /// [`DynamicError::Value`] if the value is not of the type.
    pub fn set(&mut self, value: &Value) -> Result<(), DynamicError> {
        self.bytes = self.values.encode(value)?;
        Ok(())
    }

    /// Returns the bytes of the changed value.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Returns the bytes of the changed value, to change them. They are checked by [`commit`](Self::commit).
    #[must_use]
    pub fn bytes_mut(&mut self) -> &mut [u8] {
        &mut self.bytes
    }

    /// Makes the changed value the newest version, and returns its number.
    ///
    /// # Errors
    ///
    /// - [`DynamicError::InvalidValue`] if the bytes are no value of the type. Nothing has changed.
    /// - [`DynamicError::OfParent`] in a process that was forked since the transaction began.
    pub fn commit(self) -> Result<u64, DynamicError> {
        let checked = self.values.checked(&self.bytes);
        match checked {
            Ok(()) if self.guard.is_ours() => Ok(self.guard.publish(&self.bytes)),
            Ok(()) => Err(DynamicError::OfParent { what: "a transaction" }),
            Err(invalid) => Err(invalid),
        }
    }
}

impl fmt::Debug for Transaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transaction").field("version", &self.version).field("value", &self.value()).finish()
    }
}
