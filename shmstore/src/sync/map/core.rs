//! The operations of a map on its memory. A new core is made for each call, from constants.
//!
//! # Safety
//!
//! As `memory.rs`. A key is compared and written as bytes. It has no padding, by the promise of [`ShmValue`].
#![allow(unsafe_code)]

use std::hint::spin_loop;
use std::marker::PhantomData;
use std::mem::MaybeUninit;
use std::slice;
use std::time::Duration;

use super::key_hash;
use super::memory::Words;
use super::protocol::{self, Entries, Found, is_live, is_still};
use super::state::{LIVE, kind};
use super::table::{EntryRef, Table};
use crate::error::{InvalidValue, KeyText};
use crate::layout::map_key::write_key;
use crate::layout::view::load_read_only;
use crate::layout::{ShmKey, ShmValue};
use crate::sync::atomics::AtomicU64;
use crate::sync::atomics::Ordering::{Acquire, Relaxed};
use crate::sync::backoff::{Backoff, Left, Limit};
use crate::sync::copy::copy_out;
use crate::sync::describe::PartRef;
use crate::sync::value_ref::ValueRef;
use crate::sys::shm::Access;
use crate::value::bits;

/// The disturbed searches after which a process takes the structure lock, under which no search is disturbed.
const SEARCHES: u32 = 64;

/// The time after which a read-only process, which cannot take the lock, takes a chain for damaged.
const DAMAGED: Duration = Duration::from_secs(1);

/// A map of keys and values of these types.
pub(super) struct Core<'a, K, V> {
    pub(super) words: &'a Words,
    pub(super) seed: &'a AtomicU64,
    pub(super) table: Table<'a>,
    pub(super) part: PartRef,
    access: Access,
    _types: PhantomData<fn() -> (K, V)>,
}

impl<K, V> Clone for Core<'_, K, V> {
    #[inline(always)]
    fn clone(&self) -> Self {
        *self
    }
}

impl<K, V> Copy for Core<'_, K, V> {}

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

impl<'a, K: ShmKey, V: ShmValue> Core<'a, K, V> {
    #[inline(always)]
    pub(super) fn new(words: &'a Words, seed: &'a AtomicU64, table: Table<'a>, part: PartRef, access: Access) -> Self {
        Self { words, seed, table, part, access, _types: PhantomData }
    }

    /// The same map, of which no search takes the structure lock.
    pub(super) fn without_lock(self) -> Self {
        Self { access: Access::ReadOnly, ..self }
    }

    /// A key as it is written in the name of its entry.
    #[cold]
    pub(super) fn text_of(key: &K) -> KeyText {
        KeyText::of(K::SCHEMA, bytes_of(key))
    }

    /// The value of an entry.
    #[inline(always)]
    pub(super) fn value(&self, entry: EntryRef<'a>) -> ValueRef<'a, V> {
        // SAFETY: the slots of an entry, at the offset of its key and value types. They are mapped as the table is.
        unsafe { ValueRef::new(entry.side(), entry.sequence(), self.table.slots(entry)) }
    }

    /// Copies the key of an entry. It may be torn, until the state says that it is not.
    #[inline(always)]
    pub(super) fn copy_key(&self, entry: EntryRef<'a>) -> MaybeUninit<K> {
        let mut key = MaybeUninit::uninit();
        // SAFETY: the key of an entry, aligned, a whole number of units. `key` has room for a K.
        unsafe { copy_out(self.table.key(entry), key.as_mut_ptr()) };
        key
    }

    #[inline(always)]
    fn is_key(&self, entry: EntryRef<'a>, key: &K) -> bool {
        let its = self.copy_key(entry);
        // SAFETY: as many bytes as the key has, all initialized by the copy.
        let its = unsafe { slice::from_raw_parts(its.as_ptr().cast::<u8>(), size_of::<K>()) };
        its == bytes_of(key)
    }

    /// The hash of a key. `None` if no key was ever inserted.
    #[inline(always)]
    fn hash(&self, key: &K) -> Option<u32> {
        let seed = self.seed.load(Relaxed);
        (seed != 0).then(|| key_hash(seed, bytes_of(key)))
    }

    #[inline(always)]
    pub(super) fn find_once(&self, hash: u32, key: &K, goes_on: impl FnMut() -> bool) -> Found<EntryRef<'a>> {
        protocol::find(&self.table, hash, |entry| self.is_key(entry, key), goes_on)
    }

    /// Returns `true` if a key is in the map.
    #[inline(always)]
    pub(super) fn contains(&self, key: &K) -> bool {
        let Some(hash) = self.hash(key) else { return false };
        match self.find_once(hash, key, || true) {
            Found::Live(..) => true,
            Found::Absent => false,
            Found::Disturbed => matches!((*self).find_again(hash, *key, &mut Left::of(Limit::Forever)), Ok(Some(_))),
        }
    }

    /// Searches the entry of a key.
    #[inline(always)]
    pub(super) fn find(&self, key: &K, left: &mut Left) -> Result<Option<Place<'a>>, Over> {
        let Some(hash) = self.hash(key) else { return Ok(None) };
        match self.find_once(hash, key, || true) {
            Found::Live(entry, state) => Ok(Some(Place { entry, state })),
            Found::Absent => Ok(None),
            Found::Disturbed => (*self).find_again(hash, *key, left),
        }
    }

    /// Searches again after a disturbed search. After some more searches it takes the structure lock.
    ///
    /// A chain that is disturbed even under the lock was damaged. Then the key counts as absent.
    #[cold]
    fn find_again(self, hash: u32, key: K, left: &mut Left) -> Result<Option<Place<'a>>, Over> {
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
            match self.find_once(hash, &key, || !backoff.is_over()) {
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
    pub(super) fn read(&self, key: &K, value: &mut MaybeUninit<V>) -> Option<u64> {
        match self.read_once(key, value) {
            Some(found) => found,
            None => (*self).read_again(*key, value, Limit::Forever).unwrap_or(None),
        }
    }

    /// [`read`](Self::read) with a limit.
    pub(super) fn read_within(
        &self,
        key: &K,
        value: &mut MaybeUninit<V>,
        limit: Duration,
    ) -> Result<Option<u64>, Over> {
        match self.read_once(key, value) {
            Some(found) => Ok(found),
            None => (*self).read_again(*key, value, Limit::Within(limit)),
        }
    }

    /// Reads a value by one search and one copy. `None` if one of them was disturbed.
    #[inline(always)]
    fn read_once(&self, key: &K, value: &mut MaybeUninit<V>) -> Option<Option<u64>> {
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
    fn read_again(self, key: K, value: &mut MaybeUninit<V>, limit: Limit) -> Result<Option<u64>, Over> {
        let mut left = Left::of(limit);
        loop {
            let Some(Place { entry, state }) = self.find(&key, &mut left)? else { return Ok(None) };
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

    /// The key of an entry whose lock is taken.
    pub(super) fn key(&self, entry: EntryRef<'a>) -> Result<K, InvalidValue> {
        // SAFETY: the copy has initialized all bytes.
        unsafe { bits::checked(self.copy_key(entry)) }
    }

    /// Copies the key and the value of a place. `None` if the key was removed.
    pub(super) fn copy_place(
        &self,
        place: Place<'a>,
        value: Option<&mut MaybeUninit<V>>,
    ) -> Option<Result<K, InvalidValue>> {
        let key = self.copy_key(place.entry);
        if let Some(value) = value {
            self.value(place.entry).read(value, self.access);
        }
        // SAFETY: the copy has initialized all bytes.
        is_still(&self.table, place.entry, place.state).then(|| unsafe { bits::checked(key) })
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
    _ = write_key(&mut text, K::SCHEMA, bytes_of(key));
    invalid.in_field(&(text + "]"))
}

/// The bytes of a key.
#[inline(always)]
pub(super) fn bytes_of<K: ShmKey>(key: &K) -> &[u8] {
    // SAFETY: as many bytes as the key has, which is borrowed. It has no padding, as `ShmValue` promises.
    unsafe { slice::from_raw_parts(std::ptr::from_ref(key).cast(), size_of::<K>()) }
}
