//! `MapView<K, V, N>`: a `Map<K, V, N>` in memory that this process can only read.

use std::fmt;
use std::time::Duration;

use super::conditions::{Changed, NewOfKey};
use super::core::Core;
use super::wait::{KeysChanged, NewerOfKey};
use super::{Iter, Keys, Map, debug, get, get_into, get_within};
use crate::error::{InvalidValue, WaitError};
use crate::layout::{DebugValue, ShmKey, ShmValue};
use crate::sync::waiting::{in_turns, wait_for};
use crate::sys::shm::Access;

/// Lets a read-only process read the keys and values of a [`Map`].
///
/// Waits on a handle of `attach_read_only` poll every millisecond. Waits on a handle of `attach_view` are woken at once.
///
/// ```
/// use shmstore::{Map, ShmObject, Store};
///
/// #[derive(ShmObject)]
/// #[repr(C)]
/// #[shm(id = 'S')]
/// struct Server { sessions: Map<u64, u32, 100> }
///
/// # let path = tempfile::NamedTempFile::new()?;
/// # let path = path.path();
/// let store = Store::open(path)?;
/// store.create::<Server>()?.sessions.insert(17, 1)?;
///
/// let server = store.attach_read_only::<Server>()?; // most often in another process
/// assert_eq!(server.sessions.get(&17)?, Some(1));
/// assert_eq!(server.sessions.keys().count(), 1);
/// # store.remove::<Server>()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[repr(transparent)]
pub struct MapView<K: ShmKey, V: ShmValue, const N: usize> {
    part: Map<K, V, N>,
}

impl<K: ShmKey, V: ShmValue, const N: usize> MapView<K, V, N> {
    /// Returns the value of a key: see [`Map::get`].
    ///
    /// # Errors
    ///
    /// As [`Map::get`].
    #[inline]
    pub fn get(&self, key: &K) -> Result<Option<V>, InvalidValue> {
        Ok(self.get_versioned(key)?.map(|(_, value)| value))
    }

    /// Returns the value of a key and its version: see [`Map::get_versioned`].
    ///
    /// # Errors
    ///
    /// As [`Map::get`].
    #[inline]
    pub fn get_versioned(&self, key: &K) -> Result<Option<(u64, V)>, InvalidValue> {
        get(self.core(), key)
    }

    /// Copies the value of a key to `value`: see [`Map::get_into`].
    ///
    /// # Errors
    ///
    /// As [`Map::get_into`].
    #[inline]
    pub fn get_into(&self, key: &K, value: &mut V) -> Result<Option<u64>, InvalidValue> {
        get_into(self.core(), key, value)
    }

    /// Returns the value of a key, or an error after `timeout`: see [`Map::get_timeout`].
    ///
    /// # Errors
    ///
    /// As [`Map::get_timeout`].
    pub fn get_timeout(&self, key: &K, timeout: Duration) -> Result<Option<V>, WaitError> {
        Ok(get_within(self.core(), key, timeout)?.map(|(_, value)| value))
    }

    /// Returns `true` if a key is in the map. Reads no value.
    #[must_use]
    #[inline]
    pub fn contains_key(&self, key: &K) -> bool {
        self.core().contains(&key.to_key())
    }

    /// Returns the number of keys.
    #[must_use]
    pub fn len(&self) -> usize {
        self.part.len()
    }

    /// Returns `true` if there is no key.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.part.is_empty()
    }

    /// Returns the number of keys for which there is room: `N`.
    #[must_use]
    pub const fn capacity(&self) -> usize {
        N
    }

    /// Returns the keys and values that are in the map: see [`Map::iter`].
    pub fn iter(&self) -> Iter<'_, K, V> {
        Iter::new(self.core())
    }

    /// Returns the keys that are in the map: see [`Map::keys`].
    pub fn keys(&self) -> Keys<'_, K, V> {
        Keys::new(self.core())
    }

    /// Returns how often keys were inserted and removed: see [`Map::changes`].
    #[must_use]
    pub fn changes(&self) -> u64 {
        self.part.changes()
    }

    /// Waits for a newer version of the value of a key: see [`Map::wait_newer`].
    ///
    /// # Errors
    ///
    /// As [`Map::wait_newer`].
    pub fn wait_newer(&self, key: &K, version: u64, timeout: Duration) -> Result<(u64, V), WaitError> {
        wait_for(&self.new_of_key(key, version), timeout)
    }

    /// Waits for a newer version of the value of a key, or until `keep_waiting` returns `false`: see
    /// [`Map::wait_newer_while`].
    ///
    /// # Errors
    ///
    /// As [`Map::wait_newer_while`].
    pub fn wait_newer_while(
        &self,
        key: &K,
        version: u64,
        keep_waiting: impl Fn() -> bool,
    ) -> Result<Option<(u64, V)>, WaitError> {
        in_turns(keep_waiting, |turn| self.wait_newer(key, version, turn))
    }

    /// Returns a wait for a newer version of the value of a key: see [`Map::newer`].
    pub fn newer(&self, key: &K, seen: u64) -> NewerOfKey<'_, K, V> {
        NewerOfKey::of(self.new_of_key(key, seen))
    }

    /// Waits until a key is inserted or removed: see [`Map::wait_changed`].
    ///
    /// After [`WaitError::Timeout`], read the keys, too. A process may have been killed between a change and its count,
    /// and only processes that may write complete the count.
    ///
    /// # Errors
    ///
    /// As [`Map::wait_changed`].
    pub fn wait_changed(&self, seen: u64, timeout: Duration) -> Result<u64, WaitError> {
        wait_for(&self.keys_changed(seen), timeout)
    }

    /// Waits until a key is inserted or removed, or until `keep_waiting` returns `false`: see
    /// [`Map::wait_changed_while`].
    ///
    /// # Errors
    ///
    /// As [`Map::wait_changed_while`].
    pub fn wait_changed_while(&self, seen: u64, keep_waiting: impl Fn() -> bool) -> Result<Option<u64>, WaitError> {
        in_turns(keep_waiting, |turn| self.wait_changed(seen, turn))
    }

    /// Returns a wait for an insertion or removal of a key: see [`Map::changed`].
    pub fn changed(&self, seen: u64) -> KeysChanged<'_, K, V> {
        KeysChanged::of(self.keys_changed(seen))
    }

    fn new_of_key(&self, key: &K, seen: u64) -> NewOfKey<'_, K, V> {
        NewOfKey { core: self.core(), key: key.to_key(), seen }
    }

    fn keys_changed(&self, seen: u64) -> Changed<'_, K, V> {
        Changed { core: self.core(), seen }
    }

    #[inline(always)]
    fn core(&self) -> Core<'_, K, V> {
        self.part.core(Access::ReadOnly)
    }
}

impl<K: ShmKey + DebugValue, V: DebugValue, const N: usize> fmt::Debug for MapView<K, V, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        debug("MapView", self.core(), f)
    }
}

impl<'a, K: ShmKey, V: ShmValue, const N: usize> IntoIterator for &'a MapView<K, V, N> {
    type Item = Result<(K, V), InvalidValue>;
    type IntoIter = Iter<'a, K, V>;

    fn into_iter(self) -> Iter<'a, K, V> {
        self.iter()
    }
}
