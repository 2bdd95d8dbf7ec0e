//! The slots of a queue or a broadcast, for values of any type.
//!
//! A slot is a word and the bytes of a value. It begins on a cache line, which it shares with no other slot. A value of
//! up to 48 bytes is on the same line as the word.
//!
//! # Safety
//!
//! Assumes that the memory of the slots is mapped while a [`Ring`] is used. Promises that references are made only to
//! the words, which are atomics. Every index is a remainder modulo the capacity, so it leads to no address outside the
//! slots, whatever is in memory.
#![allow(unsafe_code)]

use std::marker::PhantomData;
use std::mem::{ManuallyDrop, MaybeUninit, offset_of};
use std::ptr::NonNull;

use super::atomics::AtomicU64;
use super::copy::{UNIT, Unit};
use super::untyped::RingOffsets;
use crate::layout::{ShmValue, is_described};

/// A slot as a type. A move of a union copies each byte that belongs to a field of any of its variants. The second
/// variant covers the bytes after a value whose size is no whole number of units.
#[repr(C)]
pub(super) union Slot<V> {
    parts: ManuallyDrop<Parts<V>>,
    end: ManuallyDrop<End<V>>,
}

#[repr(C, align(64))]
struct Parts<V> {
    word: AtomicU64,
    _reserved: AtomicU64,
    value: Units<V>,
}

#[repr(C)]
struct End<V> {
    lead: Packed<Units<V>>,
    last_unit: [MaybeUninit<u8>; UNIT],
}

#[repr(C, align(16))]
struct Units<V>(MaybeUninit<V>);

#[repr(C, packed(16))]
struct Packed<T>(MaybeUninit<T>);

impl<V: ShmValue> Slot<V> {
    /// Checks the offsets against the compiler's. Programs that know only the schema compute the same offsets.
    pub(super) const fn agrees_with(at: &RingOffsets) {
        is_described::<V>();
        assert!(at.value == offset_of!(Parts<V>, value) as u64 && at.value % UNIT as u64 == 0);
        assert!(at.stride == size_of::<Self>() as u64);
        assert!(at.align == align_of::<Self>() as u64);
        assert!(size_of::<Units<V>>() % UNIT == 0);
        let end = offset_of!(End<V>, last_unit) + UNIT;
        assert!(size_of::<V>() % UNIT == 0 || end == UNIT + size_of::<Units<V>>());
    }
}

/// The slots in memory.
#[derive(Clone, Copy)]
pub(super) struct Ring<'a> {
    // INVARIANT: `capacity` slots of `stride` bytes are mapped from here while `'a` lasts, writable through this
    // pointer unless the mapping is read-only. Each has an atomic word at 0, and whole units from `value` on.
    first: NonNull<u8>,
    stride: usize,
    value: usize,
    capacity: u64,
    _memory: PhantomData<&'a AtomicU64>,
}

// SAFETY: a ring gives access to atomics, and to addresses that only atomic copies use.
unsafe impl Send for Ring<'_> {}
// SAFETY: as above.
unsafe impl Sync for Ring<'_> {}

impl Ring<'_> {
    /// # Safety
    ///
    /// `first` and `at` are as the invariant says, for `'a`.
    #[inline(always)]
    pub(super) const unsafe fn new(first: NonNull<u8>, at: &RingOffsets, capacity: u64) -> Self {
        Self { first, stride: at.stride as usize, value: at.value as usize, capacity, _memory: PhantomData }
    }

    #[inline(always)]
    pub(super) fn capacity(&self) -> u64 {
        self.capacity
    }

    #[inline(always)]
    fn slot(&self, index: u64) -> *mut u8 {
        debug_assert!(index < self.capacity);
        self.first.as_ptr().wrapping_add(index as usize * self.stride)
    }

    /// The word of a slot.
    ///
    /// # Panics
    ///
    /// Panics in debug builds if there is no such slot. The index is a remainder in all callers.
    #[inline(always)]
    pub(super) fn word(&self, index: u64) -> &AtomicU64 {
        // SAFETY: in bounds and aligned, by the invariant. An atomic, which others may write meanwhile.
        unsafe { &*self.slot(index).cast::<AtomicU64>() }
    }

    /// The address of the value of a slot. It never becomes a reference.
    #[inline(always)]
    pub(super) fn value(&self, index: u64) -> *mut Unit {
        self.slot(index).wrapping_add(self.value).cast()
    }
}
