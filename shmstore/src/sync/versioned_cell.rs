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
mod write_guard;

use std::cell::UnsafeCell;
use std::hint::spin_loop;
use std::mem::{self, MaybeUninit};
use std::time::{Duration, Instant};

use super::atomics::AtomicU64;
use super::atomics::Ordering::{Acquire, Relaxed};
use super::backoff::{Backoff, Limit};
use super::copy::{Unit, copy_out};
use super::locking::AcquireError;
use super::seqlock;
use super::side::{Side, Sided};
use super::untyped::VersionedOffsets;
use crate::layout::ShmValue;
use crate::layout::view::load_read_only;
use crate::sys::failpoint::{self, Step};
use crate::sys::shm::Access;

use memory::{Control, Memory};
pub(super) use write_guard::WriteGuard;

/// A reader was rejected again and again. The next store begins with a pause. A [`Writer`](crate::Writer) makes the
/// pause after its store.
const STARVED: u32 = 1 << 0;

/// The number of rejections in a row after which a reader counts as starved.
const STARVED_AFTER: u32 = 4;

/// The memory of a `Versioned<V>`, shared with other processes.
#[repr(transparent)]
pub(super) struct VersionedCell<V> {
    // INVARIANT: only the control words are ever referenced. Slots are reached by `slot()` alone.
    memory: UnsafeCell<Memory<V>>,
}

// SAFETY: `&self` gives access to atomics and to atomic copies only, and values cross threads only by copy (`V: Send`).
unsafe impl<V: Send + Sync> Sync for VersionedCell<V> {}

impl<V: ShmValue> Sided for VersionedCell<V> {
    #[inline(always)]
    fn side(&self) -> &Side {
        self.writers()
    }
}

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

    #[inline(always)]
    pub(super) fn writers(&self) -> &Side {
        // SAFETY: in bounds and aligned, as `self` is. Nothing but atomics, which others may write meanwhile.
        let control = unsafe { &*self.memory.get().cast::<Control>() };
        &control.writers
    }

    #[inline(always)]
    fn sequence(&self) -> &AtomicU64 {
        let at = self.memory.get().cast::<u8>().wrapping_add(Self::OFFSETS.sequence as usize);
        // SAFETY: in bounds and aligned, as asserted of `OFFSETS`. An atomic, which others may write meanwhile.
        unsafe { &*at.cast::<AtomicU64>() }
    }

    /// Returns the address of slot 0 or 1. It is writable, through the cell, for `OFFSETS.slot_size` bytes. It never
    /// becomes a reference.
    #[inline(always)]
    fn slot(&self, index: usize) -> *mut Unit {
        let offset = Self::OFFSETS.slot_0 as usize + (index & 1) * Self::OFFSETS.slot_size as usize;
        self.memory.get().cast::<u8>().wrapping_add(offset).cast()
    }

    /// Returns the number of the newest version. All that was done before it was stored is visible after this.
    #[inline]
    pub(super) fn version(&self) -> u64 {
        seqlock::version(load_read_only(Acquire, || self.sequence().load(Relaxed)))
    }

    /// Copies all bytes of the newest version, and returns its number.
    ///
    /// Takes no lock, but begins again if a writer was faster. After some attempts it asks the writers for a pause.
    /// That writes to the memory, so a read-only process cannot do it.
    #[inline(always)]
    pub(super) fn read(&self, value: &mut MaybeUninit<V>, access: Access) -> u64 {
        match self.try_read(value) {
            Some(version) => version,
            None => self.retry(access, None, || self.try_read(value)).expect("there is no limit"),
        }
    }

    /// [`read`](Self::read) with a limit. `None` once the time is over. Then `value` means nothing.
    pub(super) fn read_within(&self, value: &mut MaybeUninit<V>, access: Access, timeout: Duration) -> Option<u64> {
        let limit = Backoff::new(Limit::Within(timeout));
        self.try_read(value).or_else(|| self.retry(access, Some(&limit), || self.try_read(value)))
    }

    /// Repeats a rejected `attempt` to read until it succeeds, or until the time is over.
    #[cold]
    fn retry(&self, access: Access, limit: Option<&Backoff>, mut attempt: impl FnMut() -> Option<u64>) -> Option<u64> {
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
    fn try_read(&self, value: &mut MaybeUninit<V>) -> Option<u64> {
        seqlock::try_read(self.sequence(), |slot| {
            // SAFETY: a slot of this cell, aligned, a whole number of units. `value` has room for a V.
            unsafe { copy_out(self.slot(slot), value.as_mut_ptr()) }
        })
    }

    /// Takes the write lock.
    ///
    /// A process that died with the lock has changed nothing. The version that it had begun to write is not valid, and
    /// its slot is written again.
    #[inline(always)]
    pub(super) fn lock(&self, limit: Limit) -> Result<WriteGuard<'_, V>, AcquireError> {
        let held = Sided::lock(self, limit)?;
        failpoint::reach(Step::WriteLockTaken);
        Ok(WriteGuard { held })
    }

    /// Sets the flag that makes the next store pause.
    fn ask_for_pause(&self) {
        let flags = self.writers().flags();
        if flags.load(Relaxed) & STARVED == 0 {
            flags.fetch_or(STARVED, Relaxed);
        }
    }

    /// Gives starved readers time to copy the newest version, before its slot can be written again.
    #[cold]
    fn pause_for_readers(&self) {
        self.writers().flags().fetch_and(!STARVED, Relaxed);
        let start = Instant::now();
        while start.elapsed() < Self::PAUSE {
            spin_loop();
        }
    }

    /// Two copies of a value whose lines are in another core's cache. The first line takes some 150 ns. After it, 16
    /// bytes arrive in about one nanosecond.
    const PAUSE: Duration = Duration::from_nanos(2 * (150 + size_of::<V>() as u64 / 16));
}

#[cfg(test)]
mod tests;
