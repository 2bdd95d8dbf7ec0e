//! Errors of maps.

use super::{Busy, InvalidValue, PartName};

/// Why a key was not inserted into a [`Map`](crate::Map).
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InsertError {
    /// There is no room. The map is unchanged.
    #[error("{map} is full: it has {capacity} keys, which is its capacity. Remove keys, or give it a greater capacity")]
    Full {
        /// Which map.
        map: PartName,
        /// The number of keys for which it has room.
        capacity: usize,
    },
    /// The key is in the map, and another process or thread writes its value, or this thread does. The map is
    /// unchanged.
    #[error(transparent)]
    Busy(#[from] Busy),
    /// The key was in the map, and the bytes of its old value are not valid. The new value is in the map.
    #[error("the old value was replaced, and its bytes were not valid: {0}")]
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
