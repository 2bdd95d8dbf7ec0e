//! `WriteGuard`: the right to store, which one process has at a time.
//!
//! # Safety
//!
//! As `versioned_cell.rs`.
#![allow(unsafe_code)]

use std::mem::MaybeUninit;
use std::sync::atomic::AtomicU32;

use super::{NEED_FENCE, STARVED, VersionedCell};
use crate::layout::ShmValue;
use crate::segment::process;
use crate::sync::atomics::Ordering::{Acquire, Relaxed};
use crate::sync::copy::{copy_in, copy_out, prepare_copy_in};
use crate::sync::lock_word::VERSION_WAITERS;
use crate::sync::thread_mark::ThreadMark;
use crate::sync::{locking, seqlock, version_waiters};
use crate::sys::failpoint::{self, Step};

/// The right to store, which this process has taken; given back when dropped.
pub(in crate::sync) struct WriteGuard<'a, V: ShmValue> {
    pub(super) cell: &'a VersionedCell<V>,
    pub(super) token: u32,
    /// Where the process's token is now: another one in a child that was forked since.
    pub(super) token_now: &'static AtomicU32,
}

impl<'a, V: ShmValue> WriteGuard<'a, V> {
    /// Notes that this thread has it, for as long as what is returned lives.
    #[inline]
    pub(in crate::sync) fn mark_thread(&self) -> ThreadMark<'a> {
        ThreadMark::enter(&self.cell.control().thread, self.token, self.token_now)
    }

    /// Whether this process is still the one that took it: false in a child that was forked since.
    #[inline(always)]
    pub(in crate::sync) fn is_ours(&self) -> bool {
        self.is_ours_by_word() || process::is_kept_apart(self.token)
    }

    /// The same, where the word tells: if not, it may still be ours.
    #[inline(always)]
    pub(in crate::sync) fn is_ours_by_word(&self) -> bool {
        self.token_now.load(Acquire) == self.token
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
        if self.cell.control().flags.load(Relaxed) & STARVED != 0 {
            self.cell.pause_for_readers();
        }
        let mut sequence = self.sequence();
        self.publish_after(&mut sequence, value)
    }

    /// The sequence number, which nobody else changes until this is dropped.
    #[inline(always)]
    pub(in crate::sync) fn sequence(&self) -> u64 {
        self.cell.sequence().load(Acquire)
    }

    /// [`publish`](Self::publish), for one who knows the sequence number, which is brought up to date, and who
    /// [tells](Self::tell) those who wait himself.
    #[inline(always)]
    pub(in crate::sync) fn publish_after(&self, sequence: &mut u64, value: &V) -> u64 {
        let free = seqlock::free_slot(*sequence);
        let slot = self.cell.slot(free);
        prepare_copy_in::<V>(slot);
        let version = seqlock::write_after(self.cell.sequence(), *sequence, |index| {
            debug_assert_eq!(index, free);
            failpoint::reach(Step::StoreOdd);
            // SAFETY: a slot of ours, aligned, a whole number of units; `value` is a V, which has no padding.
            unsafe { copy_in(value, slot) }
            failpoint::reach(Step::StoreCopied);
        });
        failpoint::reach(Step::StoreEven);
        *sequence = seqlock::stable_at(version);
        version
    }

    /// Tells waiters of what was published, without giving the lock back, if that needs no more than a look. Otherwise it
    /// returns `false`, and [`tell_slowly`](Self::tell_slowly) has to be called.
    #[inline(always)]
    pub(in crate::sync) fn tell(&self, fences: Fences) -> bool {
        let control = self.cell.control();
        let is_plain = control.flags.load(Relaxed) | fences.0 == 0;
        if is_plain && version_waiters::take(&control.lock, &control.bell, false) {
            self.wake_told();
        }
        is_plain
    }

    /// Tells waiters of what was published, after a full barrier if that is needed, and pauses for readers that ask.
    pub(in crate::sync) fn tell_slowly(&self, fences: Fences) {
        let control = self.cell.control();
        let flags = control.flags.load(Relaxed) | fences.0;
        if version_waiters::take(&control.lock, &control.bell, flags & NEED_FENCE != 0) {
            self.wake_told();
        }
        if flags & STARVED != 0 {
            self.cell.pause_for_readers();
        }
    }

    #[cold]
    fn wake_told(&self) {
        failpoint::reach(Step::StoreUntold);
        self.cell.wake_waiters();
    }
}

/// Whether a holder needs a full barrier after each store, as waiters cannot have it execute one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::sync) struct Fences(u32);

impl Fences {
    /// Waiters have the kernel execute the barriers.
    pub(in crate::sync) const BY_WAITERS: Self = Self(0);
    /// The kernel refuses that to this process.
    pub(in crate::sync) const BY_HOLDER: Self = Self(NEED_FENCE);
    /// The kernel was not asked yet, as there may be no second store.
    pub(in crate::sync) const BEFORE_FIRST_STORE: Self = Self(NEED_FENCE | 1 << 30);
    /// It is asked after the second store.
    pub(in crate::sync) const BEFORE_SECOND_STORE: Self = Self(NEED_FENCE | 1 << 31);
}

impl<V: ShmValue> Drop for WriteGuard<'_, V> {
    /// In a child that was forked since, the parent's lock stays the parent's.
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
