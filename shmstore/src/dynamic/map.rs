//! Maps of any type.

use super::place::{Place, path_and_object};
use super::value::{TO_COPY, Values};
use super::wait::{Aim, Wait};
use super::{DynamicError, Limit, key_from_json};
use crate::error::Busy;
use crate::inspect::{FieldError, Value};
use crate::layout::path::Step;
use crate::layout::schema::{OwnedKind, OwnedSchema};
use crate::sync::raw::{RawMap, RawPart};

/// A [`Map`](crate::Map) of any type. [`Object::map`](super::Object::map) returns it.
///
/// In the bytes of a key, padding and what follows a text do not count, as in a typed program.
#[derive(Debug, Clone)]
pub struct Map {
    place: Place,
    keys: Values,
    values: Values,
}

/// A key of a map, the version of its value, and the value.
pub type Entry = (Value, u64, Value);

impl Map {
    pub(super) fn at(place: Place) -> Result<Self, DynamicError> {
        place.of_kind("a `Map`", RawPart::map)?;
        let OwnedKind::Map { key, value, .. } = place.owned.kind() else { return Err(place.is_not("a `Map`")) };
        Ok(Self { keys: Values(key), values: Values(value), place })
    }

    pub(super) fn raw(&self) -> RawMap<'_> {
        self.place.raw().map().expect("a `Map`, as `at` has checked")
    }

    path_and_object!();

    /// Returns the layout of a value.
    #[must_use]
    pub fn schema(&self) -> &OwnedSchema {
        self.values.0
    }

    /// Returns the layout of a key.
    #[must_use]
    pub fn key_schema(&self) -> &OwnedSchema {
        self.keys.0
    }

    /// Returns the number of keys.
    #[must_use]
    pub fn len(&self) -> usize {
        self.raw().len()
    }

    /// Returns `true` if there is no key.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the number of keys for which there is room.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.raw().capacity()
    }

    /// Returns how often keys were inserted and removed. For [`changed`](Self::changed).
    #[must_use]
    pub fn changes(&self) -> u64 {
        self.raw().changes()
    }

    /// Returns `true` if a key is in the map.
    ///
    /// # Errors
    ///
    /// [`DynamicError::Value`] if the key is not of the type.
    pub fn contains(&self, key: &Value) -> Result<bool, DynamicError> {
        Ok(self.raw().contains(&self.keys.encode(key)?))
    }

    /// Returns `true` if a key of these bytes is in the map.
    ///
    /// # Errors
    ///
    /// [`DynamicError::InvalidValue`] and [`DynamicError::Length`] if the bytes are no key of the type.
    pub fn contains_bytes(&self, key: &[u8]) -> Result<bool, DynamicError> {
        Ok(self.raw().contains(&self.keys.key(key)?))
    }

    /// Returns the version of a key and its value. `None` if the key is not in the map.
    ///
    /// # Errors
    ///
    /// - [`DynamicError::Value`] if the key is not of the type.
    /// - [`DynamicError::InvalidValue`] if the bytes are not a valid value.
    /// - [`DynamicError::Wait`] with [`WaitError::NeverWhole`](crate::WaitError::NeverWhole) if no copy was whole
    ///   within a second.
    pub fn get(&self, key: &Value) -> Result<Option<(u64, Value)>, DynamicError> {
        self.get_of(&self.keys.encode(key)?)
    }

    fn get_of(&self, key: &[u8]) -> Result<Option<(u64, Value)>, DynamicError> {
        let mut bytes = self.values.zeroed();
        match self.raw().read(key, &mut bytes, TO_COPY)? {
            Some(version) => Ok(Some((version, self.values.decode(&bytes)?))),
            None => Ok(None),
        }
    }

    /// Copies the value of a key to `value`, and returns its version. `None` if the key is not in the map. Both slices
    /// have the sizes of the types.
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get), and [`DynamicError::Length`] if one of them has another size.
    pub fn get_bytes(&self, key: &[u8], value: &mut [u8]) -> Result<Option<u64>, DynamicError> {
        self.values.check_len(value.len())?;
        let version = self.raw().read(&self.keys.key(key)?, value, TO_COPY)?;
        if version.is_some() {
            self.values.checked(value)?;
        }
        Ok(version)
    }

    /// Inserts a key with a value, or stores the value if the key is in the map. Returns `true` if the key is new.
    ///
    /// # Errors
    ///
    /// - [`DynamicError::Value`] if the key or the value is not of the type.
    /// - [`DynamicError::Insert`] with the errors of [`Map::insert_timeout`](crate::Map::insert_timeout).
    pub fn insert(&self, key: &Value, value: &Value, limit: Limit) -> Result<bool, DynamicError> {
        self.insert_of(&self.keys.encode(key)?, &self.values.encode(value)?, limit)
    }

    /// Inserts a key of these bytes with a value of these bytes, as [`insert`](Self::insert) does.
    ///
    /// # Errors
    ///
    /// - [`DynamicError::InvalidValue`] and [`DynamicError::Length`] if the bytes are no key or no value of the type.
    /// - [`DynamicError::Insert`] as for [`insert`](Self::insert).
    pub fn insert_bytes(&self, key: &[u8], value: &[u8], limit: Limit) -> Result<bool, DynamicError> {
        self.insert_of(&self.keys.key(key)?, self.values.check(value)?, limit)
    }

    /// The bytes of the key to which a step of a path leads.
    pub(super) fn key_at(&self, step: &Step) -> Result<Vec<u8>, DynamicError> {
        let key = step.as_json();
        key_from_json(self.keys.0, &key).map_err(|expected| {
            FieldError::WrongKey { path: self.place.path.to_string(), key: key.to_string(), expected }.into()
        })
    }

    /// The bytes of a value.
    pub(super) fn encode(&self, value: &Value) -> Result<Vec<u8>, DynamicError> {
        self.values.encode(value)
    }

    pub(super) fn insert_of(&self, key: &[u8], value: &[u8], limit: Limit) -> Result<bool, DynamicError> {
        Ok(self.raw().insert(key, value, limit)?)
    }

    /// Changes the value of a key by `change`, and returns the result of `change`. `None` if the key is not in the map.
    /// No other store comes in between.
    ///
    /// # Errors
    ///
    /// - [`DynamicError::Value`] if the key or the new value is not of the type. Nothing has changed.
    /// - [`DynamicError::InvalidValue`] if the bytes of the old value are not valid. `change` did not run.
    /// - [`DynamicError::Busy`] if another writer has the value until the limit.
    /// - [`DynamicError::OfParent`] in a process that was forked in `change`. It has stored nothing.
    pub fn update<R>(
        &self,
        key: &Value,
        limit: Limit,
        change: impl FnOnce(&mut Value) -> R,
    ) -> Result<Option<R>, DynamicError> {
        self.update_bytes(&self.keys.encode(key)?, limit, |bytes| {
            let mut value = self.values.decode(bytes)?;
            let result = change(&mut value);
            bytes.copy_from_slice(&self.values.encode(&value)?);
            Ok(result)
        })
    }

    /// Changes the bytes of the value of a key by `change`, as [`update`](Self::update) does.
    ///
    /// # Errors
    ///
    /// - [`DynamicError::InvalidValue`] and [`DynamicError::Length`] if the bytes are no key of the type.
    /// - [`DynamicError::InvalidValue`] if the bytes of the value are not valid before or after `change`. Nothing has
    ///   changed.
    /// - [`DynamicError::Busy`] and [`DynamicError::OfParent`] as for [`update`](Self::update).
    /// - The errors of `change`. Nothing has changed.
    pub fn update_bytes<R, E: From<DynamicError>>(
        &self,
        key: &[u8],
        limit: Limit,
        change: impl FnOnce(&mut [u8]) -> Result<R, E>,
    ) -> Result<Option<R>, E> {
        let (key, mut value) = (self.keys.key(key)?, self.values.zeroed());
        let of_parent = || Or(DynamicError::OfParent { what: "an update" }.into());
        let change = |bytes: &mut [u8]| {
            self.values.checked(bytes).map_err(|error| Or(error.into()))?;
            let result = change(bytes).map_err(Or)?;
            self.values.checked(bytes).map_err(|error| Or(error.into()))?;
            Ok(result)
        };
        let updated = self.raw().update(&key, &mut value, limit, change, of_parent);
        updated.map_err(|Or(error)| error)
    }

    /// Removes a key, and returns its value. `None` if the key is not in the map.
    ///
    /// # Errors
    ///
    /// - [`DynamicError::Value`] if the key is not of the type.
    /// - [`DynamicError::InvalidValue`] if the bytes of the value are not valid. The key is removed.
    /// - [`DynamicError::Busy`] if another process writes the value, or the keys, until the limit.
    pub fn remove(&self, key: &Value, limit: Limit) -> Result<Option<Value>, DynamicError> {
        let mut old = self.values.zeroed();
        if !self.raw().remove(&self.keys.encode(key)?, &mut old, limit)? {
            return Ok(None);
        }
        self.values.decode(&old).map(Some)
    }

    /// Removes a key of these bytes, and copies its value to `old`. Returns `false` if the key is not in the map. Both
    /// slices have the sizes of the types.
    ///
    /// # Errors
    ///
    /// As [`remove`](Self::remove), and [`DynamicError::Length`] if one of them has another size. Then no key is
    /// removed.
    pub fn remove_bytes(&self, key: &[u8], old: &mut [u8], limit: Limit) -> Result<bool, DynamicError> {
        self.values.check_len(old.len())?;
        let was_there = self.raw().remove(&self.keys.key(key)?, old, limit)?;
        if was_there {
            self.values.checked(old)?;
        }
        Ok(was_there)
    }

    /// Returns the keys, in no order. Keys that are inserted or removed meanwhile may be among them or not.
    ///
    /// # Errors
    ///
    /// [`DynamicError::InvalidValue`] if the bytes of a key are not valid.
    pub fn keys(&self) -> Result<Vec<Value>, DynamicError> {
        self.collect(|key, _, _| self.keys.decode(key))
    }

    /// Returns the keys with the versions and values, as [`keys`](Self::keys) does.
    ///
    /// # Errors
    ///
    /// [`DynamicError::InvalidValue`] if the bytes of a key or a value are not valid.
    pub fn entries(&self) -> Result<Vec<Entry>, DynamicError> {
        self.collect(|key, version, value| Ok((self.keys.decode(key)?, version, self.values.decode(value)?)))
    }

    fn collect<T>(&self, each: impl Fn(&[u8], u64, &[u8]) -> Result<T, DynamicError>) -> Result<Vec<T>, DynamicError> {
        let mut all = Vec::new();
        self.for_each_bytes(|key, version, value| all.push(each(key, version, value)));
        all.into_iter().collect()
    }

    /// Calls `each` with the bytes of each key, the version of its value, and the bytes of the value, as
    /// [`entries`](Self::entries) has them. They are not checked.
    pub fn for_each_bytes(&self, each: impl FnMut(&[u8], u64, &[u8])) {
        let (mut key, mut value) = (self.keys.zeroed(), self.values.zeroed());
        self.raw().for_each(&mut key, &mut value, each);
    }

    /// Waits until a key has a version newer than `seen`, and returns the newest one and its value. A key that is not
    /// in the map is waited for.
    ///
    /// # Errors
    ///
    /// - [`DynamicError::Wait`] with the errors of [`Map::wait_newer`](crate::Map::wait_newer).
    /// - The errors of [`get`](Self::get).
    pub fn wait_newer(&self, key: &Value, seen: u64, limit: Limit) -> Result<(u64, Value), DynamicError> {
        let key = self.keys.encode(key)?;
        let wait = Wait::of(Aim::Key { part: self.clone(), key: key.clone(), seen });
        wait.wait_for(limit, || self.get_of(&key))
    }

    /// Returns a wait for a version of a key newer than `seen`, for [`wait_any`](crate::wait_any) and `.await`. The
    /// value is read afterwards.
    ///
    /// # Errors
    ///
    /// [`DynamicError::Value`] if the key is not of the type.
    pub fn newer(&self, key: &Value, seen: u64) -> Result<Wait, DynamicError> {
        Ok(Wait::of(Aim::Key { part: self.clone(), key: self.keys.encode(key)?, seen }))
    }

    /// Returns a wait as [`newer`](Self::newer) does, for a key of these bytes.
    ///
    /// # Errors
    ///
    /// [`DynamicError::InvalidValue`] and [`DynamicError::Length`] if the bytes are no key of the type.
    pub fn newer_bytes(&self, key: &[u8], seen: u64) -> Result<Wait, DynamicError> {
        Ok(Wait::of(Aim::Key { part: self.clone(), key: self.keys.key(key)?.into_owned(), seen }))
    }

    /// Returns a wait until [`changes`](Self::changes) is more than `seen`, for [`wait_any`](crate::wait_any) and
    /// `.await`.
    pub fn changed(&self, seen: u64) -> Wait {
        Wait::of(Aim::Keys { part: self.clone(), seen })
    }
}

/// The error of an update: of the closure, or of the map.
struct Or<E>(E);

impl<E: From<DynamicError>> From<Busy> for Or<E> {
    fn from(busy: Busy) -> Self {
        Self(DynamicError::from(busy).into())
    }
}
