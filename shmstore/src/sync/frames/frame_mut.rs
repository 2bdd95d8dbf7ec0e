//! `FrameMut`: a slot that this process fills.
//!
//! # Safety
//!
//! As `frames.rs`.
#![allow(unsafe_code)]

mod fill;

use std::fmt;
use std::mem;
use std::slice;

use super::Frames;
use super::core::Loan;
use crate::error::{FrameLost, TooLong};
use crate::layout::{AnyBits, ShmLayout, ShmValue};
use crate::segment::this_process;
use crate::sync::atomics::Ordering::Release;
use crate::sync::copy::copy_in;
use crate::sync::describe::belongs_to_the_parent;
use crate::sys::failpoint::{self, Step};

/// A slot of [`Frames`] that this process fills. [`Frames::try_loan`] and [`Frames::loan_timeout`] return it.
///
/// [`publish`](Self::publish) makes it the newest frame. If it is dropped before, also by a panic, or if its process is
/// killed, the slot is free again, and no reader has seen anything. A loan belongs to its process, so another thread
/// may fill and publish it.
///
/// A new loan has no elements. The bytes of its slot are those of an earlier frame, or zero.
///
/// In a child of `fork` an inherited loan belongs to the parent. The child can only drop it, which does nothing.
#[must_use = "a loan that is dropped is not published: call `publish`"]
pub struct FrameMut<'a, E: ShmValue, const N: usize, const K: usize, M: ShmValue = ()> {
    frames: &'a Frames<E, N, K, M>,
    loan: Loan,
    pub(super) len: usize,
    meta: M,
}

impl<'a, E: ShmValue, const N: usize, const K: usize, M: ShmValue> FrameMut<'a, E, N, K, M> {
    #[inline]
    pub(super) fn new(frames: &'a Frames<E, N, K, M>, loan: Loan) -> Self {
        frames.cell.prepare_to_write(loan.slot);
        Self { frames, loan, len: 0, meta: M::zeroed() }
    }

    /// Sets the metadata. Without this call, all its bytes are zero.
    #[inline]
    pub fn set_meta(&mut self, meta: M) {
        self.meta = meta;
    }

    /// Returns the number of elements that the frame will have.
    #[must_use]
    #[inline]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Returns `true` if the frame will have no elements.
    #[must_use]
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Returns the number of elements that the frame has room for: `N`.
    #[must_use]
    pub const fn capacity(&self) -> usize {
        N
    }

    /// Sets the number of elements. Elements that were not written have the bytes of an earlier frame, or zeros.
    ///
    /// # Errors
    ///
    /// [`TooLong`] if the frame has no room for so many.
    #[inline]
    pub fn set_len(&mut self, len: usize) -> Result<(), TooLong> {
        if len > N {
            return Err(TooLong { len, capacity: N });
        }
        self.len = len;
        Ok(())
    }

    /// Publishes the frame, as the newest one, and returns its number. Wakes the readers that wait for it. Waits while
    /// another process loans or publishes, which takes less than a microsecond.
    ///
    /// Waits while another thread or process loans or publishes a frame. This has no limit: a process that is stopped at
    /// such a moment, or that breaks the protocol, can hold the call up.
    ///
    /// # Errors
    ///
    /// [`FrameLost`] if this process no longer has the slot.
    ///
    /// # Panics
    ///
    /// Panics in a process that was forked since the slot was loaned.
    #[inline]
    #[track_caller]
    pub fn publish(self) -> Result<u64, FrameLost> {
        self.check_owner();
        let (frames, loan) = (self.frames, self.loan);
        let cell = &frames.cell;
        cell.len(loan.slot).store(self.len as u64, Release);
        // SAFETY: the metadata of a frame of this part, aligned, with room for whole units. `meta` is an M, which has
        // no padding.
        unsafe { copy_in(&self.meta, cell.meta(loan.slot)) };
        mem::forget(self);
        failpoint::reach(Step::FrameFilled);
        let core = frames.core();
        core.publish(loan).ok_or_else(|| FrameLost { frames: core.part.name() })
    }

    /// Returns the address of the first element. There is room for `N` elements, aligned to at least 64 bytes.
    ///
    /// For libraries and devices that write to an address. Read-only processes may read what is written there, and
    /// processes that break the protocol may write there too: see [`as_mut_slice`](Self::as_mut_slice).
    ///
    /// # Panics
    ///
    /// Panics in a process that was forked since the slot was loaned.
    #[must_use]
    #[track_caller]
    pub fn as_mut_ptr(&mut self) -> *mut E {
        self.check_owner();
        self.frames.cell.elements(self.loan.slot).cast()
    }

    /// Returns all `N` elements as a slice in shared memory, with the bytes of an earlier frame, or zeros. Call
    /// [`set_len`](Self::set_len) afterwards.
    ///
    /// ```
    /// use shmstore::Frames;
    ///
    /// static SAMPLES: Frames<f32, 1024, 4> = Frames::new();
    /// let mut frame = SAMPLES.try_loan()?;
    /// // SAFETY: no other process has these frames, and this one does not fork.
    /// let samples = unsafe { frame.as_mut_slice() };
    /// samples[..100].fill(0.5);
    /// frame.set_len(100)?;
    /// frame.publish()?;
    /// # Ok::<(), shmstore::Error>(())
    /// ```
    ///
    /// # Panics
    ///
    /// Panics in a process that was forked since the slot was loaned.
    ///
    /// # Safety
    ///
    /// As for [`Pinned::as_slice`](super::Pinned::as_slice). Read-only processes may copy the bytes meanwhile, and
    /// throw them away.
    #[must_use]
    #[track_caller]
    pub unsafe fn as_mut_slice(&mut self) -> &mut [E]
    where
        E: AnyBits,
    {
        // SAFETY: `N` elements are there, aligned, initialized, and all bits are valid. By the contract no other
        // process writes them while the loan lives, which is borrowed exclusively.
        unsafe { slice::from_raw_parts_mut(self.as_mut_ptr(), N) }
    }

    #[inline]
    #[track_caller]
    pub(super) fn check_owner(&self) {
        if !this_process::is_ours(self.loan.token) {
            belongs_to_the_parent::<Frames<E, N, K, M>>("a `FrameMut`", "fill or publish it");
        }
    }
}

impl<E: ShmValue, const N: usize, const K: usize, M: ShmValue> Drop for FrameMut<'_, E, N, K, M> {
    fn drop(&mut self) {
        if this_process::is_ours(self.loan.token) {
            self.frames.core().give_back(self.loan);
        }
    }
}

impl<E: ShmValue, const N: usize, const K: usize, M: ShmValue> fmt::Debug for FrameMut<'_, E, N, K, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let part = Frames::<E, N, K, M>::SCHEMA.to_string();
        f.debug_struct("FrameMut").field("frames", &part).field("len", &self.len).field("capacity", &N).finish()
    }
}
