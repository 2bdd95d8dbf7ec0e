//! `WriteSide`: the right to store, which one process has at a time.
//!
//! # Safety
//!
//! As `versioned_cell.rs`.
#![allow(unsafe_code)]

use std::mem::MaybeUninit;

use super::{NEED_FENCE, STARVED, VersionedCell};
use crate::copy::{copy_in, copy_out, prepare_copy_in};
use crate::failpoint::{self, Step};
use crate::layout::ShmValue;
use crate::process;
use crate::sync::atomics::Ordering::{Acquire, Relaxed};
use crate::sync::held::Held;
use crate::sync::lock_word::VERSION_WAITERS;
use crate::sync::{seqlock, version_waiters, word_lock};

/// The right to store, which this process has taken; given back when dropped.
pub(in crate::sync) struct WriteSide<'a, V: ShmValue> {
    pub(super) cell: &'a VersionedCell<V>,
    pub(super) token: u32,
}

impl<V: ShmValue> WriteSide<'_, V> {
    /// Notes that this thread has it, for as long as what is returned lives.
    pub(in crate::sync) fn held(&self) -> Held {
        Held::enter(word_lock::address(&self.cell.control().lock), self.token)
    }

    /// Whether this process is still the one that took it: false in a child that was forked since.
    #[inline(always)]
    pub(in crate::sync) fn is_ours(&self) -> bool {
        process::current_token() == self.token
    }

    /// Copies the newest version's bytes, all of them, while nobody may write, and returns its number.
    pub(in crate::sync) fn read(&self, value: &mut MaybeUninit<V>) -> u64 {
        seqlock::read_locked(self.cell.sequence(), |slot| {
            // SAFETY: a slot of ours, aligned, a whole number of units; and `value` is a V's own memory.
            unsafe { copy_out(self.cell.slot(slot), value.as_mut_ptr()) }
        })
    }

    /// Makes `value` the newest version, and returns its number. Who waits for it is told when this is dropped.
    #[inline(always)]
    pub(in crate::sync) fn publish(&self, value: &V) -> u64 {
        let mut sequence = self.sequence();
        self.publish_after(&mut sequence, value)
    }

    /// The sequence number, which nobody else changes until this is dropped.
    #[inline(always)]
    pub(in crate::sync) fn sequence(&self) -> u64 {
        self.cell.sequence().load(Acquire)
    }

    /// [`publish`](Self::publish), for one who knows the sequence number, which is brought up to date.
    #[inline(always)]
    pub(in crate::sync) fn publish_after(&self, sequence: &mut u64, value: &V) -> u64 {
        prepare_copy_in::<V>(self.cell.slot(seqlock::free_slot(*sequence)));
        if self.cell.control().flags.load(Relaxed) & STARVED != 0 {
            self.cell.pause_for_readers();
        }
        let version = seqlock::write_after(self.cell.sequence(), *sequence, |slot| {
            failpoint::reach(Step::StoreOdd);
            // SAFETY: a slot of ours, aligned, a whole number of units; `value` is a V, which has no padding.
            unsafe { copy_in(value, self.cell.slot(slot)) }
            failpoint::reach(Step::StoreCopied);
        });
        failpoint::reach(Step::StoreEven);
        *sequence = seqlock::stable_at(version);
        version
    }

    /// Tells who waits of what was published, without giving the write side back. `fences` as in
    /// [`version_waiters::take`].
    #[inline(always)]
    pub(in crate::sync) fn tell_waiters(&self, fences: bool) {
        let control = self.cell.control();
        let fences = fences || control.flags.load(Relaxed) & NEED_FENCE != 0;
        if version_waiters::take(&control.lock, &control.bell, fences) {
            failpoint::reach(Step::StoreUntold);
            self.cell.wake_waiters();
        }
    }
}

impl<V: ShmValue> Drop for WriteSide<'_, V> {
    /// In a child that was forked since, the parent's lock stays the parent's.
    #[inline(always)]
    fn drop(&mut self) {
        let control = self.cell.control();
        if self.is_ours() && word_lock::free(&control.lock, self.token) & VERSION_WAITERS != 0 {
            version_waiters::ring(&control.bell);
            failpoint::reach(Step::VersionUnwoken);
            self.cell.wake_waiters();
        }
    }
}
