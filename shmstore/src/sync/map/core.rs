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

use twox_hash::XxHash64;

use super::memory::Words;
use super::protocol::{self, Entries, Found, is_live, is_still};
use super::state::{LIVE, kind};
use super::table::{EntryRef, Table};
use crate::error::{Busy, InsertError, InvalidValue, KeyText};
use crate::layout::view::load_read_only;
use crate::layout::{ShmKey, ShmValue};
use crate::segment::this_process;
use crate::sync::atomics::AtomicU64;
use crate::sync::atomics::Ordering::{Acquire, Relaxed, Release};
use crate::sync::backoff::{Backoff, Left, Limit};
use crate::sync::copy::{copy_in, copy_out};
use crate::sync::describe::PartRef;
use crate::sync::locking::AcquireError;
use crate::sync::side::Held;
use crate::sync::value_ref::{ValueRef, WriteGuard};
use crate::sys::process::random_u64;
use crate::sys::shm::Access;
use crate::value::bits;

/// The disturbed searches after which a process takes the structure lock, under which no search is disturbed.
const SEARCHES: u32 = 64;

/// The time after which a read-only process, which cannot take the lock, takes a chain for damaged.
const DAMAGED: Duration = Duration::from_secs(1);

/// A map of keys and values of these types.
pub(super) struct Core<'a, K, V> {
    pub(super) words: &'a Words,
    seed: &'a AtomicU64,
    pub(super) table: Table<'a>,
    part: PartRef,
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

    /// The map, in errors.
    pub(super) fn part(&self) -> PartRef {
        self.part
    }

    /// A key as it is written in the name of its entry.
    #[cold]
    pub(super) fn text_of(key: &K) -> KeyText {
        KeyText::of(K::SCHEMA, bytes_of(key))
    }

    /// Describes which process or thread holds the value of an entry.
    #[cold]
    fn busy_at(self, entry: EntryRef<'a>, error: AcquireError) -> Busy {
        let key = self.copy_key(entry);
        // SAFETY: as many bytes as the key has, all initialized by the copy.
        let key = unsafe { slice::from_raw_parts(key.as_ptr().cast::<u8>(), size_of::<K>()) };
        self.part.busy(error).at_key(KeyText::of(K::SCHEMA, key))
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
        (seed != 0).then(|| hash(seed, key))
    }

    #[inline(always)]
    fn find_once(&self, hash: u32, key: &K, goes_on: impl FnMut() -> bool) -> Found<EntryRef<'a>> {
        protocol::find(&self.table, hash, |entry| self.is_key(entry, key), goes_on)
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
                Found::Disturbed if backoff.is_over() => {
                    return if left.limit() == Limit::Forever { Ok(None) } else { Err(Over) };
                }
                Found::Disturbed => {}
            }
        }
        Ok(None)
    }

    /// Reads a value by `copy`, which may be called again, if the entry gets another key meanwhile. `copy` returns
    /// `None` if the time is over.
    #[inline(always)]
    pub(super) fn read(
        &self,
        key: &K,
        left: &mut Left,
        mut copy: impl FnMut(ValueRef<'a, V>) -> Option<u64>,
    ) -> Result<Option<u64>, Over> {
        loop {
            let Some(Place { entry, state }) = self.find(key, left)? else { return Ok(None) };
            let version = copy(self.value(entry)).ok_or(Over)?;
            if is_still(&self.table, entry, state) {
                return Ok(Some(version));
            }
        }
    }

    /// Takes the structure lock, and completes what a dead holder has left. No thread waits, and no closure of the user
    /// runs, while it has this lock.
    #[inline(always)]
    fn lock(&self, left: &mut Left) -> Result<Held<'a>, Busy> {
        let held = match self.words.side.lock_at_once() {
            Some(held) => held,
            None => self.words.side.lock(left.started()).map_err(|error| self.part.busy(error))?,
        };
        self.words.structure().recover(&self.table);
        Ok(held)
    }

    /// Takes the lock of the entry of a key. `None` if the key is not in the map.
    #[inline(always)]
    pub(super) fn lock_entry(
        &self,
        key: &K,
        left: &mut Left,
    ) -> Result<Option<(EntryRef<'a>, WriteGuard<'a, V>)>, Busy> {
        loop {
            let Ok(found) = self.find(key, left) else { return Err(self.part.busy_for(left.waited())) };
            let Some(place) = found else { return Ok(None) };
            let guard = self.lock_value(place.entry, left)?;
            if place.is_live() {
                return Ok(Some((place.entry, guard)));
            }
            guard.free_without_news();
        }
    }

    /// Takes the lock of the value of an entry. The entry may have another key afterwards.
    #[inline(always)]
    pub(super) fn lock_value(&self, entry: EntryRef<'a>, left: &mut Left) -> Result<WriteGuard<'a, V>, Busy> {
        self.value(entry).lock(left.started()).map_err(|error| self.busy_at(entry, error))
    }

    /// Inserts a key. If it is in the map already, `change` gets the lock of its value, and decides.
    #[inline(always)]
    pub(super) fn insert<R>(
        &self,
        key: &K,
        value: &V,
        limit: Limit,
        change: impl FnOnce(WriteGuard<'a, V>) -> R,
    ) -> Result<Option<R>, InsertError> {
        let mut left = Left::of(limit);
        loop {
            if let Some((_, guard)) = self.lock_entry(key, &mut left)? {
                return Ok(Some(change(guard)));
            }
            let held = self.lock(&mut left)?;
            let hash = hash(self.seed(), key);
            if let Found::Live(..) = self.find_once(hash, key, || true) {
                held.free_without_news();
                continue;
            }
            let inserted = self.words.structure().insert(&self.table, hash, |entry, floor| {
                // SAFETY: the key of an entry, aligned, a whole number of units. `key` is a K, which has no padding.
                unsafe { copy_in(key, self.table.key(entry)) };
                self.value(entry).begin_with(value, floor);
            });
            if inserted.is_none() {
                held.free_without_news();
                return Err(self.full());
            }
            return Ok(None);
        }
    }

    #[cold]
    fn full(self) -> InsertError {
        InsertError::Full { map: self.part.name(), capacity: self.table.capacity() as usize }
    }

    /// The seed of the hash, under the structure lock. Draws it if this is the first insertion.
    #[inline(always)]
    fn seed(&self) -> u64 {
        match self.seed.load(Relaxed) {
            0 => self.draw_seed(),
            seed => seed,
        }
    }

    #[cold]
    fn draw_seed(&self) -> u64 {
        // The seed is no secret. It only keeps programs from relying on the order of the entries.
        let seed = random_u64().unwrap_or_else(|_| u64::from(this_process::token())).max(1);
        self.seed.store(seed, Release);
        seed
    }

    /// Removes the key of an entry whose lock is taken. Wakes all waiters.
    pub(super) fn remove(&self, entry: EntryRef<'a>, guard: WriteGuard<'a, V>, left: &mut Left) -> Result<(), Busy> {
        let held = match self.lock(left) {
            Ok(held) => held,
            Err(busy) => {
                guard.free_without_news();
                return Err(busy);
            }
        };
        let version = self.value(entry).version();
        self.words.structure().remove(&self.table, entry, self.table.link(entry), version);
        drop(held);
        drop(guard);
        Ok(())
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

    /// Copies the key and the value of a place. `None` if the key has gone.
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
        self.words.len.load(Relaxed).min(self.table.capacity()) as usize
    }

    pub(super) fn capacity(&self) -> usize {
        self.table.capacity() as usize
    }

    pub(super) fn changes(&self) -> u64 {
        load_read_only(Acquire, || self.words.changes.load(Relaxed))
    }
}

/// The bytes of a key.
#[inline(always)]
fn bytes_of<K: ShmKey>(key: &K) -> &[u8] {
    // SAFETY: as many bytes as the key has, which is borrowed. It has no padding, as `ShmValue` promises.
    unsafe { slice::from_raw_parts(std::ptr::from_ref(key).cast(), size_of::<K>()) }
}

/// The hash of a key by the seed of its map.
#[inline(always)]
fn hash<K: ShmKey>(seed: u64, key: &K) -> u32 {
    XxHash64::oneshot(seed, bytes_of(key)) as u32
}
