//! Broadcasts of any type.

use super::place::{Place, path_and_object};
use super::value::Values;
use super::wait::{Aim, Wait};
use super::{DynamicError, Limit};
use crate::inspect::Value;
use crate::layout::schema::{OwnedKind, OwnedSchema};
use crate::sync::raw::{RawBroadcast, RawPart, RawPlace};

/// A [`Broadcast`](crate::Broadcast) of any type. [`Object::broadcast`](super::Object::broadcast) returns it.
#[derive(Debug, Clone)]
pub struct Broadcast {
    place: Place,
    values: Values,
}

impl Broadcast {
    pub(super) fn at(place: Place) -> Result<Self, DynamicError> {
        place.of_kind("a `Broadcast`", RawPart::broadcast)?;
        let OwnedKind::Broadcast { value, .. } = place.owned.kind() else { return Err(place.is_not("a `Broadcast`")) };
        Ok(Self { values: Values(value), place })
    }

    pub(super) fn raw(&self) -> RawBroadcast<'_> {
        self.place.raw().broadcast().expect("a `Broadcast`, as `at` has checked")
    }

    path_and_object!();

    /// Returns the layout of an item.
    #[must_use]
    pub fn schema(&self) -> &OwnedSchema {
        self.values.0
    }

    /// Returns the number of items that were sent.
    #[must_use]
    pub fn sent(&self) -> u64 {
        self.raw().sent()
    }

    /// Sends an item to all subscribers, and returns its number. The first one has number 0.
    ///
    /// # Errors
    ///
    /// - [`DynamicError::Value`] if the value is not of the type.
    /// - [`DynamicError::Busy`] if another sender has the broadcast until the limit.
    pub fn send(&self, value: &Value, limit: Limit) -> Result<u64, DynamicError> {
        Ok(self.raw().send(&self.values.encode(value)?, limit)?)
    }

    /// Sends an item of these bytes, as [`send`](Self::send) does.
    ///
    /// # Errors
    ///
    /// - [`DynamicError::InvalidValue`] and [`DynamicError::Length`] if the bytes are no value of the type.
    /// - [`DynamicError::Busy`] as for [`send`](Self::send).
    pub fn send_bytes(&self, bytes: &[u8], limit: Limit) -> Result<u64, DynamicError> {
        Ok(self.raw().send(self.values.check(bytes)?, limit)?)
    }

    /// Returns the newest item and its number. `None` if no item was sent.
    ///
    /// # Errors
    ///
    /// - [`DynamicError::Recv`] if no copy was whole within 100 ms.
    /// - [`DynamicError::InvalidValue`] if the bytes of the item are not a valid value.
    pub fn newest(&self) -> Result<Option<(u64, Value)>, DynamicError> {
        let mut bytes = self.values.zeroed();
        match self.raw().newest(&mut bytes)? {
            Some(number) => Ok(Some((number, self.values.decode(&bytes)?))),
            None => Ok(None),
        }
    }

    /// Copies the newest item to `bytes`, which has the size of an item, and returns its number. `None` if no item was
    /// sent.
    ///
    /// # Errors
    ///
    /// As [`newest`](Self::newest), and [`DynamicError::Length`] if `bytes` has another size.
    pub fn newest_bytes(&self, bytes: &mut [u8]) -> Result<Option<u64>, DynamicError> {
        self.values.check_len(bytes.len())?;
        let number = self.raw().newest(bytes)?;
        if number.is_some() {
            self.values.checked(bytes)?;
        }
        Ok(number)
    }

    /// Returns a subscriber that receives the items that are sent from now on.
    #[must_use]
    pub fn subscribe(&self) -> Subscriber {
        self.subscribe_from(self.sent())
    }

    /// Returns a subscriber whose first item is the one with this number.
    #[must_use]
    pub fn subscribe_from(&self, position: u64) -> Subscriber {
        Subscriber { place: self.raw().place_of(position), broadcast: self.clone() }
    }
}

/// Receives the items of a [`Broadcast`], one after the other. [`Broadcast::subscribe`] returns it.
#[derive(Debug, Clone)]
pub struct Subscriber {
    broadcast: Broadcast,
    place: RawPlace,
}

impl Subscriber {
    /// Returns the number of the next item.
    #[must_use]
    pub fn position(&self) -> u64 {
        self.place.position()
    }

    /// Returns the layout of an item.
    #[must_use]
    pub fn schema(&self) -> &OwnedSchema {
        self.broadcast.values.0
    }

    /// Receives the next item. Waits for it.
    ///
    /// # Errors
    ///
    /// - [`DynamicError::Recv`] with the errors of
    ///   [`Subscriber::recv_timeout`](crate::broadcast::Subscriber::recv_timeout). After
    ///   [`RecvError::Lagged`](crate::error::RecvError::Lagged), the next call receives a later item.
    /// - [`DynamicError::InvalidValue`] if the bytes of the item are not a valid value. The next call goes on after it.
    pub fn recv(&mut self, limit: Limit) -> Result<Value, DynamicError> {
        let mut bytes = self.broadcast.values.zeroed();
        self.broadcast.raw().receive(&mut self.place, &mut bytes, limit)?;
        self.broadcast.values.decode(&bytes)
    }

    /// Receives the next item to `bytes`, which has the size of an item.
    ///
    /// # Errors
    ///
    /// As [`recv`](Self::recv), and [`DynamicError::Length`] if `bytes` has another size.
    pub fn recv_bytes(&mut self, bytes: &mut [u8], limit: Limit) -> Result<(), DynamicError> {
        self.broadcast.values.check_len(bytes.len())?;
        self.broadcast.raw().receive(&mut self.place, bytes, limit)?;
        self.broadcast.values.checked(bytes)
    }

    /// Returns a wait for the next item, for [`wait_any`](crate::wait_any) and `.await`.
    pub fn not_empty(&self) -> Wait {
        Wait::of(Aim::Sent { part: self.broadcast.clone(), place: self.place })
    }
}
