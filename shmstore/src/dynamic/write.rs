//! Stores by the path of a field.

use super::atomic::addend;
use super::place::{Place, within};
use super::{DynamicError, Limit, Object, encode};
use crate::inspect::{FieldPath, Value};
use crate::layout::map_key::bits;
use crate::layout::path::Step;
use crate::layout::schema::{OwnedKind, OwnedSchema};

/// A value, or a field of one, that a path leads to.
enum Target {
    Atomic(super::Atomic),
    Versioned(super::Versioned),
    /// The value of a key, which is bytes.
    Entry(super::Map, Vec<u8>),
}

/// Stores by paths.
impl Object {
    /// Stores a value at a path. Other writers are waited for.
    ///
    /// - The path of an atomic or a `Versioned` stores the whole value.
    /// - A path into a value changes this field alone. No other store comes in between.
    /// - The path of a key of a map inserts the key, if it is not in the map.
    ///
    /// ```
    /// # use shmstore::dynamic::Object;
    /// # use shmstore::inspect::Value;
    /// # use shmstore::{FixedString, Map, ShmObject, Store};
    /// # #[derive(ShmObject)] #[repr(C)] #[shm(id = 'M')] struct Market { quotes: Map<FixedString<8>, [f64; 2], 64> }
    /// # let dir = tempfile::tempdir()?; let store = Store::open(dir.path())?;
    /// # let market = store.create::<Market>()?;
    /// let object = Object::attach(&store, 'M')?;
    /// let quote = Value::List { len: 2, first: vec![Value::F64(1.08), Value::F64(1.09)] };
    /// object.store(&r#"quotes["EURUSD"]"#.parse()?, &quote)?;
    /// object.store(&r#"quotes["EURUSD"][1]"#.parse()?, &Value::F64(1.10))?;
    /// assert_eq!(market.quotes.get(&"EURUSD".try_into()?)?, Some([1.08, 1.10]));
    /// # store.remove::<Market>()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// - [`DynamicError::Field`] if there is no such field, or no such key before the field.
    /// - [`DynamicError::Value`] if the value is not of the type.
    /// - [`DynamicError::InvalidValue`] if the path leads into a value whose bytes are not valid. A store of the whole
    ///   value repairs it.
    /// - [`DynamicError::NotAPart`] if the path leads to something that is not stored as a whole.
    /// - [`DynamicError::Busy`] if this thread has the part.
    pub fn store(&self, path: &FieldPath, value: &Value) -> Result<(), DynamicError> {
        self.store_within(path, value, Limit::Forever)
    }

    /// Stores a value at a path, as [`store`](Self::store) does. Other writers are waited for until the limit.
    ///
    /// # Errors
    ///
    /// As [`store`](Self::store), and [`DynamicError::Busy`] if another writer has the part until the limit.
    pub fn store_within(&self, path: &FieldPath, value: &Value, limit: Limit) -> Result<(), DynamicError> {
        let (target, rest) = self.target(path)?;
        if !rest.is_empty() {
            return self.change(path, &target, &rest, limit, |_, schema| Ok(encode(schema, value)?));
        }
        match target {
            Target::Atomic(atomic) => atomic.store(value),
            Target::Versioned(versioned) => versioned.store(value, limit).map(drop),
            Target::Entry(map, key) => map.insert_of(&key, &map.encode(value)?, limit).map(drop),
        }
    }

    /// Stores a value at a path if the `Versioned` that it leads to, or into, has this version. Returns the new version.
    ///
    /// So a program that has shown a value to a person stores what the person made of it, unless another process has
    /// stored in between.
    ///
    /// ```
    /// # use shmstore::dynamic::{DynamicError, Limit, Object};
    /// # use shmstore::inspect::Value;
    /// # use shmstore::{ShmObject, Store, Versioned};
    /// # #[derive(ShmObject)] #[repr(C)] #[shm(id = 'D')] struct Door { angle: Versioned<[f64; 2]> }
    /// # let dir = tempfile::tempdir()?; let store = Store::open(dir.path())?;
    /// # let door = store.create::<Door>()?;
    /// let object = Object::attach(&store, 'D')?;
    /// let angle = "angle[1]".parse()?;
    /// let seen = object.changes_at(&angle)?.expect("a part that counts its changes");
    /// assert_eq!(object.store_if(&angle, &Value::F64(1.5), seen, Limit::Forever)?, seen + 1);
    /// let again = object.store_if(&angle, &Value::F64(2.5), seen, Limit::Forever);
    /// assert!(matches!(again, Err(DynamicError::OtherVersion { found: 1, .. })));
    /// assert_eq!(door.angle.load(), [0.0, 1.5]);
    /// # store.remove::<Door>()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// - [`DynamicError::OtherVersion`] if it has another version. Nothing has changed.
    /// - [`DynamicError::WrongPart`] if the path does not lead to a `Versioned`, or into one.
    /// - The errors of [`store_within`](Self::store_within).
    pub fn store_if(&self, path: &FieldPath, value: &Value, version: u64, limit: Limit) -> Result<u64, DynamicError> {
        let (place, _) = Place::find(self, path)?;
        let (Target::Versioned(part), rest) = self.target(path)? else {
            return Err(place.is_not("a `Versioned`, which has versions to compare"));
        };
        part.publish_if(version, limit, |bytes| {
            let (offset, schema) = within(part.schema(), &rest).ok_or_else(|| self.no_such(path))?;
            bytes[offset..offset + schema.size() as usize].copy_from_slice(&encode(schema, value)?);
            Ok(())
        })
    }

    /// Changes the value at a path by `change`, and returns the result of `change`. No other store comes in between.
    /// Other writers are waited for until the limit.
    ///
    /// `change` may be called more than once if the path leads to an atomic.
    ///
    /// # Errors
    ///
    /// As [`store_within`](Self::store_within). Then nothing has changed.
    pub fn update<R>(
        &self,
        path: &FieldPath,
        limit: Limit,
        mut change: impl FnMut(&mut Value) -> R,
    ) -> Result<R, DynamicError> {
        let (target, rest) = self.target(path)?;
        let mut result = None;
        self.change(path, &target, &rest, limit, |bytes, schema| {
            let mut value = super::decode(schema, bytes)?;
            result = Some(change(&mut value));
            Ok(encode(schema, &value)?)
        })?;
        Ok(result.expect("the value was changed"))
    }

    /// Adds a number to the integer at a path, modulo 2 to the power of its bits. Returns the old value. No other store
    /// comes in between.
    ///
    /// # Errors
    ///
    /// - [`DynamicError::NoInteger`] if the field is no integer.
    /// - [`DynamicError::TooMuch`] if the number is not from −2^63 to 2^64 − 1.
    /// - The errors of [`store`](Self::store).
    pub fn fetch_add(&self, path: &FieldPath, by: i128) -> Result<Value, DynamicError> {
        self.fetch_add_within(path, by, Limit::Forever)
    }

    /// Adds a number to the integer at a path, as [`fetch_add`](Self::fetch_add) does. Other writers are waited for
    /// until the limit.
    ///
    /// # Errors
    ///
    /// As [`fetch_add`](Self::fetch_add), and [`DynamicError::Busy`] if another writer has the part until the limit.
    pub fn fetch_add_within(&self, path: &FieldPath, by: i128, limit: Limit) -> Result<Value, DynamicError> {
        let (target, rest) = self.target(path)?;
        if let (Target::Atomic(atomic), []) = (&target, &rest[..]) {
            return atomic.fetch_add(by);
        }
        let mut old = Value::Nothing;
        self.change(path, &target, &rest, limit, |bytes, schema| {
            let by = addend(path, schema, by)?;
            old = super::decode(schema, bytes)?;
            Ok(bits(bytes).wrapping_add(by).to_le_bytes()[..bytes.len()].to_vec())
        })?;
        Ok(old)
    }

    /// Changes the bytes of a field, or of a whole value.
    fn change(
        &self,
        path: &FieldPath,
        target: &Target,
        rest: &[Step],
        limit: Limit,
        mut change: impl FnMut(&[u8], &OwnedSchema) -> Result<Vec<u8>, DynamicError>,
    ) -> Result<(), DynamicError> {
        let mut within_value = |values: &OwnedSchema, bytes: &mut [u8]| {
            let Some((offset, schema)) = within(values, rest) else { return Err(self.no_such(path)) };
            let field = &mut bytes[offset..offset + schema.size() as usize];
            let changed = change(field, schema)?;
            field.copy_from_slice(&changed);
            Ok(())
        };
        match target {
            Target::Atomic(atomic) => atomic.update_bytes(|bytes| within_value(atomic.schema(), bytes)),
            Target::Versioned(part) => part.update_bytes(limit, |bytes| within_value(part.schema(), bytes)),
            Target::Entry(map, key) => {
                let changed = map.update_bytes(key, limit, |bytes| within_value(map.schema(), bytes))?;
                changed.ok_or_else(|| self.no_such(path))
            }
        }
    }

    /// Finds the value at a path, or in which it ends. Returns the steps within the value, too.
    fn target(&self, path: &FieldPath) -> Result<(Target, Vec<Step>), DynamicError> {
        let (place, depth) = Place::find(self, path)?;
        let rest = &path.steps()[depth..];
        Ok(match place.owned.kind() {
            OwnedKind::Atomic(_) | OwnedKind::AtomicCell { .. } => {
                (Target::Atomic(super::Atomic::at(place)?), rest.to_vec())
            }
            OwnedKind::Versioned { .. } => (Target::Versioned(super::Versioned::at(place)?), rest.to_vec()),
            OwnedKind::Map { .. } if !rest.is_empty() => {
                let map = super::Map::at(place)?;
                let key = map.key_at(&rest[0])?;
                (Target::Entry(map, key), rest[1..].to_vec())
            }
            _ => return Err(self.no_such(path)),
        })
    }
}
