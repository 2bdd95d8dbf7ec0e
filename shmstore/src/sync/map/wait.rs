//! Waits for a value of a key, of an entry, and for insertions and removals.

use std::cell::Cell;
use std::sync::atomic::AtomicU32;
use std::time::{Duration, Instant};

use super::core::{Core, Place};
use super::entry::Entry;
use super::protocol::is_still;
use super::{Map, get_within};
use crate::error::{Awaited, WaitError};
use crate::layout::{ShmKey, ShmValue};
use crate::sync::backoff::{Left, Limit};
use crate::sync::side::Side;
use crate::sync::waiting::{TO_COPY, Waitable, wait};
use crate::sys::shm::Access;

/// The most announcements before a sleep. Another one is needed if the key is inserted or removed meanwhile.
const ANNOUNCEMENTS: u32 = 8;

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
        wait_for_key(self.core(Access::ReadWrite), key, version, timeout)
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
        wait_for_changes(self.core(Access::ReadWrite), seen, timeout)
    }
}

/// [`Map::wait_newer`] of a map or its view.
pub(super) fn wait_for_key<K: ShmKey, V: ShmValue>(
    core: Core<'_, K, V>,
    key: &K,
    seen: u64,
    timeout: Duration,
) -> Result<(u64, V), WaitError> {
    let started = Instant::now();
    let newer = NewerOfKey { core, key: key.to_key(), seen, place: Cell::new(None) };
    loop {
        let left = timeout.saturating_sub(started.elapsed());
        wait(&newer, core.access(), left).map_err(|error| after(timeout, error))?;
        // The key may be removed again before it is read.
        if let Some((version, value)) = get_within(core, key, left.max(TO_COPY))? {
            return Ok((version, value));
        }
        if left.is_zero() {
            return Err(WaitError::Timeout { awaited: newer.describe(), waited: timeout });
        }
    }
}

/// [`Map::wait_changed`] of a map or its view.
pub(super) fn wait_for_changes<K: ShmKey, V: ShmValue>(
    core: Core<'_, K, V>,
    seen: u64,
    timeout: Duration,
) -> Result<u64, WaitError> {
    wait(&Changes { core, seen }, core.access(), timeout)
}

/// The wait of [`Entry::wait_newer`]. Returns the time that is left for the copy.
pub(super) fn wait_for_entry<K: ShmKey, V: ShmValue>(
    entry: &Entry<'_, K, V>,
    seen: u64,
    timeout: Duration,
) -> Result<Duration, WaitError> {
    let started = Instant::now();
    wait(&NewerOfEntry { entry, seen }, Access::ReadWrite, timeout)?;
    Ok(timeout.saturating_sub(started.elapsed()).max(TO_COPY))
}

/// Puts the whole time of a call into its error.
fn after(timeout: Duration, error: WaitError) -> WaitError {
    match error {
        WaitError::Timeout { awaited, .. } => WaitError::Timeout { awaited, waited: timeout },
        error => error,
    }
}

/// A version of the value of a key.
///
/// A waiter for a key that is not in the map sleeps on the bell of the structure, otherwise on that of the entry. Both
/// the insertion and the removal of the key ring the bell on which it sleeps.
struct NewerOfKey<'a, K, V> {
    core: Core<'a, K, V>,
    key: K,
    seen: u64,
    /// The entry at the last announcement.
    place: Cell<Option<Place<'a>>>,
}

impl<'a, K: ShmKey, V: ShmValue> NewerOfKey<'a, K, V> {
    fn find(&self) -> Option<Place<'a>> {
        // Within a time that is short against a slice, because a process that breaks the protocol may disturb it.
        self.core.find(&self.key, &mut Left::of(Limit::Within(Duration::from_millis(1)))).ok().flatten()
    }

    fn side_of(&self, place: Option<Place<'a>>) -> &'a Side {
        place.map_or(&self.core.words.side, |place| place.entry.side())
    }
}

impl<K: ShmKey, V: ShmValue> Waitable for NewerOfKey<'_, K, V> {
    type Change = ();
    type Word = AtomicU32;

    fn look(&self) -> Option<()> {
        let place = self.find()?;
        let version = self.core.value(place.entry).version();
        (is_still(&self.core.table, place.entry, place.state) && version > self.seen).then_some(())
    }

    fn word(&self) -> &AtomicU32 {
        self.side_of(self.place.get()).bell()
    }

    fn announce(&self, access: Access) -> Result<u32, ()> {
        let mut bell = 0;
        for _ in 0..ANNOUNCEMENTS {
            let place = self.find();
            self.place.set(place);
            bell = self.side_of(place).announce(access);
            // If the key was inserted or removed before the announcement, this bell may never ring for it.
            let is_still_there = match place {
                Some(place) => place.is_live(),
                None => self.find().is_none(),
            };
            if is_still_there {
                break;
            }
        }
        Ok(bell)
    }

    fn describe(&self) -> Awaited {
        let (entry, seen) = (self.core.part.name().at_key(Core::<K, V>::text_of(&self.key)), self.seen);
        match self.find() {
            Some(place) => Awaited::Version { part: entry, seen, newest: self.core.value(place.entry).version() },
            None => Awaited::Key { entry, seen },
        }
    }
}

/// A version of the value of an entry, or its removal.
struct NewerOfEntry<'e, 'a, K: ShmKey, V: ShmValue> {
    entry: &'e Entry<'a, K, V>,
    seen: u64,
}

impl<K: ShmKey, V: ShmValue> Waitable for NewerOfEntry<'_, '_, K, V> {
    type Change = ();
    type Word = AtomicU32;

    fn look(&self) -> Option<()> {
        (self.entry.value().version() > self.seen || self.entry.is_removed()).then_some(())
    }

    fn word(&self) -> &AtomicU32 {
        self.entry.place().entry.side().bell()
    }

    fn announce(&self, access: Access) -> Result<u32, ()> {
        Ok(self.entry.place().entry.side().announce(access))
    }

    fn describe(&self) -> Awaited {
        let newest = self.entry.version().unwrap_or(0);
        Awaited::Version { part: self.entry.name(), seen: self.seen, newest }
    }
}

/// An insertion or removal of a key.
struct Changes<'a, K, V> {
    core: Core<'a, K, V>,
    seen: u64,
}

impl<K: ShmKey, V: ShmValue> Waitable for Changes<'_, K, V> {
    type Change = u64;
    type Word = AtomicU32;

    fn look(&self) -> Option<u64> {
        let changes = self.core.changes();
        (changes > self.seen).then_some(changes)
    }

    fn word(&self) -> &AtomicU32 {
        self.core.words.side.bell()
    }

    fn announce(&self, access: Access) -> Result<u32, u64> {
        Ok(self.core.words.side.announce(access))
    }

    /// A process that died may have changed the keys, and not counted this.
    fn slept(&self) {
        self.core.recover_if_left();
    }

    fn describe(&self) -> Awaited {
        Awaited::Keys { map: self.core.part.name(), seen: self.seen }
    }
}
