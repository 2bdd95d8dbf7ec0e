//! Errors of maps.

use super::{Busy, InvalidValue, PartName};

/// Why a key was not inserted into a [`Map`](crate::Map).
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InsertError {
    /// There is no room for a new key. The map is unchanged.
    #[error("{map} is full: it has {capacity} keys, which is its capacity. Remove keys, or give it a greater capacity")]
    Full {
        /// Which map.
        map: PartName,
        /// The number of keys for which it has room.
        capacity: usize,
    },
    /// Another process or thread writes the value of the key, or this thread does, or another one inserts or removes a
    /// key. The map is unchanged.
    #[error(transparent)]
    Busy(#[from] Busy),
    /// The key is in the map, and the bytes of its value were not valid. `insert` has replaced them by the new value.
    /// `get_or_insert_with` has changed nothing.
    #[error("the key is in the map, and its value was not valid: {0}")]
    InvalidValue(#[from] InvalidValue),
}

/// Why an [`Entry`](crate::map::Entry) of a map was not read or written.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EntryError {
    /// The key is no longer in the map.
    #[error(transparent)]
    Removed(#[from] Removed),
    /// Another process or thread writes the value, or this thread does.
    #[error(transparent)]
    Busy(#[from] Busy),
    /// The bytes of the value are not valid. A store repairs it.
    #[error(transparent)]
    InvalidValue(#[from] InvalidValue),
}

/// The key of an [`Entry`](crate::map::Entry) is no longer in the map. Nothing was read or written.
#[derive(Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{entry} was removed: look the key up again with `Map::entry`, or insert it")]
pub struct Removed {
    entry: PartName,
}

impl Removed {
    pub(crate) fn new(entry: PartName) -> Self {
        Self { entry }
    }
}
