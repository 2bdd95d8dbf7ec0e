//! A map of three entries, and what a process does with it under the locks that it needs.

use std::cell::Cell;

use super::atomics::Ordering::{Acquire, Relaxed};
use super::atomics::{AtomicU32, AtomicU64, Turn};
use super::protocol::{self, Entries, Found, Reached, Structure, is_still};
use super::seqlock;
use super::state::{Head, LIVE, bucket, kind, with_kind};
use crate::harness::{die, is_killed};

pub(super) const CAPACITY: u32 = 3;
/// A state of an entry's first key.
const FIRST: u32 = 1 << 2;

/// A key of two halves, which are copied one after the other. Those of a key that is inserted are equal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Key(pub(super) u32, pub(super) u32);

/// A key of the first bucket.
pub(super) const K: Key = Key(1, 1);
/// Others. The filter has the same bit for them.
pub(super) const A: Key = Key(33, 33);
pub(super) const B: Key = Key(65, 65);
pub(super) const C: Key = Key(3, 3);
/// A key of the second bucket.
pub(super) const D: Key = Key(104, 104);

impl Key {
    /// The keys of a hundred have a bucket of their own.
    pub(super) fn hash(self) -> u32 {
        self.0 / 100 * 0x4000_0000 + self.0
    }

    /// The first value of the key. The next nine are its later ones.
    pub(super) fn value(self) -> u32 {
        10 * self.0
    }
}

/// The moment at which a process is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Death {
    Never,
    /// It has the structure lock, and has done nothing with it.
    Locked,
    /// Half of a key is copied.
    Filling,
    At(Reached),
    /// It has done everything, and still has the structure lock.
    Unlocking,
}

impl Death {
    /// The process has come so far.
    pub(super) fn comes(self, now: Self) {
        if self == now {
            die();
        }
    }
}

/// The outcome of an attempt to read a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Got {
    /// A version, and its value.
    Value(u64, u32),
    Absent,
    Disturbed,
}

pub(super) struct Entry {
    pub(super) state: AtomicU32,
    pub(super) next: AtomicU32,
    pub(super) hash: AtomicU32,
    pub(super) sequence: AtomicU64,
    pub(super) key: [AtomicU32; 2],
    pub(super) slots: [[AtomicU32; 2]; 2],
}

pub(super) struct Part {
    pub(super) intent: AtomicU64,
    pub(super) len: AtomicU32,
    pub(super) high_water: AtomicU32,
    pub(super) free: AtomicU32,
    pub(super) changes: AtomicU64,
    pub(super) floor: AtomicU64,
    pub(super) heads: [AtomicU64; 2 * CAPACITY as usize],
    pub(super) entries: [Entry; CAPACITY as usize],
    pub(super) turn: Turn,
}

impl Part {
    /// A map with these keys, inserted one after the other.
    pub(super) fn new(keys: &[Key]) -> Self {
        let mut heads = [Head::of(0); 2 * CAPACITY as usize];
        let mut used = keys.iter().zip(1..).map(|(key, link)| {
            let head = &mut heads[bucket(key.hash(), CAPACITY.into()) as usize];
            let next = head.first;
            *head = Head { first: link, ..*head }.with(key.hash());
            Entry {
                state: AtomicU32::new(with_kind(FIRST, LIVE)),
                next: AtomicU32::new(next),
                hash: AtomicU32::new(key.hash()),
                sequence: AtomicU64::new(seqlock::stable_at(1)),
                key: [key.0, key.1].map(AtomicU32::new),
                slots: [0, key.value()].map(|value| [value; 2].map(AtomicU32::new)),
            }
        });
        let entries = std::array::from_fn(|_| used.next().unwrap_or_else(Entry::unused));
        Self {
            intent: AtomicU64::new(0),
            len: AtomicU32::new(keys.len() as u32),
            high_water: AtomicU32::new(keys.len() as u32),
            free: AtomicU32::new(0),
            changes: AtomicU64::new(keys.len() as u64),
            floor: AtomicU64::new(0),
            heads: heads.map(|head| AtomicU64::new(head.word())),
            entries,
            turn: Turn::new(),
        }
    }

    pub(super) fn structure(&self) -> Structure<'_> {
        let Self { intent, len, high_water, free, changes, floor, .. } = self;
        Structure { intent, len, high_water, free, changes, floor }
    }

    pub(super) fn until(&self, death: Death) -> Mortal<'_> {
        Mortal { part: self, death, came_to: Cell::new(None) }
    }

    pub(super) fn turn(&self) {
        self.turn.comes();
    }

    /// Runs an operation of a process that has the structure lock, until it is killed. Returns how far it came.
    fn run(&self, death: Death, operation: impl FnOnce(&&Mortal<'_>)) -> Option<Reached> {
        let entries = self.until(death);
        self.turn();
        is_killed(|| {
            death.comes(Death::Locked);
            operation(&&entries);
            death.comes(Death::Unlocking);
        });
        self.turn();
        entries.came_to.get()
    }

    /// Completes the operation of a process that died. Returns how far it came.
    pub(super) fn recover_until(&self, death: Death) -> Option<Reached> {
        self.run(death, |entries| self.structure().recover(entries))
    }

    pub(super) fn recover(&self) {
        self.recover_until(Death::Never);
    }

    /// Inserts a key that is not in the map. `None` if the map is full. Otherwise returns how far it came.
    pub(super) fn insert_until(&self, key: Key, value: u32, death: Death) -> Option<Reached> {
        self.run(death, |entries| {
            let fill = |entry: usize, floor: u64| {
                let Entry { sequence, key: [first, second], slots, .. } = &self.entries[entry];
                first.store(key.0, Relaxed);
                death.comes(Death::Filling);
                second.store(key.1, Relaxed);
                let version = seqlock::version(sequence.load(Relaxed)).max(floor) + 1;
                slots[version as usize % 2].iter().for_each(|to| to.store(value, Relaxed));
                sequence.store(seqlock::stable_at(version), Relaxed);
            };
            self.structure().insert(entries, key.hash(), fill);
        })
    }

    /// Inserts a key that is not in the map. Returns `false` if the map is full.
    pub(super) fn insert(&self, key: Key) -> bool {
        self.insert_until(key, key.value(), Death::Never).is_some()
    }

    /// Removes the key of an entry. The process has the lock of the entry, too. Returns how far it came.
    pub(super) fn remove_until(&self, entry: usize, death: Death) -> Option<Reached> {
        self.run(death, |entries| {
            let version = seqlock::version(self.entries[entry].sequence.load(Acquire));
            self.structure().remove(entries, entry, entry as u32 + 1, version);
        })
    }

    pub(super) fn remove(&self, entry: usize) {
        self.remove_until(entry, Death::Never);
    }

    /// Searches a key. Returns its entry and the state. `Err` if the search was disturbed again and again.
    pub(super) fn find(&self, key: Key) -> Result<Option<(usize, u32)>, ()> {
        let is_key = |entry: usize| {
            let [first, second] = &self.entries[entry].key;
            Key(first.load(Relaxed), second.load(Relaxed)) == key
        };
        for _ in 0..2 {
            match protocol::find(&&self.until(Death::Never), key.hash(), is_key, || true) {
                Found::Live(entry, state) => return Ok(Some((entry, state))),
                Found::Absent => return Ok(None),
                Found::Disturbed => {}
            }
        }
        Err(())
    }

    /// Reads the value of a key.
    pub(super) fn get(&self, key: Key) -> Got {
        match self.find(key) {
            Ok(None) => Got::Absent,
            Ok(Some((entry, state))) => self.read(entry, state).map_or(Got::Disturbed, |(version, value)| {
                assert_eq!(value / 10, key.0, "it is a value of this key");
                Got::Value(version, value)
            }),
            Err(()) => Got::Disturbed,
        }
    }

    /// Reads the value of an entry whose state was this. `None` if it has another key now, or a writer was faster.
    fn read(&self, entry: usize, state: u32) -> Option<(u64, u32)> {
        let Entry { sequence, slots, .. } = &self.entries[entry];
        let mut value = [0; 2];
        let version = seqlock::try_read(sequence, |slot| {
            let [first, second] = &slots[slot];
            value = [first.load(Relaxed), second.load(Relaxed)];
        })?;
        is_still(&&self.until(Death::Never), entry, state).then(|| {
            assert_eq!(value[0], value[1], "the value is whole");
            (version, value[0])
        })
    }

    /// The next version of the value of an entry, whose lock the process has.
    pub(super) fn store(&self, entry: usize, value: u32) -> u64 {
        let Entry { sequence, slots, .. } = &self.entries[entry];
        let now = sequence.load(Acquire);
        seqlock::write_after(sequence, now, |slot| slots[slot].iter().for_each(|to| to.store(value, Relaxed)))
    }

    /// At least the version of each key that went.
    pub(super) fn floor(&self) -> u64 {
        self.floor.load(Relaxed)
    }

    pub(super) fn len_now(&self) -> u32 {
        self.structure().len_now(&&self.until(Death::Never))
    }

    /// How many keys came and went.
    pub(super) fn changes(&self) -> u64 {
        self.changes.load(Acquire)
    }

    /// Lists the keys, entry by entry.
    pub(super) fn list(&self) -> Vec<Key> {
        let entries = self.entries.iter().enumerate().take(self.high_water.load(Acquire) as usize);
        let keys = entries.filter_map(|(at, Entry { state, key: [first, second], .. })| {
            let before = state.load(Acquire);
            let key = Key(first.load(Relaxed), second.load(Relaxed));
            (kind(before) == LIVE && is_still(&&self.until(Death::Never), at, before)).then_some(key)
        });
        keys.collect()
    }
}

impl Entry {
    fn unused() -> Self {
        Self {
            state: AtomicU32::new(0),
            next: AtomicU32::new(0),
            hash: AtomicU32::new(0),
            sequence: AtomicU64::new(0),
            key: [0; 2].map(AtomicU32::new),
            slots: [[0; 2]; 2].map(|slot| slot.map(AtomicU32::new)),
        }
    }
}

/// The entries, for a process that is killed.
pub(super) struct Mortal<'a> {
    part: &'a Part,
    death: Death,
    came_to: Cell<Option<Reached>>,
}

impl Entries for &Mortal<'_> {
    type Entry = usize;

    fn capacity(&self) -> u32 {
        CAPACITY
    }

    fn head(&self, bucket: u64) -> &AtomicU64 {
        &self.part.heads[bucket as usize]
    }

    fn follow(&self, link: u32) -> Option<usize> {
        (1..=CAPACITY).contains(&link).then(|| link as usize - 1)
    }

    fn state(&self, entry: usize) -> &AtomicU32 {
        self.part.turn();
        &self.part.entries[entry].state
    }

    fn next(&self, entry: usize) -> &AtomicU32 {
        &self.part.entries[entry].next
    }

    fn hash(&self, entry: usize) -> &AtomicU32 {
        &self.part.entries[entry].hash
    }

    fn reached(&self, at: Reached) {
        self.part.turn();
        self.came_to.set(Some(at));
        self.death.comes(Death::At(at));
    }
}
