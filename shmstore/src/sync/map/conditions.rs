//! What waits for keys and their values sleep for.

use std::time::Duration;

use super::core::{Core, CoreOf, Place};
use super::entry::Entry;
use super::get_within;
use super::memory::Words;
use super::protocol::is_still;
use super::table::EntryRef;
use crate::error::{Awaited, WaitError};
use crate::layout::view::load_read_only;
use crate::layout::{ShmKey, ShmValue};
use crate::sync::atomics::Ordering::{Acquire, Relaxed};
use crate::sync::backoff::{Left, Limit};
use crate::sync::seqlock;
use crate::sync::shape::Shape;
use crate::sync::side::Side;
use crate::sync::waiting::{Aim, Condition, Waitable};
use crate::sys::shm::Access;

/// The condition that an entry has a version newer than `seen`, or is removed.
#[derive(Clone, Copy)]
pub(crate) struct AwaitedEntry<'a> {
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
pub(crate) struct AwaitedKeys<'a> {
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

/// The time after which a search is disturbed.
const LONGEST_SEARCH: Duration = Duration::from_micros(200);

/// A version of the value of a key.
///
/// A waiter for a key that is not in the map waits for a change of the keys, otherwise for a change of the entry.
pub(super) struct NewOfKey<'a, K, V> {
    pub(super) core: Core<'a, K, V>,
    pub(super) key: K,
    pub(super) seen: u64,
}

fn find_to_wait<'a, K: Shape, V: Shape>(core: &CoreOf<'a, K, V>, key: &K::Value) -> Option<Place<'a>> {
    // Within a short time, because a process that breaks the protocol may disturb it, and without the structure lock,
    // whose release would ring the bell on which this waiter is about to sleep. All other disturbances change the keys,
    // and so end a sleep that began without the entry.
    core.without_lock().find(key, &mut Left::of(Limit::Within(LONGEST_SEARCH))).ok().flatten()
}

/// The condition to sleep for until a key has a version newer than `seen`.
pub(super) fn key_condition<'a, K: Shape, V: Shape>(
    core: CoreOf<'a, K, V>,
    key: &K::Value,
    seen: u64,
) -> Condition<'a> {
    // Before the search, so that an insertion after it is a change.
    let changes = core.changes();
    match find_to_wait(&core, key) {
        Some(Place { entry, state }) => Condition::Entry(AwaitedEntry { entry, state, seen }),
        None => keys_condition(core, changes),
    }
}

/// Returns `true` if a key has a version newer than `seen`.
pub(super) fn key_is_newer<K: Shape, V: Shape>(core: CoreOf<'_, K, V>, key: &K::Value, seen: u64) -> bool {
    find_to_wait(&core, key).is_some_and(|place| {
        let version = core.value(place.entry).version();
        is_still(&core.table, place.entry, place.state) && version > seen
    })
}

/// Describes a version of a key newer than `seen`.
pub(super) fn describe_key<K: Shape, V: Shape>(core: &CoreOf<'_, K, V>, key: &K::Value, seen: u64) -> Awaited {
    let entry = core.entry_name(key);
    match find_to_wait(core, key) {
        Some(place) => Awaited::Version { part: entry, seen, newest: core.value(place.entry).version() },
        None => Awaited::Key { entry, seen },
    }
}

/// The condition that keys were inserted or removed since there were `seen` changes.
pub(super) fn keys_condition<'a, K, V>(core: CoreOf<'a, K, V>, seen: u64) -> Condition<'a> {
    Condition::Keys(AwaitedKeys { words: core.words, seen })
}

impl<K: ShmKey, V: ShmValue> Waitable for NewOfKey<'_, K, V> {
    fn condition(&self) -> Condition<'_> {
        key_condition(self.core, &self.key, self.seen)
    }

    fn is_there(&self) -> bool {
        key_is_newer(self.core, &self.key, self.seen)
    }

    fn access(&self) -> Access {
        self.core.access()
    }

    fn settle(&self) {
        self.core.recover_if_left();
    }

    fn describe(&self) -> Awaited {
        describe_key(&self.core, &self.key, self.seen)
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
        keys_condition(self.core, self.seen)
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
