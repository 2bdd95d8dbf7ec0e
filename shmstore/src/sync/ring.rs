//! The memory of a queue or a broadcast: its words, and then its slots, for values of any type.
//!
//! A slot is a word and the bytes of a value. It begins on a cache line, which it shares with no other slot. A value of
//! up to 48 bytes is on the same line as the word.
//!
//! # Safety
//!
//! Assumes that the memory of the slots is mapped while a [`Ring`] is used. As in `versioned_cell.rs`, all accesses are
//! atomic. Promises that references are made only to words, which are atomics. Values are touched only by the copies of
//! [`crate::sync::copy`], in slots whose index is a remainder modulo the capacity. So it leads to no address outside
//! the slots, whatever is in memory. A copy is only bytes until `bits.rs` has checked that they are a value. None of
//! this relies on the protocol.
#![allow(unsafe_code)]

use std::cell::UnsafeCell;
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
union Slot<V> {
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
    const fn agrees_with(at: &RingOffsets) {
        is_described::<V>();
        assert!(at.value == offset_of!(Parts<V>, value) as u64 && at.value % UNIT as u64 == 0);
        assert!(at.stride == size_of::<Self>() as u64);
        assert!(at.align == align_of::<Self>() as u64);
        assert!(size_of::<Units<V>>() % UNIT == 0);
        let end = offset_of!(End<V>, last_unit) + UNIT;
        assert!(size_of::<V>() % UNIT == 0 || end == UNIT + size_of::<Units<V>>());
    }
}

/// The words before the slots, and what is said of a capacity that is refused.
///
/// # Safety
///
/// The type consists of atomics, and all bytes zero are valid.
pub(super) unsafe trait RingWords: Sized {
    const LEAST: usize;
    const TOO_FEW: &'static str;
    const TOO_MANY: &'static str;
    const TOO_LARGE: &'static str;
}

#[repr(C)]
struct Memory<W, V, const N: usize> {
    words: W,
    slots: [Slot<V>; N],
}

/// The memory of a queue or broadcast with these words, shared with other processes.
#[repr(transparent)]
pub(super) struct RingCell<W, V, const N: usize> {
    // INVARIANT: only words are ever referenced.
    memory: UnsafeCell<Memory<W, V, N>>,
}

// SAFETY: `&self` gives access to atomics and to atomic copies only, and values cross threads only by copy (`V: Send`).
unsafe impl<W: RingWords, V: Send + Sync, const N: usize> Sync for RingCell<W, V, N> {}

impl<W: RingWords, V: ShmValue, const N: usize> RingCell<W, V, N> {
    const OFFSETS: RingOffsets = {
        assert!(N >= W::LEAST, "{}", W::TOO_FEW);
        assert!(N as u64 <= RingOffsets::MOST, "{}", W::TOO_MANY);
        let (words, size, align) = (size_of::<W>() as u64, size_of::<V>() as u64, align_of::<V>() as u64);
        let Some(at) = RingOffsets::of(words, size, align, N as u64) else { panic!("{}", W::TOO_LARGE) };
        Slot::<V>::agrees_with(&at);
        assert!(at.slots == offset_of!(Memory<W, V, N>, slots) as u64);
        assert!(at.size == size_of::<Self>() as u64 && at.align == align_of::<Self>() as u64);
        at
    };

    /// Returns the memory of a part without items, which is all zero.
    pub(super) const fn zeroed() -> Self {
        _ = Self::OFFSETS;
        let memory = MaybeUninit::<Self>::zeroed();
        // SAFETY: zero is valid for the words, by the promise of `RingWords`, and any bytes are for `MaybeUninit`.
        unsafe { memory.assume_init() }
    }

    #[inline(always)]
    pub(super) fn words(&self) -> &W {
        // SAFETY: in bounds and aligned, as `self` is. Nothing but atomics, which others may write meanwhile.
        unsafe { &*self.memory.get().cast::<W>() }
    }

    #[inline(always)]
    pub(super) fn ring(&self) -> Ring<'_> {
        let first = self.memory.get().cast::<u8>().wrapping_add(Self::OFFSETS.slots as usize);
        // SAFETY: in bounds of `self`, so not null.
        let first = unsafe { NonNull::new_unchecked(first) };
        // SAFETY: the slots of this part, at the compiler's offsets, as asserted of `OFFSETS`. Writable through the
        // cell, and borrowed as long as `self`.
        unsafe { Ring::new(first, &Self::OFFSETS, N as u64) }
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

impl<'a> Ring<'a> {
    /// # Safety
    ///
    /// `first` and `at` are as the invariant says, for `'a`.
    #[inline(always)]
    const unsafe fn new(first: NonNull<u8>, at: &RingOffsets, capacity: u64) -> Self {
        Self { first, stride: at.stride as usize, value: at.value as usize, capacity, _memory: PhantomData }
    }

    /// The slots of a part that begins at `start`.
    ///
    /// # Safety
    ///
    /// The slots of `at` are mapped while `'a` lasts, writable through this pointer unless the mapping is read-only.
    pub(super) unsafe fn of(start: NonNull<u8>, at: &RingOffsets, capacity: u64) -> Self {
        // SAFETY: in bounds of the part, by the caller.
        let first = unsafe { start.add(at.slots as usize) };
        // SAFETY: the caller's promise is the same.
        unsafe { Self::new(first, at, capacity) }
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
    pub(super) fn word(&self, index: u64) -> &'a AtomicU64 {
        // SAFETY: in bounds and aligned, by the invariant. An atomic, which others may write meanwhile.
        unsafe { &*self.slot(index).cast::<AtomicU64>() }
    }

    /// The address of the value of a slot. It never becomes a reference.
    #[inline(always)]
    pub(super) fn value(&self, index: u64) -> *mut Unit {
        self.slot(index).wrapping_add(self.value).cast()
    }
}
