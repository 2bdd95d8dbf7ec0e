//! A `Versioned` of values of any type.
//!
//! # Safety
//!
//! As `raw.rs`.
#![allow(unsafe_code)]

use std::time::Duration;

use crate::error::{Busy, PartName, WaitError};
use crate::layout::schema::Kind;
use crate::sync::backoff::Limit;
use crate::sync::describe::PartRef;
use crate::sync::raw::RawPart;
use crate::sync::shape::Bytes;
use crate::sync::thread_mark::ThreadMark;
use crate::sync::untyped::VersionedOffsets;
use crate::sync::value_ref::{GuardOf, ValueOf};
use crate::sync::waiting::Condition;
use crate::sys::shm::Access;

/// The value of a `Versioned`, or of an entry of a `Map`.
#[derive(Clone, Copy)]
pub(crate) struct RawVersioned<'a> {
    value: ValueOf<'a, Bytes>,
    part: PartRef,
}

impl<'a> RawPart<'a> {
    /// The value. `None` if the part is no `Versioned`.
    pub(crate) fn versioned(self) -> Option<RawVersioned<'a>> {
        let &Kind::Versioned { value } = self.schema().kind() else { return None };
        let at = VersionedOffsets::of(value.size() as u64, value.align() as u64)?;
        let slots = self.address().wrapping_add(at.slot_0 as usize).cast();
        // SAFETY: the part is a `Versioned`, which begins with the side of its writers.
        let writers = unsafe { self.words(0) };
        // SAFETY: its sequence number is at this offset.
        let sequence = unsafe { self.words(at.sequence) };
        // SAFETY: two slots for values of this size and alignment, mapped while `'a` lasts.
        let value = unsafe { ValueOf::new(writers, sequence, slots, Bytes::new(value.size(), value.align())) };
        Some(RawVersioned { value, part: self.part() })
    }
}

impl<'a> RawVersioned<'a> {
    pub(crate) fn version(self) -> u64 {
        self.value.version()
    }

    /// Copies the newest version, and returns its number. `bytes` has the size of the value.
    ///
    /// # Errors
    ///
    /// [`WaitError::NeverWhole`] if no copy was whole in this time.
    pub(crate) fn read(self, bytes: &mut [u8], time: Duration) -> Result<u64, WaitError> {
        let version = self.value.read_within(bytes, Access::ReadWrite, time);
        version.ok_or_else(|| WaitError::NeverWhole { part: self.part.name(), waited: time })
    }

    /// Takes the write lock.
    pub(crate) fn lock(self, limit: Limit) -> Result<RawGuard<'a>, Busy> {
        let guard = self.value.lock(limit).map_err(|error| self.part.busy(error))?;
        Ok(RawGuard { _mark: guard.held().mark_thread(), guard })
    }

    /// The condition that there is a version newer than `seen`.
    pub(crate) fn newer_than(self, seen: u64) -> Condition<'a> {
        self.value.newer_than(seen)
    }

    pub(crate) fn name(self) -> PartName {
        self.part.name()
    }
}

/// The write lock of a value, taken by this process. Freed when dropped.
pub(crate) struct RawGuard<'a> {
    // Dropped before `guard`, so that the mark is there only while this thread has the lock.
    _mark: ThreadMark<'a>,
    guard: GuardOf<'a, Bytes>,
}

impl RawGuard<'_> {
    /// Copies the newest version, and returns its number. `bytes` has the size of the value.
    pub(crate) fn read(&self, bytes: &mut [u8]) -> u64 {
        self.guard.read(bytes)
    }

    /// Makes `bytes` the newest version, and returns its number. They have the size of the value.
    pub(crate) fn publish(&self, bytes: &[u8]) -> u64 {
        self.guard.publish(bytes)
    }

    /// Returns `false` in a child that was forked since the lock was taken.
    pub(crate) fn is_ours(&self) -> bool {
        self.guard.held().is_ours()
    }
}
