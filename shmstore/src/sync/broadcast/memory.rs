//! The memory of a `Broadcast`.
//!
//! # Bytes
//!
//! | offset | bytes | what |
//! |---|---|---|
//! | 0 | 16 | lock, flags, bell and mark of the senders: see `side.rs`. Subscribers that wait sleep on the bell |
//! | 16 | 8 | tail: a lower bound of the number of sent items |
//! | 24 | 104 | reserved, zero |
//! | s | n · N | slots |
//!
//! - s is 128, or the value's alignment if that is more.
//! - A slot has its sequence number at 0: see `protocol.rs`. Its value is at 16, or at the value's alignment if that is
//!   more.
//! - n is this offset plus the value's size, rounded up to 64, or to the value's alignment if that is more.
//!
//! # Safety
//!
//! As `queue/memory.rs`.
#![allow(unsafe_code)]

use std::cell::UnsafeCell;
use std::mem::{MaybeUninit, offset_of};
use std::ptr::NonNull;

use super::protocol::{Reached, Slots};
use crate::layout::ShmValue;
use crate::sync::atomics::AtomicU64;
use crate::sync::ring::{Ring, Slot};
use crate::sync::side::Side;
use crate::sync::untyped::{RingOffsets, broadcast_words};
use crate::sys::failpoint::{self, Step};

/// The words of the senders. They have two lines of their own.
#[repr(C, align(64))]
pub(super) struct Senders {
    pub(super) side: Side,
    pub(super) tail: AtomicU64,
    _reserved: [AtomicU64; 13],
}

#[repr(C)]
struct Memory<V, const N: usize> {
    senders: Senders,
    slots: [Slot<V>; N],
}

/// The memory of a `Broadcast<V, N>`, shared with other processes.
#[repr(transparent)]
pub(super) struct BroadcastCell<V, const N: usize> {
    // INVARIANT: only words are ever referenced.
    memory: UnsafeCell<Memory<V, N>>,
}

// SAFETY: `&self` gives access to atomics and to atomic copies only, and values cross threads only by copy (`V: Send`).
unsafe impl<V: Send + Sync, const N: usize> Sync for BroadcastCell<V, N> {}

impl<V: ShmValue, const N: usize> BroadcastCell<V, N> {
    const OFFSETS: RingOffsets = {
        assert!(N >= 2, "a broadcast has at least two slots: make its capacity 2 or more");
        assert!(N as u64 <= RingOffsets::MOST, "a broadcast has at most 2147483647 slots: make its capacity smaller");
        let Some(at) = RingOffsets::of_broadcast(size_of::<V>() as u64, align_of::<V>() as u64, N as u64) else {
            panic!("a broadcast is larger than memory can be: make its capacity smaller")
        };
        Slot::<V>::agrees_with(&at);
        assert!(at.slots == offset_of!(Memory<V, N>, slots) as u64);
        assert!(at.size == size_of::<Self>() as u64 && at.align == align_of::<Self>() as u64);
        at
    };

    /// Returns a broadcast without items, which is all zero.
    pub(super) const fn zeroed() -> Self {
        _ = Self::OFFSETS;
        let memory = MaybeUninit::<Self>::zeroed();
        // SAFETY: zero is valid for atomics, and any bytes are for `MaybeUninit`.
        unsafe { memory.assume_init() }
    }

    #[inline(always)]
    pub(super) fn senders(&self) -> &Senders {
        // SAFETY: in bounds and aligned, as `self` is. Nothing but atomics, which others may write meanwhile.
        unsafe { &*self.memory.get().cast::<Senders>() }
    }

    #[inline(always)]
    pub(super) fn ring(&self) -> Ring<'_> {
        let first = self.memory.get().cast::<u8>().wrapping_add(Self::OFFSETS.slots as usize);
        // SAFETY: in bounds of `self`, so not null.
        let first = unsafe { NonNull::new_unchecked(first) };
        // SAFETY: the slots of this broadcast, at the compiler's offsets, as asserted of `OFFSETS`. Writable through
        // the cell, and borrowed as long as `self`.
        unsafe { Ring::new(first, &Self::OFFSETS, N as u64) }
    }
}

impl Slots for Ring<'_> {
    #[inline(always)]
    fn capacity(&self) -> u64 {
        Ring::capacity(self)
    }

    #[inline(always)]
    fn sequence(&self, index: u64) -> &AtomicU64 {
        self.word(index)
    }

    #[inline(always)]
    fn reached(&self, at: Reached) {
        failpoint::reach(match at {
            Reached::Odd => Step::SendOdd,
            Reached::Copied => Step::SendCopied,
            Reached::Sent => Step::ItemSent,
        });
    }
}

const _: () = {
    assert!(size_of::<Senders>() == 128);
    assert!(offset_of!(Senders, side) == broadcast_words::LOCK as usize);
    assert!(offset_of!(Senders, tail) == broadcast_words::TAIL as usize);
};
