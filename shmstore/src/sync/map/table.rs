//! The heads and the entries of a map, for keys and values of any type.
//!
//! # Safety
//!
//! Assumes that the memory of heads and entries is mapped while a [`Table`] is used. Promises that references are made
//! only to words, which are atomics. A [`Table::Entry`](Entries::Entry) exists only for an index less than the
//! capacity, and a bucket is always less than twice the capacity. So no link leads outside, whatever is in memory.
#![allow(unsafe_code)]

use std::marker::PhantomData;
use std::ptr::NonNull;

use super::protocol::{Entries, Reached};
use crate::sync::atomics::{AtomicU32, AtomicU64};
use crate::sync::copy::{Unit, prepare_copy_out};
use crate::sync::side::Side;
use crate::sync::untyped::{MapOffsets, entry_words, map_words};
use crate::sys::failpoint::{self, Step};

/// The heads and the entries in memory.
#[derive(Clone, Copy)]
pub(super) struct Table<'a> {
    // INVARIANT: the heads and `capacity` entries of a map at these offsets are mapped from here while `'a` lasts,
    // writable through this pointer unless the mapping is read-only. Their words are atomics.
    map: NonNull<u8>,
    entries: usize,
    stride: usize,
    key: usize,
    slot_0: usize,
    slot_size: usize,
    capacity: u32,
    _memory: PhantomData<&'a AtomicU64>,
}

// SAFETY: a table gives access to atomics, and to addresses that only atomic copies use.
unsafe impl Send for Table<'_> {}
// SAFETY: as above.
unsafe impl Sync for Table<'_> {}

/// An entry of a table.
#[derive(Clone, Copy)]
pub(super) struct EntryRef<'a> {
    // INVARIANT: the start of an entry of a table that lasts as long.
    start: NonNull<u8>,
    _memory: PhantomData<&'a AtomicU64>,
}

// SAFETY: an entry gives access to atomics, and to addresses that only atomic copies use.
unsafe impl Send for EntryRef<'_> {}
// SAFETY: as above.
unsafe impl Sync for EntryRef<'_> {}

impl<'a> Table<'a> {
    /// # Safety
    ///
    /// `map` and `at` are as the invariant says, for `'a`, and `capacity` is 1 to 2^31 − 1.
    #[inline(always)]
    pub(super) const unsafe fn new(map: NonNull<u8>, at: &MapOffsets, capacity: u32) -> Self {
        Self {
            map,
            entries: at.entries as usize,
            stride: at.stride as usize,
            key: at.key as usize,
            slot_0: at.slot_0 as usize,
            slot_size: at.slot_size as usize,
            capacity,
            _memory: PhantomData,
        }
    }

    /// The link to an entry.
    #[inline(always)]
    pub(super) fn link(&self, entry: EntryRef<'a>) -> u32 {
        let offset = entry.start.as_ptr().addr() - self.map.as_ptr().addr() - self.entries;
        (offset / self.stride) as u32 + 1
    }

    /// The address of the key of an entry. It never becomes a reference.
    #[inline(always)]
    pub(super) fn key(&self, entry: EntryRef<'a>) -> *mut Unit {
        entry.start.as_ptr().wrapping_add(self.key).cast()
    }

    /// The address of slot 0 of the value of an entry. It never becomes a reference.
    #[inline(always)]
    pub(super) fn slots(&self, entry: EntryRef<'a>) -> *mut Unit {
        entry.start.as_ptr().wrapping_add(self.slot_0).cast()
    }
}

impl<'a> EntryRef<'a> {
    #[inline(always)]
    fn word<A>(self, offset: u64) -> &'a A {
        let at = self.start.as_ptr().wrapping_add(offset as usize).cast::<A>();
        // SAFETY: a word of an entry, in bounds and aligned, by the invariant. Each call below is for an atomic, or for
        // a `Side` of atomics, which others may write meanwhile.
        unsafe { &*at }
    }

    #[inline(always)]
    pub(super) fn state(self) -> &'a AtomicU32 {
        self.word(entry_words::STATE)
    }

    /// The side of the writers of the value.
    #[inline(always)]
    pub(super) fn side(self) -> &'a Side {
        self.word(entry_words::LOCK)
    }

    #[inline(always)]
    pub(super) fn sequence(self) -> &'a AtomicU64 {
        self.word(entry_words::SEQUENCE)
    }
}

impl<'a> Entries for Table<'a> {
    type Entry = EntryRef<'a>;

    #[inline(always)]
    fn capacity(&self) -> u32 {
        self.capacity
    }

    #[inline(always)]
    fn head(&self, bucket: u64) -> &AtomicU64 {
        debug_assert!(bucket < 2 * u64::from(self.capacity));
        let offset = map_words::HEADS as usize + bucket as usize * size_of::<AtomicU64>();
        let at = self.map.as_ptr().wrapping_add(offset).cast::<AtomicU64>();
        // SAFETY: one of the heads, of which there are two for each entry, by the invariant. A bucket is less than
        // that, because it is the upper half of a product with a number of 32 bits. An atomic.
        unsafe { &*at }
    }

    #[inline(always)]
    fn follow(&self, link: u32) -> Option<EntryRef<'a>> {
        let index = link.wrapping_sub(1);
        if index >= self.capacity {
            return None;
        }
        let start = self.map.as_ptr().wrapping_add(self.entries + index as usize * self.stride);
        // SAFETY: in bounds of the entries, by the invariant, so not null.
        Some(EntryRef { start: unsafe { NonNull::new_unchecked(start) }, _memory: PhantomData })
    }

    #[inline(always)]
    fn state(&self, entry: EntryRef<'a>) -> &AtomicU32 {
        entry.state()
    }

    #[inline(always)]
    fn next(&self, entry: EntryRef<'a>) -> &AtomicU32 {
        entry.word(entry_words::NEXT)
    }

    #[inline(always)]
    fn hash(&self, entry: EntryRef<'a>) -> &AtomicU32 {
        entry.word(entry_words::HASH)
    }

    #[inline(always)]
    fn approach(&self, entry: EntryRef<'a>) {
        prepare_copy_out(self.slots(entry));
        prepare_copy_out(self.slots(entry).wrapping_byte_add(self.slot_size));
    }

    #[inline(always)]
    fn reached(&self, at: Reached) {
        failpoint::reach(match at {
            Reached::Intended => Step::MapIntended,
            Reached::EntryTaken => Step::EntryTaken,
            Reached::EntryLinked => Step::EntryLinked,
            Reached::EntryChained => Step::EntryChained,
            Reached::KeyInserted => Step::KeyInserted,
            Reached::KeyRemoved => Step::KeyRemoved,
            Reached::EntryUnlinked => Step::EntryUnlinked,
            Reached::EntryFreed => Step::EntryFreed,
            Reached::EntryListed => Step::EntryListed,
            Reached::Counted => Step::KeysCounted,
        });
    }
}

const _: () = {
    assert!(entry_words::STATE % 4 == 0 && entry_words::NEXT % 4 == 0 && entry_words::HASH % 4 == 0);
    assert!(entry_words::LOCK % align_of::<Side>() as u64 == 0);
    assert!(entry_words::LOCK + size_of::<Side>() as u64 <= entry_words::SEQUENCE && entry_words::SEQUENCE % 8 == 0);
};
