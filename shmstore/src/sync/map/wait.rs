//! Waits for a value of a key, of an entry, and for insertions and removals.

use std::time::Duration;

use super::Map;
use super::conditions::{Changed, NewOfEntry, NewOfKey};
use crate::error::WaitError;
use crate::layout::{ShmKey, ShmValue};
use crate::sync::waiting::{Pending, Repeat, awaitable, in_turns, wait_for};
use crate::sys::shm::Access;

/// Waits.
impl<K: ShmKey, V: ShmValue, const N: usize> Map<K, V, N> {
    /// Waits until the value of a key has a version newer than `version`, and returns the newest version and its value.
    ///
    /// If the key is not in the map, or is removed meanwhile, the call waits until the key is inserted. The versions of
    /// a key grow, even if it is removed and inserted again. So the first call may pass 0, and each later call the
    /// version that the last one returned.
    ///
    /// ```
    /// use shmstore::Map;
    /// use std::time::Duration;
    ///
    /// let quotes = Map::<u64, f64, 100>::new();
    /// std::thread::scope(|scope| {
    ///     scope.spawn(|| quotes.insert(17, 1.5));
    ///     let (version, price) = quotes.wait_newer(&17, 0, Duration::from_secs(10))?;
    ///     assert_eq!((version, price), (1, 1.5));
    ///     Ok::<(), shmstore::WaitError>(())
    /// })?;
    /// # Ok::<(), shmstore::WaitError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`Versioned::wait_newer`](crate::Versioned::wait_newer). A key that is not inserted in time
    /// is [`WaitError::Timeout`].
    pub fn wait_newer(&self, key: &K, version: u64, timeout: Duration) -> Result<(u64, V), WaitError> {
        wait_for(&self.new_of_key(key, version), timeout)
    }

    /// Waits as [`wait_newer`](Self::wait_newer) does, without a limit. Returns `None` soon after `keep_waiting`
    /// returns `false`, which is called first, and then every 5 ms.
    ///
    /// # Errors
    ///
    /// As [`wait_newer`](Self::wait_newer), and never [`WaitError::Timeout`].
    pub fn wait_newer_while(
        &self,
        key: &K,
        version: u64,
        keep_waiting: impl Fn() -> bool,
    ) -> Result<Option<(u64, V)>, WaitError> {
        in_turns(keep_waiting, |turn| self.wait_newer(key, version, turn))
    }

    /// Returns a wait for a version of the value of a key newer than `seen`, for [`wait_any`](crate::wait_any) and
    /// `.await`. The future returns the newest version and its value. The key need not be in the map.
    ///
    /// ```
    /// use shmstore::Map;
    ///
    /// # pollster::block_on(async {
    /// let quotes = Map::<u64, f64, 100>::new();
    /// quotes.insert(17, 1.5)?;
    /// assert_eq!(quotes.newer(&17, 0).await?, (1, 1.5));
    /// # Ok::<(), shmstore::Error>(()) }).unwrap();
    /// ```
    ///
    /// # Errors
    ///
    /// The future returns the errors of [`wait_newer`](Self::wait_newer), except [`WaitError::Timeout`], and
    /// [`WaitError::NoThread`].
    pub fn newer(&self, key: &K, seen: u64) -> NewerOfKey<'_, K, V> {
        NewerOfKey::of(self.new_of_key(key, seen))
    }

    fn new_of_key(&self, key: &K, seen: u64) -> NewOfKey<'_, K, V> {
        NewOfKey { core: self.core(Access::ReadWrite), key: key.to_key(), seen }
    }

    /// Waits until [`changes`](Self::changes) is more than `seen`, and returns it. So it waits until a key is inserted
    /// or removed. A store to a key that is in the map does not count.
    ///
    /// For a process that follows the keys of a map:
    ///
    /// ```
    /// use shmstore::Map;
    /// use std::time::Duration;
    ///
    /// let sessions = Map::<u64, u32, 100>::new();
    /// let seen = sessions.changes(); // before the keys are read
    /// assert_eq!(sessions.keys().count(), 0);
    /// sessions.insert(17, 1)?;
    /// let seen = sessions.wait_changed(seen, Duration::from_secs(10))?;
    /// assert_eq!((seen, sessions.keys().count()), (1, 1));
    /// # Ok::<(), shmstore::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// - [`WaitError::Timeout`] once the time is over.
    /// - [`WaitError::Removed`] and [`WaitError::AnchorLost`] as
    ///   [`Versioned::wait_newer`](crate::Versioned::wait_newer).
    pub fn wait_changed(&self, seen: u64, timeout: Duration) -> Result<u64, WaitError> {
        wait_for(&self.keys_changed(seen), timeout)
    }

    /// Waits as [`wait_changed`](Self::wait_changed) does, without a limit. Returns `None` soon after `keep_waiting`
    /// returns `false`, which is called first, and then every 5 ms.
    ///
    /// ```
    /// use shmstore::Map;
    /// use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
    ///
    /// static RUNNING: AtomicBool = AtomicBool::new(true); // a signal handler stores `false`
    /// let sessions = Map::<u64, u32, 100>::new();
    /// let mut seen = sessions.changes();
    /// # sessions.insert(17, 1)?;
    /// while let Some(changes) = sessions.wait_changed_while(seen, || RUNNING.load(Relaxed))? {
    ///     seen = changes; // before the keys are read
    ///     for key in sessions.keys() {
    ///         println!("{}", key?);
    ///     }
    /// #   RUNNING.store(false, Relaxed);
    /// }
    /// # Ok::<(), shmstore::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`wait_changed`](Self::wait_changed), and never [`WaitError::Timeout`].
    pub fn wait_changed_while(&self, seen: u64, keep_waiting: impl Fn() -> bool) -> Result<Option<u64>, WaitError> {
        in_turns(keep_waiting, |turn| self.wait_changed(seen, turn))
    }

    /// Returns a wait until [`changes`](Self::changes) is more than `seen`, for [`wait_any`](crate::wait_any) and
    /// `.await`. The future returns the number of changes.
    ///
    /// ```
    /// use shmstore::Map;
    ///
    /// # pollster::block_on(async {
    /// let sessions = Map::<u64, u32, 100>::new();
    /// let seen = sessions.changes();
    /// sessions.insert(17, 1)?; // most often another process
    /// assert_eq!(sessions.changed(seen).await?, 1);
    /// # Ok::<(), shmstore::Error>(()) }).unwrap();
    /// ```
    ///
    /// # Errors
    ///
    /// The future returns the errors of [`wait_changed`](Self::wait_changed), except [`WaitError::Timeout`], and
    /// [`WaitError::NoThread`].
    pub fn changed(&self, seen: u64) -> KeysChanged<'_, K, V> {
        KeysChanged::of(self.keys_changed(seen))
    }

    fn keys_changed(&self, seen: u64) -> Changed<'_, K, V> {
        Changed { core: self.core(Access::ReadWrite), seen }
    }
}

/// A wait for a newer version of the value of a key. [`Map::newer`] returns it. `.await` returns the newest version and
/// its value.
#[must_use = "a wait does nothing unless it is awaited, or passed to `wait_any`"]
pub struct NewerOfKey<'a, K: ShmKey, V: ShmValue> {
    aim: NewOfKey<'a, K, V>,
    pending: Pending,
}

/// A wait for a newer version of an entry, or for its removal. [`Entry::newer`](super::Entry::newer) returns it. `.await` returns the newest
/// version and its value.
#[must_use = "a wait does nothing unless it is awaited, or passed to `wait_any`"]
pub struct NewerOfEntry<'a, K: ShmKey, V: ShmValue> {
    aim: NewOfEntry<'a, K, V>,
    pending: Pending,
}

/// A wait for an insertion or removal of a key. [`Map::changed`] returns it. `.await` returns how often keys were
/// inserted and removed.
#[must_use = "a wait does nothing unless it is awaited, or passed to `wait_any`"]
pub struct KeysChanged<'a, K: ShmKey, V: ShmValue> {
    aim: Changed<'a, K, V>,
    pending: Pending,
}

awaitable!(['a, K: ShmKey, V: ShmValue] NewerOfKey<'a, K, V>, NewOfKey<'a, K, V>, (u64, V));
awaitable!(['a, K: ShmKey, V: ShmValue] NewerOfEntry<'a, K, V>, NewOfEntry<'a, K, V>, (u64, V));
awaitable!(['a, K: ShmKey, V: ShmValue] KeysChanged<'a, K, V>, Changed<'a, K, V>, u64);

impl<K: ShmKey, V: ShmValue> Repeat for NewerOfEntry<'_, K, V> {
    type Value = V;

    fn see(&mut self, seen: u64) {
        self.aim.seen = seen;
    }
}
