//! Waits for a value of a key, of an entry, and for insertions and removals.

use std::time::Duration;

use super::core::{Core, Place};
use super::entry::Entry;
use super::memory::Words;
use super::protocol::is_still;
use super::table::EntryRef;
use super::{Map, get_within};
use crate::error::{Awaited, WaitError};
use crate::layout::view::load_read_only;
use crate::layout::{ShmKey, ShmValue};
use crate::sync::atomics::Ordering::{Acquire, Relaxed};
use crate::sync::backoff::{Left, Limit};
use crate::sync::seqlock;
use crate::sync::side::Side;
use crate::sync::waiting::{Aim, Condition, Pending, Repeat, Waitable, awaitable, in_turns, wait_for};
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
    /// returns `false`, which is called every few milliseconds.
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
        self.new_of_key(key, seen).future()
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
    /// returns `false`, which is called every few milliseconds.
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
        self.keys_changed(seen).future()
    }

    fn keys_changed(&self, seen: u64) -> Changed<'_, K, V> {
        Changed { core: self.core(Access::ReadWrite), seen }
    }
}

/// The condition that an entry has a version newer than `seen`, or is removed.
#[derive(Clone, Copy)]
pub(in crate::sync) struct AwaitedEntry<'a> {
    entry: EntryRef<'a>,
    state: u32,
    seen: u64,
}

impl<'a> AwaitedEntry<'a> {
    #[inline]
    pub(in crate::sync) fn holds(&self) -> bool {
        let version = seqlock::version(load_read_only(Acquire, || self.entry.sequence().load(Relaxed)));
        version > self.seen || !self.is_live()
    }

    /// The side whose changes make the condition hold.
    pub(in crate::sync) fn side(&self) -> &'a Side {
        self.entry.side()
    }

    fn is_live(&self) -> bool {
        load_read_only(Acquire, || self.entry.state().load(Relaxed)) == self.state
    }
}

/// The condition that keys were inserted or removed.
#[derive(Clone, Copy)]
pub(in crate::sync) struct AwaitedKeys<'a> {
    words: &'a Words,
    seen: u64,
}

impl<'a> AwaitedKeys<'a> {
    #[inline]
    pub(in crate::sync) fn holds(&self) -> bool {
        load_read_only(Acquire, || self.words.changes.load(Relaxed)) > self.seen
    }

    /// Returns `true` if a process may have died in a change of the keys, before it counted the change.
    pub(in crate::sync) fn is_unsettled(&self) -> bool {
        self.words.structure().is_changing()
    }

    /// The side whose changes make the condition hold.
    pub(in crate::sync) fn side(&self) -> &'a Side {
        &self.words.side
    }
}

/// A version of the value of a key.
///
/// A waiter for a key that is not in the map waits for a change of the keys, otherwise for a change of the entry.
pub(super) struct NewOfKey<'a, K, V> {
    pub(super) core: Core<'a, K, V>,
    pub(super) key: K,
    pub(super) seen: u64,
}

impl<'a, K: ShmKey, V: ShmValue> NewOfKey<'a, K, V> {
    fn find(&self) -> Option<Place<'a>> {
        // Within a time that is short against a slice, because a process that breaks the protocol may disturb it.
        self.core.find(&self.key, &mut Left::of(Limit::Within(Duration::from_millis(1)))).ok().flatten()
    }
}

impl<K: ShmKey, V: ShmValue> Waitable for NewOfKey<'_, K, V> {
    fn condition(&self) -> Condition<'_> {
        // Before the search, so that an insertion after it is a change.
        let changes = self.core.changes();
        match self.find() {
            Some(Place { entry, state }) => Condition::Entry(AwaitedEntry { entry, state, seen: self.seen }),
            None => Condition::Keys(AwaitedKeys { words: self.core.words, seen: changes }),
        }
    }

    fn is_there(&self) -> bool {
        self.find().is_some_and(|place| {
            let version = self.core.value(place.entry).version();
            is_still(&self.core.table, place.entry, place.state) && version > self.seen
        })
    }

    fn access(&self) -> Access {
        self.core.access()
    }

    fn settle(&self) {
        self.core.recover_if_left();
    }

    fn describe(&self) -> Awaited {
        let (entry, seen) = (self.core.part.name().at_key(Core::<K, V>::text_of(&self.key)), self.seen);
        match self.find() {
            Some(place) => Awaited::Version { part: entry, seen, newest: self.core.value(place.entry).version() },
            None => Awaited::Key { entry, seen },
        }
    }
}

impl<K: ShmKey, V: ShmValue> Aim for NewOfKey<'_, K, V> {
    type Change = (u64, V);

    fn change(&self, time: Duration) -> Result<Option<(u64, V)>, WaitError> {
        // The key may be removed again before it is read.
        get_within(self.core, &self.key, time)
    }
}

/// A version of the value of an entry, or its removal.
pub(super) struct NewOfEntry<'a, K: ShmKey, V: ShmValue> {
    pub(super) entry: Entry<'a, K, V>,
    pub(super) seen: u64,
}

impl<K: ShmKey, V: ShmValue> Waitable for NewOfEntry<'_, K, V> {
    fn condition(&self) -> Condition<'_> {
        let Place { entry, state } = self.entry.place();
        Condition::Entry(AwaitedEntry { entry, state, seen: self.seen })
    }

    fn access(&self) -> Access {
        Access::ReadWrite
    }

    fn describe(&self) -> Awaited {
        let newest = self.entry.version().unwrap_or(0);
        Awaited::Version { part: self.entry.name(), seen: self.seen, newest }
    }
}

impl<K: ShmKey, V: ShmValue> Aim for NewOfEntry<'_, K, V> {
    type Change = (u64, V);

    fn change(&self, time: Duration) -> Result<Option<(u64, V)>, WaitError> {
        self.entry.load_within(time, time).map(Some)
    }
}

/// An insertion or removal of a key.
pub(super) struct Changed<'a, K, V> {
    pub(super) core: Core<'a, K, V>,
    pub(super) seen: u64,
}

impl<K: ShmKey, V: ShmValue> Waitable for Changed<'_, K, V> {
    fn condition(&self) -> Condition<'_> {
        Condition::Keys(AwaitedKeys { words: self.core.words, seen: self.seen })
    }

    fn access(&self) -> Access {
        self.core.access()
    }

    /// A process that died may have changed the keys, and not counted this.
    fn settle(&self) {
        self.core.recover_if_left();
    }

    fn describe(&self) -> Awaited {
        Awaited::Keys { map: self.core.part.name(), seen: self.seen }
    }
}

impl<K: ShmKey, V: ShmValue> Aim for Changed<'_, K, V> {
    type Change = u64;

    fn change(&self, _: Duration) -> Result<Option<u64>, WaitError> {
        Ok(Some(self.core.changes()))
    }
}

/// A wait for a newer version of the value of a key. [`Map::newer`] returns it. `.await` returns the newest version and
/// its value.
#[must_use = "a wait does nothing unless it is awaited, or passed to `wait_any`"]
pub struct NewerOfKey<'a, K: ShmKey, V: ShmValue> {
    aim: NewOfKey<'a, K, V>,
    pending: Pending,
}

/// A wait for a newer version of an entry, or for its removal. [`Entry::newer`] returns it. `.await` returns the newest
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

awaitable!(['a, K: ShmKey, V: ShmValue] NewerOfKey<'a, K, V>, (u64, V));
awaitable!(['a, K: ShmKey, V: ShmValue] NewerOfEntry<'a, K, V>, (u64, V));
awaitable!(['a, K: ShmKey, V: ShmValue] KeysChanged<'a, K, V>, u64);

impl<'a, K: ShmKey, V: ShmValue> NewOfKey<'a, K, V> {
    pub(super) fn future(self) -> NewerOfKey<'a, K, V> {
        NewerOfKey { aim: self, pending: Pending::default() }
    }
}

impl<'a, K: ShmKey, V: ShmValue> NewOfEntry<'a, K, V> {
    pub(super) fn future(self) -> NewerOfEntry<'a, K, V> {
        NewerOfEntry { aim: self, pending: Pending::default() }
    }
}

impl<'a, K: ShmKey, V: ShmValue> Changed<'a, K, V> {
    pub(super) fn future(self) -> KeysChanged<'a, K, V> {
        KeysChanged { aim: self, pending: Pending::default() }
    }
}

impl<K: ShmKey, V: ShmValue> Repeat for NewerOfEntry<'_, K, V> {
    type Value = V;

    fn see(&mut self, seen: u64) {
        self.aim.seen = seen;
    }
}

impl<K: ShmKey, V: ShmValue> Repeat for NewerOfKey<'_, K, V> {
    type Value = V;

    fn see(&mut self, seen: u64) {
        self.aim.seen = seen;
    }
}
