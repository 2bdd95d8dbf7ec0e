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

    /// Skips items, so that the next item sent gets number `position`. Returns the number of the next item.
    ///
    /// The items in between count as missed, each of them. The call changes nothing if as many items were sent. It is
    /// for a copy of another machine's broadcast, in which each item has the number of the original.
    ///
    /// If the process is killed in the call, any part of the items is skipped. The next call or send goes on after
    /// them.
    ///
    /// ```
    /// use shmstore::dynamic::{Limit, Object};
    /// use shmstore::error::RecvError;
    /// use shmstore::{Broadcast, ShmObject, Store};
    ///
    /// #[derive(ShmObject)]
    /// #[repr(C)]
    /// #[shm(id = 'F')]
    /// struct Feed { ticks: Broadcast<u64, 4> }
    ///
    /// # let dir = tempfile::tempdir()?;
    /// let store = Store::open(dir.path())?;
    /// let feed = store.create::<Feed>()?;
    /// let mut subscriber = feed.ticks.subscribe();
    /// let ticks = Object::attach(&store, 'F')?.broadcast(&"ticks".parse()?)?;
    /// assert_eq!(ticks.skip_to(100, Limit::Forever)?, 100);
    /// feed.ticks.send(7);
    /// assert!(matches!(subscriber.recv(), Err(RecvError::Lagged { missed: 100 })));
    /// assert_eq!((subscriber.position(), subscriber.recv()?), (100, 7));
    /// # store.remove::<Feed>()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// - [`DynamicError::Position`] if the position is more than 2⁶² − 1 less the number of slots.
    /// - [`DynamicError::Busy`] as for [`send`](Self::send).
    pub fn skip_to(&self, position: u64, limit: Limit) -> Result<u64, DynamicError> {
        let last = self.raw().last_skip();
        if position > last {
            return Err(DynamicError::Position { position, last });
        }
        Ok(self.raw().skip_to(position, limit)?)
    }

    /// Returns the newest item and its number. `None` if no item was sent, or if [`skip_to`](Self::skip_to) has skipped
    /// as many items as there are slots.
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
