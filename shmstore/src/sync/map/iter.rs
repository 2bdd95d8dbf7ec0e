//! Iterators over a map.
//!
//! # Safety
//!
//! As `core.rs`.
#![allow(unsafe_code)]

use std::fmt;
use std::iter::FusedIterator;
use std::mem::MaybeUninit;

use super::core::Core;
use crate::error::InvalidValue;
use crate::layout::{ShmKey, ShmValue};
use crate::value::bits;

/// The keys and values of a [`Map`](crate::Map). [`Map::iter`](crate::Map::iter) returns it.
///
/// An item is an error if the bytes of the key or of the value are not valid for their type.
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
            let mut value = MaybeUninit::uninit();
            if let Some(key) = self.core.copy_place(place, Some(&mut value)) {
                // SAFETY: `copy_place` has initialized all bytes.
                return Some(key.and_then(|key| Ok((key, unsafe { bits::checked(value) }?))));
            }
        }
    }
}

/// The keys of a [`Map`](crate::Map). [`Map::keys`](crate::Map::keys) returns it.
///
/// An item is an error if the bytes of the key are not valid for its type.
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
            if let Some(key) = self.0.core.copy_place(place, None) {
                return Some(key);
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

impl<'a, K: ShmKey, V: ShmValue, const N: usize> IntoIterator for &'a super::Map<K, V, N> {
    type Item = Result<(K, V), InvalidValue>;
    type IntoIter = Iter<'a, K, V>;

    fn into_iter(self) -> Iter<'a, K, V> {
        self.iter()
    }
}
