//! Waits for a newer version of the value of an entry.

use std::time::Duration;

use super::Entry;
#[cfg(doc)]
use crate::Map;
use crate::error::WaitError;
use crate::layout::{ShmKey, ShmValue};
use crate::sync::map::conditions::NewOfEntry;
use crate::sync::map::wait::NewerOfEntry;
use crate::sync::waiting::{Changes, in_turns, wait_for};

/// Waits. They end when the key is removed, too.
impl<'a, K: ShmKey, V: ShmValue> Entry<'a, K, V> {
    /// Waits until there is a version newer than `version`, and returns the newest version and its value. See
    /// [`Versioned::wait_newer`](crate::Versioned::wait_newer). In contrast to [`Map::wait_newer`], the wait ends when
    /// the key is removed.
    ///
    /// # Errors
    ///
    /// As [`Versioned::wait_newer`](crate::Versioned::wait_newer), and [`WaitError::EntryRemoved`] as soon as the key
    /// is removed.
    pub fn wait_newer(&self, version: u64, timeout: Duration) -> Result<(u64, V), WaitError> {
        wait_for(&self.new_version(version), timeout)
    }

    /// Waits as [`wait_newer`](Self::wait_newer) does, without a limit. Returns `None` soon after `keep_waiting`
    /// returns `false`, which is called first, and then every 5 ms.
    ///
    /// # Errors
    ///
    /// As [`wait_newer`](Self::wait_newer), and never [`WaitError::Timeout`].
    pub fn wait_newer_while(
        &self,
        version: u64,
        keep_waiting: impl Fn() -> bool,
    ) -> Result<Option<(u64, V)>, WaitError> {
        in_turns(keep_waiting, |turn| self.wait_newer(version, turn))
    }

    /// Returns a wait for a version newer than `seen`, for [`wait_any`](crate::wait_any) and `.await`. The future
    /// returns the newest version and its value. The removal of the key ends the wait, too.
    ///
    /// # Errors
    ///
    /// The future returns the errors of [`wait_newer`](Self::wait_newer), except [`WaitError::Timeout`], and
    /// [`WaitError::NoThread`].
    pub fn newer(&self, seen: u64) -> NewerOfEntry<'a, K, V> {
        NewerOfEntry::of(self.new_version(seen))
    }

    /// Returns a wait for one version after another, for tasks. The first one is newer than the present version.
    ///
    /// ```
    /// use shmstore::{Map, WaitError};
    ///
    /// # pollster::block_on(async {
    /// let quotes = Map::<u64, f64, 100>::new();
    /// quotes.insert(17, 1.5)?;
    /// let mut changes = quotes.entry(&17).expect("just inserted").changes();
    /// quotes.insert(17, 1.25)?; // most often another process
    /// assert_eq!(changes.next().await?, (2, 1.25));
    /// quotes.remove(&17)?;
    /// assert!(matches!(changes.next().await, Err(WaitError::EntryRemoved { .. })));
    /// # Ok::<(), shmstore::Error>(()) }).unwrap();
    /// ```
    pub fn changes(&self) -> Changes<NewerOfEntry<'a, K, V>> {
        self.changes_after(self.value().version())
    }

    /// Returns a wait for one version after another, for tasks. The first one is newer than `seen`.
    pub fn changes_after(&self, seen: u64) -> Changes<NewerOfEntry<'a, K, V>> {
        Changes::new(self.newer(seen))
    }

    pub(super) fn new_version(&self, seen: u64) -> NewOfEntry<'a, K, V> {
        NewOfEntry { entry: self.clone(), seen }
    }
}
