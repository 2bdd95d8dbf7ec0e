//! A value that is read and written as a whole: its words and slots, wherever they are in memory.
//!
//! They are those of a `Versioned`, or those of an entry of a `Map`:
//! - the side of its writers, with the flag *starved* in bit 0;
//! - the sequence number: see `seqlock.rs`;
//! - two slots, one after the other. The even versions are in slot 0, the odd ones in slot 1.
//!
//! # Safety
//!
//! Assumes that the memory of the slots is mapped while a [`ValueRef`] is used. Promises that slots are touched only by
//! the copies of [`crate::sync::copy`], and that no reference to a slot ever exists. A copy is only bytes, until
//! `bits.rs` has checked that they are a `V`. None of this relies on the protocol. A process that breaks it can tear
//! values or block writers, but never make a reader unsound.
#![allow(unsafe_code)]

mod write_guard;

use std::hint::spin_loop;
use std::mem::MaybeUninit;
use std::time::{Duration, Instant};

use super::atomics::AtomicU64;
use super::atomics::Ordering::{Acquire, Relaxed};
use super::backoff::{Backoff, Limit};
use super::copy::Unit;
use super::locking::AcquireError;
use super::seqlock;
use super::shape::{Shape, Typed};
use super::side::Side;
use super::waiting::Condition;
use crate::error::InvalidValue;
use crate::layout::ShmValue;
use crate::layout::view::load_read_only;
use crate::sys::failpoint::{self, Step};
use crate::sys::shm::Access;
use crate::value::bits;

pub(super) use write_guard::{GuardOf, WriteGuard};

/// A reader was rejected again and again. The next store begins with a pause. A [`Writer`](crate::Writer) makes the
/// pause after its store.
const STARVED: u32 = 1 << 0;

/// The number of rejections in a row after which a reader counts as starved.
const STARVED_AFTER: u32 = 4;

/// The words and slots of a value of any shape, shared with other processes.
#[derive(Clone, Copy)]
pub(super) struct ValueOf<'a, S> {
    writers: &'a Side,
    sequence: &'a AtomicU64,
    // INVARIANT: two slots of the shape are mapped from here while `'a` lasts, aligned to a unit, writable through this
    // pointer unless the mapping is read-only.
    slots: *mut Unit,
    shape: S,
}

/// The words and slots of a value of a type of this program.
pub(super) type ValueRef<'a, V> = ValueOf<'a, Typed<V>>;

// SAFETY: gives access to atomics and to atomic copies only, and values cross threads only by copy.
unsafe impl<S: Send> Send for ValueOf<'_, S> {}
// SAFETY: as above.
unsafe impl<S: Sync> Sync for ValueOf<'_, S> {}

impl<'a, S: Shape> ValueOf<'a, S> {
    /// # Safety
    ///
    /// `slots` is as the invariant says, for `'a`.
    #[inline(always)]
    pub(super) unsafe fn new(writers: &'a Side, sequence: &'a AtomicU64, slots: *mut Unit, shape: S) -> Self {
        Self { writers, sequence, slots, shape }
    }

    /// The condition that there is a version newer than `seen`.
    pub(super) fn newer_than(self, seen: u64) -> Condition<'a> {
        Condition::Version { writers: self.writers, sequence: self.sequence, seen }
    }

    /// Returns the address of slot 0 or 1. It never becomes a reference.
    #[inline(always)]
    fn slot(self, index: usize) -> *mut Unit {
        self.slots.wrapping_byte_add((index & 1) * self.shape.slot_size())
    }

    /// Returns the number of the newest version. All that was done before it was stored is visible after this.
    #[inline]
    pub(super) fn version(self) -> u64 {
        seqlock::version(load_read_only(Acquire, || self.sequence.load(Relaxed)))
    }

    /// Copies all bytes of the newest version, and returns its number.
    ///
    /// Takes no lock, but begins again if a writer was faster. After some attempts it asks the writers for a pause.
    /// That writes to the memory, so a read-only process cannot do it.
    #[inline(always)]
    pub(super) fn read(self, value: &mut S::Buffer, access: Access) -> u64 {
        match self.try_read(value) {
            Some(version) => version,
            None => Self::read_again(self.writers, self.sequence, self.slots, self.shape, value, access),
        }
    }

    /// The arguments are the words and slots of a value. As one struct, they would be in memory in the fast path, too.
    #[cold]
    fn read_again(
        writers: &'a Side,
        sequence: &'a AtomicU64,
        slots: *mut Unit,
        shape: S,
        value: &mut S::Buffer,
        access: Access,
    ) -> u64 {
        let this = Self { writers, sequence, slots, shape };
        this.retry(access, None, || this.try_read(value)).expect("there is no limit")
    }

    /// [`read`](Self::read) with a limit. `None` once the time is over. Then `value` means nothing.
    pub(super) fn read_within(self, value: &mut S::Buffer, access: Access, timeout: Duration) -> Option<u64> {
        // Most often the first attempt succeeds, and no clock is read.
        self.try_read(value).or_else(|| {
            let limit = Backoff::new(Limit::Within(timeout));
            self.retry(access, Some(&limit), || self.try_read(value))
        })
    }

    /// Repeats a rejected `attempt` to read until it succeeds, or until the time is over.
    #[cold]
    fn retry(self, access: Access, limit: Option<&Backoff>, mut attempt: impl FnMut() -> Option<u64>) -> Option<u64> {
        let mut rejections = 1;
        loop {
            spin_loop();
            if let Some(version) = attempt() {
                return Some(version);
            }
            rejections += 1;
            if access == Access::ReadWrite && rejections >= STARVED_AFTER {
                self.ask_for_pause();
            }
            if limit.is_some_and(Backoff::is_over) {
                return None;
            }
        }
    }

    /// Copies the newest version's bytes once. All bytes of `value` are initialized. They belong together if a version
    /// number is returned.
    #[inline(always)]
    pub(super) fn try_read(self, value: &mut S::Buffer) -> Option<u64> {
        seqlock::try_read(self.sequence, |slot| {
            // SAFETY: a slot of this shape, by the invariant.
            unsafe { self.shape.copy_out(self.slot(slot), value) }
        })
    }

    /// Takes the write lock.
    ///
    /// A process that died with the lock has changed nothing. The version that it had begun to write is not valid, and
    /// its slot is written again.
    #[inline(always)]
    pub(super) fn lock(self, limit: Limit) -> Result<GuardOf<'a, S>, AcquireError> {
        let held = self.writers.lock(limit)?;
        failpoint::reach(Step::WriteLockTaken);
        Ok(GuardOf::new(held, self))
    }

    /// Takes the write lock if it is free and no process waits for it. Reads no clock.
    #[inline(always)]
    pub(super) fn lock_at_once(self) -> Option<GuardOf<'a, S>> {
        let held = self.writers.lock_at_once()?;
        failpoint::reach(Step::WriteLockTaken);
        Some(GuardOf::new(held, self))
    }

    /// Makes `value` the version after `floor` and after all earlier ones, where no reader looks for it yet. Returns
    /// the number.
    #[inline(always)]
    pub(super) fn begin_with(self, value: &S::Value, floor: u64) -> u64 {
        let version = seqlock::version(self.sequence.load(Relaxed)).max(floor).wrapping_add(1);
        let stable = seqlock::stable_at(version);
        // SAFETY: a slot of this shape, by the invariant.
        unsafe { self.shape.copy_in(value, self.slot((version & 1) as usize)) };
        self.sequence.store(stable, Relaxed);
        version
    }

    /// Sets the flag that makes the next store pause.
    fn ask_for_pause(self) {
        let flags = self.writers.flags();
        if flags.load(Relaxed) & STARVED == 0 {
            flags.fetch_or(STARVED, Relaxed);
        }
    }

    /// Gives starved readers time to copy the newest version, before its slot can be written again.
    #[cold]
    fn pause_for_readers(writers: &Side, shape: S) {
        writers.flags().fetch_and(!STARVED, Relaxed);
        // Two copies of a value whose lines are in another core's cache. The first line takes some 150 ns. After it, 16
        // bytes arrive in about one nanosecond.
        let pause = Duration::from_nanos(2 * (150 + shape.size() as u64 / 16));
        let start = Instant::now();
        while start.elapsed() < pause {
            spin_loop();
        }
    }
}

impl<V: ShmValue> ValueRef<'_, V> {
    /// Returns the newest version and its value.
    #[inline(always)]
    pub(super) fn load(self, access: Access) -> Result<(u64, V), InvalidValue> {
        let mut bytes = MaybeUninit::uninit();
        let version = self.read(&mut bytes, access);
        // SAFETY: `read` has initialized all bytes.
        Ok((version, unsafe { bits::checked(bytes) }?))
    }
}

#[cfg(test)]
mod tests;
