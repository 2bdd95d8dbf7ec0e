//! The memory of a `Versioned`, and the operations on it: to read, to publish, to wait.
//!
//! # Bytes
//!
//! The memory is aligned to 64 bytes, or more if the value is. Its size is a multiple of its alignment. The bytes after
//! slot 1 are unused.
//!
//! | offset | bytes | what |
//! |---|---|---|
//! | 0 | 16 | lock, flags, bell and mark of the writers: see `side.rs`. Bit 0 of the flags is *starved* |
//! | 16 | 48 | reserved, zero |
//! | 64 | 8 | sequence number: see `seqlock.rs` |
//! | 72 | 8 | reserved, zero |
//! | s | n | slot 0: the even versions, the first being the zeros of a new object |
//! | s + n | n | slot 1: the odd versions |
//!
//! - n is the value's size, rounded up to 16, or to the value's alignment if that is more.
//! - s is 80, rounded up to the value's alignment, and to 64 if n is a multiple of 64.
//!
//! A value of up to 16 bytes shares one cache line with its sequence number. A slot of whole lines begins on a line.
//! Neither costs a byte, because the size is rounded up to 64 anyway.
//!
//! The first line belongs to the writers. Readers touch it only if they starve. So a writer finds the line in its
//! cache, however many processes read.
//!
//! # Safety
//!
//! Other processes write these bytes while this one has a `&VersionedCell`. Some of them may break the protocol. So:
//! - The memory is in one `UnsafeCell`.
//! - References are made only to the control words, which are atomics. No `&V` and no reference to a slot ever exists.
//! - Slots are touched only by the copies of [`crate::sync::copy`], which are atomic byte by byte. Their addresses come
//!   from `self`, from constants, and from one bit of the sequence number. Nothing that is read can lead them outside.
//! - A copy of a slot is bytes (`MaybeUninit<V>`). `bits.rs` decides if they are a value.
//!
//! None of this relies on the sequence protocol. A process that breaks it can make a value torn, but not unsound.
#![allow(unsafe_code)]

mod memory;

use std::cell::UnsafeCell;
use std::mem::{self, MaybeUninit};

use super::atomics::AtomicU64;
use super::seqlock;
use super::shape::Typed;
use super::untyped::VersionedOffsets;
use super::value_ref::ValueRef;
use crate::layout::ShmValue;

use memory::{Control, Memory};

/// The memory of a `Versioned<V>`, shared with other processes.
#[repr(transparent)]
pub(super) struct VersionedCell<V> {
    // INVARIANT: only the control words are ever referenced. Slots are reached by `value()` alone.
    memory: UnsafeCell<Memory<V>>,
}

// SAFETY: `&self` gives access to atomics and to atomic copies only, and values cross threads only by copy (`V: Send`).
unsafe impl<V: Send + Sync> Sync for VersionedCell<V> {}

impl<V: ShmValue> VersionedCell<V> {
    const OFFSETS: VersionedOffsets = Memory::<V>::OFFSETS;

    /// Returns a cell of zeros: version 0 of a value that is all zero.
    pub(super) fn zeroed() -> Self {
        // SAFETY: zero is valid for atomics, and any bytes are for `MaybeUninit`.
        unsafe { mem::zeroed() }
    }

    /// Returns a cell with `value` as version 1, which is in slot 1.
    pub(super) const fn with_value(value: V) -> Self {
        let mut memory = MaybeUninit::<Memory<V>>::zeroed();
        let start = memory.as_mut_ptr().cast::<u8>();
        let slot_1 = start.wrapping_add(Self::OFFSETS.slot_0 as usize + Self::OFFSETS.slot_size as usize);
        // SAFETY: in bounds and aligned, as asserted of `OFFSETS`.
        unsafe { slot_1.cast::<V>().write(value) };
        // SAFETY: in bounds and aligned, as above.
        unsafe { start.wrapping_add(Self::OFFSETS.sequence as usize).cast::<u64>().write(seqlock::stable_at(1)) };
        // SAFETY: zero is valid for atomics, as is any number; and any bytes are for `MaybeUninit`.
        Self { memory: UnsafeCell::new(unsafe { memory.assume_init() }) }
    }

    /// The words and the slots.
    #[inline(always)]
    pub(super) fn value(&self) -> ValueRef<'_, V> {
        let start = self.memory.get().cast::<u8>();
        // SAFETY: in bounds and aligned, as `self` is. Nothing but atomics, which others may write meanwhile.
        let control = unsafe { &*start.cast::<Control>() };
        let sequence = start.wrapping_add(Self::OFFSETS.sequence as usize).cast::<AtomicU64>();
        // SAFETY: in bounds and aligned, as asserted of `OFFSETS`. An atomic, which others may write meanwhile.
        let sequence = unsafe { &*sequence };
        let slots = start.wrapping_add(Self::OFFSETS.slot_0 as usize).cast();
        // SAFETY: the slots of this cell, at the compiler's offsets, as asserted of `OFFSETS`. Writable through the
        // cell, and borrowed as long as `self`.
        unsafe { ValueRef::new(&control.writers, sequence, slots, Typed::SHAPE) }
    }
}

#[cfg(test)]
mod tests;
