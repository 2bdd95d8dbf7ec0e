//! `WriteGuard`: the write lock of a cell. One process has it at a time.
//!
//! # Safety
//!
//! As `versioned_cell.rs`.
#![allow(unsafe_code)]

use std::mem::MaybeUninit;

use super::{STARVED, VersionedCell};
use crate::layout::ShmValue;
use crate::sync::atomics::Ordering::{Acquire, Relaxed};
use crate::sync::copy::{copy_in, copy_out, prepare_copy_in};
use crate::sync::seqlock;
use crate::sync::side::{Fences, Held};
use crate::sys::failpoint::{self, Step};

/// The write lock of a cell, taken by this process. Freed when dropped.
pub(in crate::sync) struct WriteGuard<'a, V: ShmValue> {
    pub(super) held: Held<'a, VersionedCell<V>>,
}

impl<'a, V: ShmValue> WriteGuard<'a, V> {
    /// The lock itself.
    #[inline(always)]
    pub(in crate::sync) fn held(&self) -> &Held<'a, VersionedCell<V>> {
        &self.held
    }

    /// Copies all bytes of the newest version, and returns its number.
    pub(in crate::sync) fn read(&self, value: &mut MaybeUninit<V>) -> u64 {
        seqlock::read_locked(self.held.part().sequence(), |slot| {
            // SAFETY: a slot of the cell, aligned, a whole number of units. `value` has room for a V.
            unsafe { copy_out(self.held.part().slot(slot), value.as_mut_ptr()) }
        })
    }

    /// Makes `value` the newest version, and returns its number. Waiters are woken when the guard is dropped.
    #[inline(always)]
    pub(in crate::sync) fn publish(&self, value: &V) -> u64 {
        if self.held.part().writers().flags().load(Relaxed) & STARVED != 0 {
            self.held.part().pause_for_readers();
        }
        let mut sequence = self.sequence();
        self.publish_after(&mut sequence, value)
    }

    /// Returns the sequence number. No other thread changes it until the guard is dropped.
    #[inline(always)]
    pub(in crate::sync) fn sequence(&self) -> u64 {
        self.held.part().sequence().load(Acquire)
    }

    /// [`publish`](Self::publish) after a known sequence number, which is updated. The caller must wake the
    /// waiters.
    #[inline(always)]
    pub(in crate::sync) fn publish_after(&self, sequence: &mut u64, value: &V) -> u64 {
        let free = seqlock::free_slot(*sequence);
        let slot = self.held.part().slot(free);
        prepare_copy_in::<V>(slot);
        let version = seqlock::write_after(self.held.part().sequence(), *sequence, |index| {
            debug_assert_eq!(index, free);
            failpoint::reach(Step::StoreOdd);
            // SAFETY: a slot of the cell, aligned, a whole number of units. `value` is a V, which has no padding.
            unsafe { copy_in(value, slot) }
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
            self.held.part().pause_for_readers();
        }
    }
}
