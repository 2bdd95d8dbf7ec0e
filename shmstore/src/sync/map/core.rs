//! The operations of a map on its memory. A new core is made for each call, from constants.
//!
//! # Safety
//!
//! As `memory.rs`.
#![allow(unsafe_code)]

use std::hint::spin_loop;
use std::mem::MaybeUninit;
use std::time::Duration;

use super::key_hash;
use super::memory::Words;
use super::protocol::{self, Entries, Found, is_live, is_still};
use super::state::{LIVE, kind};
use super::table::{EntryRef, Table};
use crate::error::{InvalidValue, PartName};
use crate::layout::map_key::write_key;
use crate::layout::view::load_read_only;
use crate::layout::{ShmKey, ShmValue};
use crate::sync::atomics::AtomicU64;
use crate::sync::atomics::Ordering::{Acquire, Relaxed};
use crate::sync::backoff::{Backoff, Left, Limit};
use crate::sync::describe::PartRef;
use crate::sync::shape::{Shape, Typed};
use crate::sync::value_ref::ValueOf;
use crate::sys::shm::Access;
use crate::value::bits;

/// The disturbed searches after which a process takes the structure lock, under which no search is disturbed.
const SEARCHES: u32 = 64;

/// The time after which a read-only process, which cannot take the lock, takes a chain for damaged.
const DAMAGED: Duration = Duration::from_secs(1);

/// A map of keys and values of any shape.
#[derive(Clone, Copy)]
pub(super) struct CoreOf<'a, K, V> {
    pub(super) words: &'a Words,
    pub(super) seed: &'a AtomicU64,
    // INVARIANT: its keys and values have the shapes.
    pub(super) table: Table<'a>,
    pub(super) part: PartRef,
    access: Access,
    key_shape: K,
    shape: V,
}

/// A map of keys and values of these types of this program.
pub(super) type Core<'a, K, V> = CoreOf<'a, Typed<K>, Typed<V>>;

/// A live entry, and its state.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) entry: EntryRef<'a>,
    pub(super) state: u32,
}

impl Place<'_> {
    /// Returns `true` if the entry still has its key, and the key is still in the map.
    #[inline(always)]
    pub(super) fn is_live(self) -> bool {
        is_live(self.entry.state(), self.state)
    }
}

/// The time of a call is over.
#[derive(Debug)]
pub(super) struct Over;

impl<'a, K: Shape, V: Shape> CoreOf<'a, K, V> {
    /// # Safety
    ///
    /// The keys and values of the table have these shapes.
    #[inline(always)]
    pub(super) unsafe fn new(
        (words, seed): (&'a Words, &'a AtomicU64),
        table: Table<'a>,
        (key_shape, shape): (K, V),
        part: PartRef,
        access: Access,
    ) -> Self {
        Self { words, seed, table, part, access, key_shape, shape }
    }

    /// The same map, of which no search takes the structure lock.
    pub(super) fn without_lock(self) -> Self {
        Self { access: Access::ReadOnly, ..self }
    }

    /// Names the entry of a key.
    #[cold]
    pub(super) fn entry_name(&self, key: &K::Value) -> PartName {
        self.part.name().at_key(self.part.key_text(K::bytes(key)))
    }

    /// The value of an entry.
    #[inline(always)]
    pub(super) fn value(&self, entry: EntryRef<'a>) -> ValueOf<'a, V> {
        // SAFETY: the slots of an entry, by the invariant of the table. They are mapped as the table is.
        unsafe { ValueOf::new(entry.side(), entry.sequence(), self.table.slots(entry), self.shape) }
    }

    /// Copies the key of an entry. It may be torn, until the state says that it is not.
    #[inline(always)]
    pub(super) fn copy_key(&self, entry: EntryRef<'a>, key: &mut K::Buffer) {
        // SAFETY: the key of an entry, by the invariant of the table.
        unsafe { self.key_shape.copy_out(self.table.key(entry), key) };
    }

    /// Writes the key of an entry that has none.
    #[inline(always)]
    pub(super) fn put_key(&self, entry: EntryRef<'a>, key: &K::Value) {
        // SAFETY: the key of an entry, by the invariant of the table.
        unsafe { self.key_shape.copy_in(key, self.table.key(entry)) };
    }

    /// Returns a copy of the key of an entry. It may be torn.
    #[cold]
    pub(super) fn key_bytes(&self, entry: EntryRef<'a>) -> Vec<u8> {
        // SAFETY: the key of an entry, by the invariant of the table.
        unsafe { self.key_shape.bytes_at(self.table.key(entry)) }
    }

    #[inline(always)]
    fn is_key(&self, entry: EntryRef<'a>, key: &K::Value) -> bool {
        // SAFETY: the key of an entry, by the invariant of the table.
        unsafe { self.key_shape.is_at(self.table.key(entry), key) }
    }

    /// The hash of a key. `None` if no key was ever inserted.
    #[inline(always)]
    fn hash(&self, key: &K::Value) -> Option<u32> {
        let seed = self.seed.load(Relaxed);
        (seed != 0).then(|| key_hash(seed, K::bytes(key)))
    }

    #[inline(always)]
    pub(super) fn find_once(&self, hash: u32, key: &K::Value, goes_on: impl FnMut() -> bool) -> Found<EntryRef<'a>> {
        protocol::find(&self.table, hash, |entry| self.is_key(entry, key), goes_on)
    }

    /// Returns `true` if a key is in the map.
    #[inline(always)]
    pub(super) fn contains(&self, key: &K::Value) -> bool {
        let Some(hash) = self.hash(key) else { return false };
        match self.find_once(hash, key, || true) {
            Found::Live(..) => true,
            Found::Absent => false,
            Found::Disturbed => matches!((*self).find_again(hash, key, &mut Left::of(Limit::Forever)), Ok(Some(_))),
        }
    }

    /// Searches the entry of a key.
    #[inline(always)]
    pub(super) fn find(&self, key: &K::Value, left: &mut Left) -> Result<Option<Place<'a>>, Over> {
        let Some(hash) = self.hash(key) else { return Ok(None) };
        match self.find_once(hash, key, || true) {
            Found::Live(entry, state) => Ok(Some(Place { entry, state })),
            Found::Absent => Ok(None),
            Found::Disturbed => (*self).find_again(hash, key, left),
        }
    }

    /// Searches again after a disturbed search. After some more searches it takes the structure lock.
    ///
    /// A chain that is disturbed even under the lock was damaged. Then the key counts as absent.
    #[cold]
    fn find_again(self, hash: u32, key: &K::Value, left: &mut Left) -> Result<Option<Place<'a>>, Over> {
        let backoff = Backoff::new(match left.started() {
            Limit::Forever if self.access == Access::ReadOnly => Limit::Within(DAMAGED),
            limit => limit,
        });
        for searches in 1.. {
            spin_loop();
            let under_lock = match self.access {
                Access::ReadWrite if searches % SEARCHES == 0 => Some(self.lock(left).map_err(|_| Over)?),
                _ => None,
            };
            match self.find_once(hash, key, || !backoff.is_over()) {
                Found::Live(entry, state) => return Ok(Some(Place { entry, state })),
                Found::Absent => return Ok(None),
                Found::Disturbed if under_lock.is_some() => return Ok(None),
                Found::Disturbed if !backoff.is_over() => {}
                Found::Disturbed if left.limit() != Limit::Forever => return Err(Over),
                // One search may take all of the time, if this process is stopped meanwhile.
                Found::Disturbed if searches >= SEARCHES => return Ok(None),
                Found::Disturbed => {}
            }
        }
        Ok(None)
    }

    /// Copies all bytes of the value of a key, and returns its version. `None` if the key is not in the map. Then
    /// `value` means nothing, but only initialized bytes were written to it.
    #[inline(always)]
    pub(super) fn read(&self, key: &K::Value, value: &mut V::Buffer) -> Option<u64> {
        match self.read_once(key, value) {
            Some(found) => found,
            None => (*self).read_again(key, value, Limit::Forever).unwrap_or(None),
        }
    }

    /// [`read`](Self::read) with a limit.
    pub(super) fn read_within(
        &self,
        key: &K::Value,
        value: &mut V::Buffer,
        limit: Duration,
    ) -> Result<Option<u64>, Over> {
        match self.read_once(key, value) {
            Some(found) => Ok(found),
            None => (*self).read_again(key, value, Limit::Within(limit)),
        }
    }

    /// Reads a value by one search and one copy. `None` if one of them was disturbed.
    #[inline(always)]
    fn read_once(&self, key: &K::Value, value: &mut V::Buffer) -> Option<Option<u64>> {
        let Some(hash) = self.hash(key) else { return Some(None) };
        match self.find_once(hash, key, || true) {
            Found::Live(entry, state) => {
                let version = self.value(entry).try_read(value)?;
                is_still(&self.table, entry, state).then_some(Some(version))
            }
            Found::Absent => Some(None),
            Found::Disturbed => None,
        }
    }

    #[cold]
    fn read_again(self, key: &K::Value, value: &mut V::Buffer, limit: Limit) -> Result<Option<u64>, Over> {
        let mut left = Left::of(limit);
        loop {
            let Some(Place { entry, state }) = self.find(key, &mut left)? else { return Ok(None) };
            let version = match left.started() {
                Limit::Within(left) => self.value(entry).read_within(value, self.access, left).ok_or(Over)?,
                _ => self.value(entry).read(value, self.access),
            };
            if is_still(&self.table, entry, state) {
                return Ok(Some(version));
            }
            goes_on(&mut left)?;
        }
    }

    /// The live entries, from an index on. Other processes may remove them meanwhile.
    #[inline]
    pub(super) fn next_live(&self, from: &mut u32) -> Option<Place<'a>> {
        let end = self.words.high_water.load(Acquire);
        while *from < end {
            *from += 1;
            let entry = self.table.follow(*from)?;
            let state = entry.state().load(Acquire);
            if kind(state) == LIVE {
                return Some(Place { entry, state });
            }
        }
        None
    }

    /// Copies the key and the value of a place, and returns the version, or 0 without a value. `None` if the key was
    /// removed. Then the copies mean nothing.
    pub(super) fn copy_place(
        &self,
        place: Place<'a>,
        key: &mut K::Buffer,
        value: Option<&mut V::Buffer>,
    ) -> Option<u64> {
        self.copy_key(place.entry, key);
        let version = value.map_or(0, |value| self.value(place.entry).read(value, self.access));
        is_still(&self.table, place.entry, place.state).then_some(version)
    }

    pub(super) fn access(&self) -> Access {
        self.access
    }

    /// The number of keys. A process that breaks the protocol may have stored any.
    pub(super) fn len(&self) -> usize {
        self.words.structure().len_now(&self.table).min(self.table.capacity()) as usize
    }

    pub(super) fn capacity(&self) -> usize {
        self.table.capacity() as usize
    }

    pub(super) fn changes(&self) -> u64 {
        load_read_only(Acquire, || self.words.changes.load(Relaxed))
    }
}

impl<'a, K: ShmKey, V: ShmValue> Core<'a, K, V> {
    /// The key of an entry whose lock is taken.
    pub(super) fn key(&self, entry: EntryRef<'a>) -> Result<K, InvalidValue> {
        let mut key = MaybeUninit::uninit();
        self.copy_key(entry, &mut key);
        // SAFETY: the copy has initialized all bytes.
        unsafe { bits::checked(key) }
    }
}

/// Another process was faster, so the call begins again. `Err` once its time is over.
#[cold]
pub(super) fn goes_on(left: &mut Left) -> Result<(), Over> {
    match left.started() {
        Limit::Never | Limit::Within(Duration::ZERO) => Err(Over),
        Limit::Forever | Limit::Within(_) => Ok(()),
    }
}

/// Puts a key before the path of a value's invalid field: `["EURUSD"].side`.
#[cold]
pub(super) fn invalid_at<K: ShmKey>(key: &K, invalid: InvalidValue) -> InvalidValue {
    let mut text = String::from("[");
    _ = write_key(&mut text, K::SCHEMA, Typed::<K>::bytes(key));
    invalid.in_field(&(text + "]"))
}
