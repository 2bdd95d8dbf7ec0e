//! `WriteGuard`: the write lock of a cell. One process has it at a time.
//!
//! # Safety
//!
//! As `versioned_cell.rs`.
#![allow(unsafe_code)]

use std::mem::MaybeUninit;
use std::sync::atomic::AtomicU32;

use super::{NEED_FENCE, STARVED, VersionedCell};
use crate::layout::ShmValue;
use crate::segment::this_process;
use crate::sync::atomics::Ordering::{Acquire, Relaxed};
use crate::sync::copy::{copy_in, copy_out, prepare_copy_in};
use crate::sync::lock_word::VERSION_WAITERS;
use crate::sync::thread_mark::ThreadMark;
use crate::sync::{locking, seqlock, version_waiters};
use crate::sys::failpoint::{self, Step};

/// The write lock of a cell, taken by this process. Freed when dropped.
pub(in crate::sync) struct WriteGuard<'a, V: ShmValue> {
    pub(super) cell: &'a VersionedCell<V>,
    pub(super) token: u32,
    /// The word with the process's token. It differs in a child that was forked since.
    pub(super) token_now: &'static AtomicU32,
}

impl<'a, V: ShmValue> WriteGuard<'a, V> {
    /// Marks this thread as the holder, until the mark is dropped.
    #[inline]
    pub(in crate::sync) fn mark_thread(&self) -> ThreadMark<'a> {
        ThreadMark::enter(&self.cell.control().thread, self.token, self.token_now)
    }

    /// Returns `true` if this process took the lock. `false` in a child that was forked since.
    #[inline(always)]
    pub(in crate::sync) fn is_ours(&self) -> bool {
        self.is_ours_by_word() || this_process::is_kept_apart(self.token)
    }

    /// A quick form of [`is_ours`](Self::is_ours). `false` does not mean that another process took the lock.
    #[inline(always)]
    pub(in crate::sync) fn is_ours_by_word(&self) -> bool {
        self.token_now.load(Acquire) == self.token
    }

    /// Copies all bytes of the newest version, and returns its number.
    pub(in crate::sync) fn read(&self, value: &mut MaybeUninit<V>) -> u64 {
        seqlock::read_locked(self.cell.sequence(), |slot| {
            // SAFETY: a slot of the cell, aligned, a whole number of units. `value` has room for a V.
            unsafe { copy_out(self.cell.slot(slot), value.as_mut_ptr()) }
        })
    }

    /// Makes `value` the newest version, and returns its number. Waiters are woken when the guard is dropped.
    #[inline(always)]
    pub(in crate::sync) fn publish(&self, value: &V) -> u64 {
        if self.cell.control().flags.load(Relaxed) & STARVED != 0 {
            self.cell.pause_for_readers();
        }
        let mut sequence = self.sequence();
        self.publish_after(&mut sequence, value)
    }

    /// Returns the sequence number. No other thread changes it until the guard is dropped.
    #[inline(always)]
    pub(in crate::sync) fn sequence(&self) -> u64 {
        self.cell.sequence().load(Acquire)
    }

    /// [`publish`](Self::publish) after a known sequence number, which is updated. The caller must [wake](Self::wake)
    /// the waiters.
    #[inline(always)]
    pub(in crate::sync) fn publish_after(&self, sequence: &mut u64, value: &V) -> u64 {
        let free = seqlock::free_slot(*sequence);
        let slot = self.cell.slot(free);
        prepare_copy_in::<V>(slot);
        let version = seqlock::write_after(self.cell.sequence(), *sequence, |index| {
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

    /// Wakes the waiters after a store, and keeps the lock. If that needs more than a load, does nothing and returns
    /// `false`. Then the caller must call [`wake_slowly`](Self::wake_slowly).
    #[inline(always)]
    pub(in crate::sync) fn wake(&self, fences: Fences) -> bool {
        let control = self.cell.control();
        let is_plain = control.flags.load(Relaxed) | fences.0 == 0;
        if is_plain && version_waiters::take(&control.lock, &control.bell, false) {
            self.wake_sleepers();
        }
        is_plain
    }

    /// Wakes the waiters after a store, with a full barrier if one is needed. Pauses for starved readers.
    pub(in crate::sync) fn wake_slowly(&self, fences: Fences) {
        let control = self.cell.control();
        let flags = control.flags.load(Relaxed) | fences.0;
        if version_waiters::take(&control.lock, &control.bell, flags & NEED_FENCE != 0) {
            self.wake_sleepers();
        }
        if flags & STARVED != 0 {
            self.cell.pause_for_readers();
        }
    }

    #[cold]
    fn wake_sleepers(&self) {
        failpoint::reach(Step::StoreUntold);
        self.cell.wake_waiters();
    }
}

/// The origin of the full barrier after each store of an exclusive writer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::sync) struct Fences(u32);

impl Fences {
    /// The waiters have the kernel execute the barriers.
    pub(in crate::sync) const BY_WAITERS: Self = Self(0);
    /// The writer executes them. The kernel refuses to register this process.
    pub(in crate::sync) const BY_WRITER: Self = Self(NEED_FENCE);
    /// The writer executes them. The kernel was not asked yet, because there may be no second store.
    pub(in crate::sync) const BEFORE_FIRST_STORE: Self = Self(NEED_FENCE | 1 << 30);
    /// The writer executes them. The kernel is asked after the second store.
    pub(in crate::sync) const BEFORE_SECOND_STORE: Self = Self(NEED_FENCE | 1 << 31);
}

impl<V: ShmValue> Drop for WriteGuard<'_, V> {
    /// Does nothing in a child that was forked since. The lock belongs to its parent.
    #[inline(always)]
    fn drop(&mut self) {
        let control = self.cell.control();
        if self.is_ours() && locking::free(&control.lock, self.token) & VERSION_WAITERS != 0 {
            version_waiters::ring(&control.bell);
            failpoint::reach(Step::VersionUnwoken);
            self.cell.wake_waiters();
        }
    }
}
