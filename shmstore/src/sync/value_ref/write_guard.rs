//! `WriteGuard`: the write lock of a value. One process has it at a time.
//!
//! # Safety
//!
//! As `value_ref.rs`.
#![allow(unsafe_code)]

use super::{STARVED, ValueOf};
use crate::sync::atomics::Ordering::{Acquire, Relaxed};
use crate::sync::seqlock;
use crate::sync::shape::{Shape, Typed};
use crate::sync::side::{Fences, Held};
use crate::sys::failpoint::{self, Step};

/// The write lock of a value, taken by this process. Freed when dropped.
pub(in crate::sync) struct GuardOf<'a, S: Shape> {
    held: Held<'a>,
    value: ValueOf<'a, S>,
}

/// The write lock of a value of a type of this program.
pub(in crate::sync) type WriteGuard<'a, V> = GuardOf<'a, Typed<V>>;

impl<'a, S: Shape> GuardOf<'a, S> {
    #[inline(always)]
    pub(super) fn new(held: Held<'a>, value: ValueOf<'a, S>) -> Self {
        Self { held, value }
    }

    /// The lock itself.
    #[inline(always)]
    pub(in crate::sync) fn held(&self) -> &Held<'a> {
        &self.held
    }

    /// Frees the lock without news: see [`Held::free_without_news`].
    pub(in crate::sync) fn free_without_news(self) {
        self.held.free_without_news();
    }

    /// Frees the lock before another one, and wakes the waiters after that: see [`Held::free_before`].
    pub(in crate::sync) fn free_before(self, then: impl FnOnce()) {
        self.held.free_before(then);
    }

    /// Copies all bytes of the newest version, and returns its number.
    pub(in crate::sync) fn read(&self, value: &mut S::Buffer) -> u64 {
        seqlock::read_locked(self.value.sequence, |slot| {
            // SAFETY: a slot of this shape, by the invariant of the value.
            unsafe { self.value.shape.copy_out(self.value.slot(slot), value) }
        })
    }

    /// Makes `value` the newest version, and returns its number. Waiters are woken when the guard is dropped.
    #[inline(always)]
    pub(in crate::sync) fn publish(&self, value: &S::Value) -> u64 {
        if self.value.writers.flags().load(Relaxed) & STARVED != 0 {
            ValueOf::pause_for_readers(self.value.writers, self.value.shape);
        }
        let mut sequence = self.sequence();
        self.publish_after(&mut sequence, value)
    }

    /// Returns the sequence number. No other thread changes it until the guard is dropped.
    #[inline(always)]
    pub(in crate::sync) fn sequence(&self) -> u64 {
        self.value.sequence.load(Acquire)
    }

    /// [`publish`](Self::publish) after a known sequence number, which is updated. The caller must wake the
    /// waiters.
    #[inline(always)]
    pub(in crate::sync) fn publish_after(&self, sequence: &mut u64, value: &S::Value) -> u64 {
        let free = seqlock::free_slot(*sequence);
        let slot = self.value.slot(free);
        self.value.shape.prepare_copy_in(slot);
        let version = seqlock::write_after(self.value.sequence, *sequence, |index| {
            debug_assert_eq!(index, free);
            failpoint::reach(Step::StoreOdd);
            // SAFETY: a slot of this shape, by the invariant of the value.
            unsafe { self.value.shape.copy_in(value, slot) }
            failpoint::reach(Step::StoreCopied);
        });
        failpoint::reach(Step::StoreEven);
        *sequence = seqlock::stable_at(version);
        version
    }

    /// Wakes the waiters after a store, and keeps the lock, with a full barrier if one is needed. Pauses for starved
    /// readers.
    pub(in crate::sync) fn wake_slowly(&self, fences: &mut Fences) {
        if self.held.wake_slowly(fences) & STARVED != 0 {
            ValueOf::pause_for_readers(self.value.writers, self.value.shape);
        }
    }
}
