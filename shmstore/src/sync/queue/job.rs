//! `Job`: an item that a process has taken, and not finished.
//!
//! # Safety
//!
//! As `queue.rs`.
#![allow(unsafe_code)]

use std::fmt;
use std::mem::{self, MaybeUninit};
use std::ops::Deref;

use super::Queue;
use super::consume::copier;
use super::delivery::Taken;
use crate::error::{JobLost, PopError};
use crate::layout::{DebugValue, ShmLayout, ShmValue};
use crate::segment::this_process;
use crate::value::bits;

/// An item that this process has [taken](Queue::take) from a [`Queue`], and not finished. It dereferences to a copy of
/// the item.
///
/// [`done`](Self::done) finishes the item. If the job is dropped before `done`, also by a panic, or if its process is
/// killed, the item returns to the queue and is delivered again. A job belongs to its process, so another thread may
/// finish it.
///
/// In a child of `fork` an inherited job belongs to the parent. The child can only drop it, which does nothing.
///
/// ```
/// use shmstore::Queue;
///
/// let (queue, put_aside) = (Queue::<[u64; 2], 8>::new(), Queue::<[u64; 2], 8>::new());
/// queue.push([6, 7])?;
///
/// let job = queue.take()?;
/// if job.deliveries() <= 5 {
///     println!("{}", job[0] * job[1]);
/// } else {
///     put_aside.try_push(*job)?; // it may have killed its earlier workers
/// }
/// job.done()?;
/// # Ok::<(), shmstore::Error>(())
/// ```
#[must_use = "a job that is dropped is returned to its queue: call `done`"]
pub struct Job<'a, V: ShmValue, const N: usize> {
    queue: &'a Queue<V, N>,
    taken: Taken,
    token: u32,
    value: V,
}

impl<'a, V: ShmValue, const N: usize> Job<'a, V, N> {
    /// Copies the value of a taken item. If its bytes are not a valid value, the item is finished.
    #[inline(always)]
    pub(super) fn new(queue: &'a Queue<V, N>, taken: Taken, token: u32) -> Result<Self, PopError> {
        let mut value = MaybeUninit::uninit();
        copier(&mut value)(0, queue.core().ring.value(taken.index).cast_const());
        // SAFETY: all bytes were copied.
        match unsafe { bits::checked(value) } {
            Ok(value) => Ok(Self { queue, taken, token, value }),
            Err(invalid) => {
                queue.core().finish(taken);
                Err(PopError::InvalidValue(invalid))
            }
        }
    }

    /// Returns how often the item was delivered, this time included. Counts up to 7.
    ///
    /// A high count may mean that the item itself kills its consumers.
    #[must_use]
    pub fn deliveries(&self) -> u32 {
        self.taken.deliveries()
    }

    /// Finishes the item. It is not delivered again, and its slot is free.
    ///
    /// # Errors
    ///
    /// [`JobLost`] if this process no longer has the item.
    ///
    /// # Panics
    ///
    /// Panics in a process that was forked since the item was taken.
    #[inline]
    #[track_caller]
    pub fn done(self) -> Result<(), JobLost> {
        if !this_process::is_ours(self.token) {
            not_ours::<V, N>();
        }
        let (core, taken) = (self.queue.core(), self.taken);
        mem::forget(self);
        if core.finish(taken) { Ok(()) } else { Err(JobLost { queue: core.part.name() }) }
    }
}

#[cold]
#[track_caller]
fn not_ours<V: ShmValue, const N: usize>() -> ! {
    panic!(
        "a process that was forked with a `Job` of `{}` must not finish it. It belongs to the parent",
        Queue::<V, N>::SCHEMA
    )
}

impl<V: ShmValue, const N: usize> Drop for Job<'_, V, N> {
    fn drop(&mut self) {
        if this_process::is_ours(self.token) {
            self.queue.core().give_back(self.taken);
        }
    }
}

impl<V: ShmValue, const N: usize> Deref for Job<'_, V, N> {
    type Target = V;

    #[inline]
    fn deref(&self) -> &V {
        &self.value
    }
}

impl<V: DebugValue, const N: usize> fmt::Debug for Job<'_, V, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Job").field("deliveries", &self.deliveries()).field("value", &self.value).finish()
    }
}
