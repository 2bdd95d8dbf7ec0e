//! The memory of a `Queue`.
//!
//! # Bytes
//!
//! | offset | bytes | what |
//! |---|---|---|
//! | 0 | 16 | lock, flags, bell and mark of the producers: see `side.rs`. Consumers that wait for items sleep on the bell |
//! | 16 | 8 | tail: the next position to fill, or a lower one |
//! | 24 | 104 | reserved, zero |
//! | 128 | 16 | the same for the consumers. Producers that wait for room sleep on the bell |
//! | 144 | 4 | returned: how many items were returned |
//! | 148 | 4 | scanned: `returned` before the last search that found no returned item |
//! | 152 | 8 | cursor: the next position to deliver, or a lower one |
//! | 160 | 8 | head: all positions before it are finished |
//! | 168 | 4 | reaped: when a delivery last caused a search for items of dead processes, in milliseconds |
//! | 172 | 84 | reserved, zero |
//! | s | n · N | slots |
//!
//! - s is 256, or the value's alignment if that is more.
//! - A slot has its word at 0: see `word.rs`. Its value is at 16, or at the value's alignment if that is more.
//! - n is this offset plus the value's size, rounded up to 64, or to the value's alignment if that is more.
//!
//! # Safety
//!
//! As in `versioned_cell.rs`, all accesses are atomic. References are made only to words. Values are touched only by
//! the copies of [`crate::sync::copy`], in slots whose index is less than the capacity. A copy is only bytes until
//! `bits.rs` has checked that they are a value. None of this relies on the protocol.
#![allow(unsafe_code)]

use std::cell::UnsafeCell;
use std::mem::{MaybeUninit, offset_of};
use std::ptr::NonNull;

use super::delivery::Delivery;
use super::protocol::{Reached, Slots};
use crate::layout::ShmValue;
use crate::sync::atomics::{AtomicU32, AtomicU64};
use crate::sync::ring::{Ring, Slot};
use crate::sync::side::Side;
use crate::sync::untyped::{RingOffsets, queue_words};
use crate::sys::failpoint::{self, Step};

/// The words of the producers. They have two lines of their own.
#[repr(C, align(64))]
pub(super) struct Producers {
    pub(super) side: Side,
    pub(super) tail: AtomicU64,
    _reserved: [AtomicU64; 13],
}

/// The words of the consumers. They have two lines of their own.
#[repr(C, align(64))]
pub(super) struct Consumers {
    pub(super) side: Side,
    returned: AtomicU32,
    scanned: AtomicU32,
    pub(super) cursor: AtomicU64,
    head: AtomicU64,
    /// See `reap.rs`.
    pub(super) reaped: AtomicU32,
    _reserved: [AtomicU32; 21],
}

impl Consumers {
    #[inline(always)]
    pub(super) fn delivery(&self) -> Delivery<'_> {
        let Self { returned, scanned, cursor, head, .. } = self;
        Delivery { returned, scanned, cursor, head }
    }
}

#[repr(C)]
struct Memory<V, const N: usize> {
    producers: Producers,
    consumers: Consumers,
    slots: [Slot<V>; N],
}

/// The memory of a `Queue<V, N>`, shared with other processes.
#[repr(transparent)]
pub(super) struct QueueCell<V, const N: usize> {
    // INVARIANT: only words are ever referenced.
    memory: UnsafeCell<Memory<V, N>>,
}

// SAFETY: `&self` gives access to atomics and to atomic copies only, and values cross threads only by copy (`V: Send`).
unsafe impl<V: Send + Sync, const N: usize> Sync for QueueCell<V, N> {}

impl<V: ShmValue, const N: usize> QueueCell<V, N> {
    const OFFSETS: RingOffsets = {
        assert!(N >= 1, "a queue has at least one slot: make its capacity 1 or more");
        assert!(N as u64 <= RingOffsets::MOST, "a queue has at most 2147483647 slots: make its capacity smaller");
        let Some(at) = RingOffsets::of_queue(size_of::<V>() as u64, align_of::<V>() as u64, N as u64) else {
            panic!("a queue is larger than memory can be: make its capacity smaller")
        };
        Slot::<V>::agrees_with(&at);
        assert!(at.slots == offset_of!(Memory<V, N>, slots) as u64);
        assert!(at.size == size_of::<Self>() as u64 && at.align == align_of::<Self>() as u64);
        at
    };

    /// Returns an empty queue, which is all zero.
    pub(super) const fn zeroed() -> Self {
        _ = Self::OFFSETS;
        let memory = MaybeUninit::<Self>::zeroed();
        // SAFETY: zero is valid for atomics, and any bytes are for `MaybeUninit`.
        unsafe { memory.assume_init() }
    }

    #[inline(always)]
    pub(super) fn producers(&self) -> &Producers {
        let at = self.memory.get().cast::<u8>().wrapping_add(offset_of!(Memory<V, N>, producers));
        // SAFETY: in bounds and aligned, as `self` is. Nothing but atomics, which others may write meanwhile.
        unsafe { &*at.cast::<Producers>() }
    }

    #[inline(always)]
    pub(super) fn consumers(&self) -> &Consumers {
        let at = self.memory.get().cast::<u8>().wrapping_add(offset_of!(Memory<V, N>, consumers));
        // SAFETY: in bounds and aligned, as `self` is. Nothing but atomics, which others may write meanwhile.
        unsafe { &*at.cast::<Consumers>() }
    }

    #[inline(always)]
    pub(super) fn ring(&self) -> Ring<'_> {
        let first = self.memory.get().cast::<u8>().wrapping_add(Self::OFFSETS.slots as usize);
        // SAFETY: in bounds of `self`, so not null.
        let first = unsafe { NonNull::new_unchecked(first) };
        // SAFETY: the slots of this queue, at the compiler's offsets, as asserted of `OFFSETS`. Writable through the
        // cell, and borrowed as long as `self`.
        unsafe { Ring::new(first, &Self::OFFSETS, N as u64) }
    }
}

impl Slots for Ring<'_> {
    #[inline(always)]
    fn capacity(&self) -> u64 {
        Ring::capacity(self)
    }

    #[inline(always)]
    fn word(&self, index: u64) -> &AtomicU64 {
        Ring::word(self, index)
    }

    #[inline(always)]
    fn reached(&self, at: Reached) {
        failpoint::reach(match at {
            Reached::Copied => Step::QueueCopied,
            Reached::Pushed => Step::QueuePushed,
            Reached::Popped => Step::QueuePopped,
            Reached::Taken => Step::JobTaken,
            Reached::Returned => Step::JobReturned,
        });
    }
}

const _: () = {
    assert!(size_of::<Producers>() == queue_words::CONSUMERS_LOCK as usize && size_of::<Consumers>() == 128);
    assert!(offset_of!(Producers, side) == queue_words::PRODUCERS_LOCK as usize);
    assert!(offset_of!(Producers, tail) == queue_words::TAIL as usize);
    const AT: usize = queue_words::CONSUMERS_LOCK as usize;
    assert!(offset_of!(Consumers, side) == 0);
    assert!(AT + offset_of!(Consumers, returned) == queue_words::RETURNED as usize);
    assert!(AT + offset_of!(Consumers, scanned) == queue_words::SCANNED as usize);
    assert!(AT + offset_of!(Consumers, cursor) == queue_words::CURSOR as usize);
    assert!(AT + offset_of!(Consumers, head) == queue_words::HEAD as usize);
    assert!(AT + offset_of!(Consumers, reaped) == 168);
};
