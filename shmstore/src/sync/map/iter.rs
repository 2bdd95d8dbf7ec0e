//! Iterators over a map.
//!
//! # Safety
//!
//! As `core.rs`.
#![allow(unsafe_code)]

use std::fmt;
use std::iter::FusedIterator;
use std::mem::MaybeUninit;

use super::Map;
use super::core::{Core, invalid_at};
use crate::error::InvalidValue;
use crate::layout::{ShmKey, ShmValue};
use crate::sys::shm::Access;
use crate::value::bits;

/// Iterators.
impl<K: ShmKey, V: ShmValue, const N: usize> Map<K, V, N> {
    /// Returns the keys and values that are in the map, in no particular order.
    ///
    /// Takes no lock, so keys may be inserted and removed meanwhile:
    ///
    /// - A key that is in the map all the time comes exactly once.
    /// - A key that is inserted or removed meanwhile may be missing.
    /// - A key that is removed and inserted again may come twice.
    /// - Each value is whole, but the values are not all of one moment.
    ///
    /// An item is an error if the bytes of its key or value are not valid for their type.
    ///
    /// ```
    /// use shmstore::Map;
    ///
    /// let squares = Map::<u32, u64, 100>::new();
    /// for number in 1..=3 {
    ///     squares.insert(number, u64::from(number).pow(2))?;
    /// }
    /// for entry in &squares {
    ///     let (number, square) = entry?;
    ///     println!("{number}: {square}");
    /// }
    /// let mut all: Vec<(u32, u64)> = squares.iter().collect::<Result<_, _>>()?;
    /// all.sort();
    /// assert_eq!(all, [(1, 1), (2, 4), (3, 9)]);
    /// # Ok::<(), shmstore::Error>(())
    /// ```
    pub fn iter(&self) -> Iter<'_, K, V> {
        Iter::new(self.core(Access::ReadWrite))
    }

    /// Returns the keys that are in the map, as [`iter`](Self::iter) does. Reads no values.
    ///
    /// ```
    /// use shmstore::Map;
    ///
    /// let sessions = Map::<u64, u32, 100>::new();
    /// sessions.insert(17, 1)?;
    /// let keys: Vec<u64> = sessions.keys().collect::<Result<_, _>>()?;
    /// assert_eq!(keys, [17]);
    /// # Ok::<(), shmstore::Error>(())
    /// ```
    pub fn keys(&self) -> Keys<'_, K, V> {
        Keys::new(self.core(Access::ReadWrite))
    }
}

/// An iterator over the keys and values of a [`Map`]. [`Map::iter`] returns it.
///
/// An item is an error if the bytes of the key or of the value are not valid for their type. The iterator goes on after
/// it.
pub struct Iter<'a, K, V> {
    core: Core<'a, K, V>,
    from: u32,
}

impl<'a, K: ShmKey, V: ShmValue> Iter<'a, K, V> {
    pub(super) fn new(core: Core<'a, K, V>) -> Self {
        Self { core, from: 0 }
    }
}

impl<K: ShmKey, V: ShmValue> Iterator for Iter<'_, K, V> {
    type Item = Result<(K, V), InvalidValue>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let place = self.core.next_live(&mut self.from)?;
            let (mut key, mut value) = (MaybeUninit::uninit(), MaybeUninit::uninit());
            if self.core.copy_place(place, &mut key, Some(&mut value)).is_some() {
                // SAFETY: `copy_place` has initialized all bytes.
                let key = unsafe { bits::checked(key) };
                // SAFETY: as above.
                return Some(key.and_then(|key| match unsafe { bits::checked(value) } {
                    Ok(value) => Ok((key, value)),
                    Err(invalid) => Err(invalid_at(&key, invalid)),
                }));
            }
        }
    }
}

/// An iterator over the keys of a [`Map`]. [`Map::keys`] returns it.
///
/// An item is an error if the bytes of the key are not valid for its type. The iterator goes on after it.
pub struct Keys<'a, K, V>(Iter<'a, K, V>);

impl<'a, K: ShmKey, V: ShmValue> Keys<'a, K, V> {
    pub(super) fn new(core: Core<'a, K, V>) -> Self {
        Self(Iter::new(core))
    }
}

impl<K: ShmKey, V: ShmValue> Iterator for Keys<'_, K, V> {
    type Item = Result<K, InvalidValue>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let place = self.0.core.next_live(&mut self.0.from)?;
            let mut key = MaybeUninit::uninit();
            if self.0.core.copy_place(place, &mut key, None).is_some() {
                // SAFETY: `copy_place` has initialized all bytes.
                return Some(unsafe { bits::checked(key) });
            }
        }
    }
}

impl<K: ShmKey, V: ShmValue> FusedIterator for Iter<'_, K, V> {}
impl<K: ShmKey, V: ShmValue> FusedIterator for Keys<'_, K, V> {}

impl<K, V> fmt::Debug for Iter<'_, K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Iter").finish_non_exhaustive()
    }
}

impl<K, V> fmt::Debug for Keys<'_, K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keys").finish_non_exhaustive()
    }
}

impl<'a, K: ShmKey, V: ShmValue, const N: usize> IntoIterator for &'a Map<K, V, N> {
    type Item = Result<(K, V), InvalidValue>;
    type IntoIter = Iter<'a, K, V>;

    fn into_iter(self) -> Iter<'a, K, V> {
        self.iter()
    }
}
