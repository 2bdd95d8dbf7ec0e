//! The memory of a `Map`.
//!
//! # Bytes
//!
//! | offset | bytes | what |
//! |---|---|---|
//! | 0 | 16 | lock, flags and bell of the structure, and a mark that is always 0: see `side.rs`. Processes that wait for insertions and removals sleep on the bell |
//! | 16 | 8 | intent of the holder of the lock: see `state.rs` |
//! | 24 | 4 | len: the number of keys |
//! | 28 | 4 | high water: the number of entries that were ever used. They are the first ones |
//! | 32 | 4 | free list: the link to the first free entry below the high water, 0 if there is none |
//! | 36 | 4 | reserved, zero |
//! | 40 | 8 | changes: how often keys were inserted and removed, at least |
//! | 48 | 8 | floor: the greatest version of a removed key |
//! | 56 | 72 | reserved, zero |
//! | 128 | 8 | seed of the hash. The first insertion draws it. 0 before |
//! | 136 | 120 | reserved, zero |
//! | 256 | 16 · N | heads: for each of 2 · N buckets its chain and the filter of it: see `state.rs` |
//! | e | t · N | entries |
//!
//! An entry:
//!
//! | offset | bytes | what |
//! |---|---|---|
//! | 0 | 4 | state: see `state.rs` |
//! | 4 | 4 | next: the link to the next entry of the chain or of the free list, 0 at the end |
//! | 8 | 4 | hash of the key |
//! | 12 | 4 | reserved, zero |
//! | 16 | 16 | lock, flags, bell and mark of the writers of the value: see `side.rs` |
//! | 32 | 8 | sequence number of the value: see `seqlock.rs` |
//! | 40 | 8 | reserved, zero |
//! | k | | the key |
//! | s | n | slot 0: the even versions of the value |
//! | s + n | n | slot 1: the odd versions |
//!
//! - e is 256 + 16 · N, rounded up to the part's alignment. This is 64, or that of the key or value if that is more.
//! - k is 48, or the key's alignment if that is more.
//! - n is the value's size, rounded up to 16, or to the value's alignment if that is more.
//! - s is the end of the key, rounded up to 16, or to the value's alignment if that is more.
//! - t is s + 2 · n, rounded up to the part's alignment.
//!
//! The seed has lines of its own, because each search reads it, and each insertion writes the words before it.
//!
//! # Safety
//!
//! As in `value_ref.rs`, all accesses are atomic. References are made only to words. Keys and values are touched only
//! by the copies of [`crate::sync::copy`], in entries that `table.rs` has found. A copy is only bytes until `bits.rs`
//! has checked that they are a key or a value. None of this relies on the protocol.
#![allow(unsafe_code)]

use std::cell::UnsafeCell;
use std::mem::{ManuallyDrop, MaybeUninit, offset_of};
use std::ptr::NonNull;

use super::protocol::Structure;
use super::table::Table;
use crate::layout::{ShmValue, is_described};
use crate::sync::atomics::{AtomicU32, AtomicU64};
use crate::sync::copy::UNIT;
use crate::sync::side::Side;
use crate::sync::untyped::{MapOffsets, RingOffsets, entry_words, map_words};

/// The words of the structure. They have two lines of their own.
#[repr(C, align(64))]
pub(super) struct Words {
    pub(super) side: Side,
    intent: AtomicU64,
    pub(super) len: AtomicU32,
    pub(super) high_water: AtomicU32,
    free: AtomicU32,
    _reserved: AtomicU32,
    pub(super) changes: AtomicU64,
    floor: AtomicU64,
    _line: [AtomicU64; 9],
}

impl Words {
    #[inline(always)]
    pub(super) fn structure(&self) -> Structure<'_> {
        let Self { intent, len, high_water, free, changes, floor, .. } = self;
        Structure { intent, len, high_water, free, changes, floor }
    }
}

#[repr(C)]
struct Memory<K, V, const N: usize> {
    words: Words,
    seed: AtomicU64,
    _reserved: [AtomicU64; 15],
    heads: [[AtomicU64; 2]; N],
    entries: [Entry<K, V>; N],
}

/// An entry as a type. A move of a union copies each byte that belongs to a field of any of its variants. The last
/// three cover the bytes after a key or value whose size is no whole number of units.
#[repr(C)]
union Entry<K, V> {
    parts: ManuallyDrop<Parts<K, V>>,
    end_of_key: ManuallyDrop<End<Units<K>>>,
    end_of_slot_0: ManuallyDrop<End<KeyAnd<K, Units<V>>>>,
    end_of_slot_1: ManuallyDrop<End<KeyAnd<K, [Units<V>; 2]>>>,
}

#[repr(C, align(64))]
struct Parts<K, V> {
    words: [AtomicU64; 6],
    key: Units<K>,
    slots: [Units<V>; 2],
}

/// The last unit of what begins after 48 bytes.
#[repr(C)]
struct End<T> {
    lead: [MaybeUninit<u8>; 32],
    all_but_the_last: Packed<T>,
    last_unit: [MaybeUninit<u8>; UNIT],
}

/// A key, and what follows it.
#[repr(C)]
struct KeyAnd<K, T>(Units<K>, T);

#[repr(C, align(16))]
struct Units<T>(MaybeUninit<T>);

#[repr(C, packed(16))]
struct Packed<T>(MaybeUninit<T>);

impl<K: ShmValue, V: ShmValue> Entry<K, V> {
    /// Checks the offsets against the compiler's. Programs that know only the schema compute the same offsets.
    const fn agrees_with(at: &MapOffsets) {
        is_described::<K>();
        is_described::<V>();
        let (key, slots) = (offset_of!(Parts<K, V>, key), offset_of!(Parts<K, V>, slots));
        assert!(at.key == key as u64 && at.slot_0 == slots as u64 && at.slot_size == size_of::<Units<V>>() as u64);
        assert!(at.stride == size_of::<Self>() as u64 && at.align == align_of::<Memory<K, V, 1>>() as u64);
        assert!(key % UNIT == 0 && slots % UNIT == 0 && size_of::<Units<V>>() % UNIT == 0);
        let last = offset_of!(End<Units<K>>, last_unit) + UNIT;
        assert!(size_of::<K>() % UNIT == 0 || last == key + size_of::<Units<K>>());
        let last = offset_of!(End<KeyAnd<K, Units<V>>>, last_unit) + UNIT;
        assert!(size_of::<V>() % UNIT == 0 || last == slots + size_of::<Units<V>>());
        let last = offset_of!(End<KeyAnd<K, [Units<V>; 2]>>, last_unit) + UNIT;
        assert!(size_of::<V>() % UNIT == 0 || last == slots + 2 * size_of::<Units<V>>());
    }
}

/// The memory of a `Map<K, V, N>`, shared with other processes.
#[repr(transparent)]
pub(super) struct MapCell<K, V, const N: usize> {
    // INVARIANT: only words are ever referenced.
    memory: UnsafeCell<Memory<K, V, N>>,
}

// SAFETY: `&self` gives access to atomics and to atomic copies only. Keys and values cross threads only by copy, and
// are `Send`.
unsafe impl<K: Send + Sync, V: Send + Sync, const N: usize> Sync for MapCell<K, V, N> {}

impl<K: ShmValue, V: ShmValue, const N: usize> MapCell<K, V, N> {
    pub(super) const OFFSETS: MapOffsets = {
        assert!(N >= 1, "a map has room for at least one key: make its capacity 1 or more");
        assert!(N as u64 <= RingOffsets::MOST, "a map has room for at most 2147483647 keys: make its capacity smaller");
        let (key, value) = ((size_of::<K>(), align_of::<K>()), (size_of::<V>(), align_of::<V>()));
        let (key, value) = ((key.0 as u64, key.1 as u64), (value.0 as u64, value.1 as u64));
        let Some(at) = MapOffsets::of(key, value, N as u64) else {
            panic!("a map is larger than memory can be: make its capacity smaller")
        };
        Entry::<K, V>::agrees_with(&at);
        assert!(at.entries == offset_of!(Memory<K, V, N>, entries) as u64);
        assert!(at.size == size_of::<Self>() as u64 && at.align == align_of::<Self>() as u64);
        at
    };

    /// Returns an empty map, which is all zero.
    pub(super) const fn zeroed() -> Self {
        _ = Self::OFFSETS;
        let memory = MaybeUninit::<Self>::zeroed();
        // SAFETY: zero is valid for atomics, and any bytes are for `MaybeUninit`.
        unsafe { memory.assume_init() }
    }

    #[inline(always)]
    pub(super) fn words(&self) -> &Words {
        // SAFETY: in bounds and aligned, as `self` is. Nothing but atomics, which others may write meanwhile.
        unsafe { &*self.memory.get().cast::<Words>() }
    }

    #[inline(always)]
    pub(super) fn seed(&self) -> &AtomicU64 {
        let at = self.memory.get().cast::<u8>().wrapping_add(map_words::SEED as usize).cast::<AtomicU64>();
        // SAFETY: in bounds and aligned, as `self` is. An atomic, which others may write meanwhile.
        unsafe { &*at }
    }

    #[inline(always)]
    pub(super) fn table(&self) -> Table<'_> {
        // SAFETY: the address of `self` is not null.
        let map = unsafe { NonNull::new_unchecked(self.memory.get().cast::<u8>()) };
        // SAFETY: the heads and entries of this map, at the compiler's offsets, as asserted of `OFFSETS`. Writable
        // through the cell, and borrowed as long as `self`.
        unsafe { Table::new(map, &Self::OFFSETS, N as u32) }
    }
}

const _: () = {
    type One = Memory<u64, u64, 1>;
    assert!(offset_of!(One, words) == 0 && offset_of!(Words, side) == map_words::LOCK as usize);
    assert!(offset_of!(Words, intent) == map_words::INTENT as usize);
    assert!(offset_of!(Words, len) == map_words::LEN as usize);
    assert!(offset_of!(Words, high_water) == map_words::HIGH_WATER as usize);
    assert!(offset_of!(Words, free) == map_words::FREE as usize);
    assert!(offset_of!(Words, changes) == map_words::CHANGES as usize);
    assert!(offset_of!(Words, floor) == map_words::FLOOR as usize);
    assert!(offset_of!(One, seed) == map_words::SEED as usize);
    assert!(offset_of!(One, heads) == map_words::HEADS as usize);
    assert!(offset_of!(Parts<u64, u64>, key) == entry_words::END as usize);
};
