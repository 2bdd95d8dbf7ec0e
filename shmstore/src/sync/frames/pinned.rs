//! `Pinned`: a frame that no process overwrites.
//!
//! # Safety
//!
//! As `frames.rs`.
#![allow(unsafe_code)]

mod read;

use std::fmt;
use std::mem::MaybeUninit;
use std::slice;

use super::Frames;
use super::pins::{self, Pin};
use crate::error::InvalidValue;
use crate::layout::{AnyBits, DebugValue, ShmLayout, ShmValue};
use crate::segment::this_process;
use crate::sync::atomics::Ordering::Relaxed;
use crate::sync::copy::copy_out;
use crate::sync::describe::belongs_to_the_parent;
use crate::value::bits;

/// A frame of [`Frames`] that no process overwrites until this is dropped. [`Frames::pin_newest`] returns it.
///
/// A pin belongs to its process, so threads can share it. If the process is killed, a writer takes the slot back. While
/// it is stopped, the frame stays whole.
///
/// # How to read the elements
///
/// | method | what it gives | time, beside a loop over a slice |
/// |---|---|---|
/// | [`blocks`](Self::blocks) | slices of about 1 KiB, in order | 0.8 to 1.1, and up to 2 if the frame is in the cache |
/// | [`arrays`](Self::arrays) | arrays of a fixed length, in registers if they have 64 bytes | 0.8 to 1.3 |
/// | [`rows`](Self::rows) | rows of an image | 0.8 to 1.7 |
/// | [`copy_into`](Self::copy_into), [`to_vec`](Self::to_vec) | a copy | a copy |
/// | [`write_to`](Self::write_to) | the kernel writes it to a file or socket | the kernel's copy |
/// | [`as_racy`](Self::as_racy) | one element at a time | 1.6 for `u64`, 2 for `f32`, 6 for `u8` |
/// | [`as_slice`](Self::as_slice) | a slice in place, `unsafe` | 1 |
///
/// There is no safe slice in place, because nothing keeps a process from writing to memory that it has mapped. A
/// process that uses shmstore does not write to a pinned frame.
///
/// In a child of `fork` an inherited pin belongs to the parent. The child can only drop it, which does nothing.
///
/// ```
/// use shmstore::Frames;
///
/// static SAMPLES: Frames<f32, 1024, 4> = Frames::new();
/// let mut frame = SAMPLES.try_loan()?;
/// frame.copy_from(&[0.5; 1000])?;
/// frame.publish()?; // most often another process
///
/// let samples = SAMPLES.pin_newest()?.expect("a frame");
/// let mut sum = 0.0;
/// samples.blocks(|_, block| sum += block.iter().sum::<f32>());
/// assert_eq!((samples.len(), sum), (1000, 500.0));
/// # Ok::<(), shmstore::Error>(())
/// ```
#[must_use = "a pin that is dropped protects no frame"]
pub struct Pinned<'a, E: ShmValue, const N: usize, const K: usize, M: ShmValue = ()> {
    frames: &'a Frames<E, N, K, M>,
    pin: Pin,
    len: usize,
    missed: u64,
    meta: M,
}

impl<'a, E: ShmValue, const N: usize, const K: usize, M: ShmValue> Pinned<'a, E, N, K, M> {
    /// Loads the number of elements and the metadata of a frame that was just pinned, once. If the metadata is not a
    /// valid value, the pin is removed.
    #[inline]
    pub(super) fn new(frames: &'a Frames<E, N, K, M>, pin: Pin, missed: u64) -> Result<Self, InvalidValue> {
        let (len, meta) = load(frames, pin.frame.slot);
        match meta {
            Ok(meta) => Ok(Self { frames, pin, len, missed, meta }),
            Err(invalid) => {
                frames.core().unpin(pin);
                Err(invalid)
            }
        }
    }

    /// Returns the number of the frame. The first one has number 1.
    #[must_use]
    #[inline]
    pub fn number(&self) -> u64 {
        self.pin.frame.number
    }

    /// Returns how many frames were published between the last one that the caller has seen and this one. It means
    /// nothing after `wait_newer(0, …)`. 0 for frames of [`Frames::pin_newest`] and [`Frames::pin`].
    #[must_use]
    #[inline]
    pub fn missed(&self) -> u64 {
        self.missed
    }

    /// Returns the metadata.
    #[must_use]
    #[inline]
    pub fn meta(&self) -> &M {
        &self.meta
    }

    /// Returns the number of elements, `N` at most.
    #[must_use]
    #[inline]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Returns `true` if the frame has no elements.
    #[must_use]
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Returns `true` if the pin is still there. `false` if another process has removed it, because it believed that
    /// this process was dead, or because it broke the protocol. Then the elements may have been overwritten.
    #[must_use]
    pub fn is_intact(&self) -> bool {
        pins::is_intact(&self.frames.cell.protocol_words(), self.pin)
    }

    /// Returns the address of the first element, aligned to at least 64 bytes. There are [`len`](Self::len) of them.
    ///
    /// For libraries and devices that read from an address. No process that uses shmstore writes there while the pin
    /// lives: see [`as_slice`](Self::as_slice).
    ///
    /// # Panics
    ///
    /// Panics in a process that was forked since the frame was pinned.
    #[must_use]
    #[track_caller]
    pub fn as_ptr(&self) -> *const E {
        self.check_owner();
        self.frames.cell.elements(self.pin.frame.slot).cast_const().cast()
    }

    /// Returns the elements as a slice in shared memory.
    ///
    /// For code that takes slices, such as that of ndarray, and that cannot afford a copy.
    ///
    /// ```
    /// use shmstore::Frames;
    ///
    /// static SAMPLES: Frames<f32, 1024, 4> = Frames::new();
    /// let mut frame = SAMPLES.try_loan()?;
    /// frame.copy_from(&[0.5; 1000])?;
    /// frame.publish()?;
    /// let samples = SAMPLES.pin_newest()?.expect("a frame");
    /// // SAFETY: no other process has these frames, and this one does not fork.
    /// let slice = unsafe { samples.as_slice() };
    /// assert_eq!(slice.iter().sum::<f32>(), 500.0);
    /// # Ok::<(), shmstore::Error>(())
    /// ```
    ///
    /// # Panics
    ///
    /// Panics in a process that was forked since the frame was pinned.
    ///
    /// # Safety
    ///
    /// While the slice lives,
    ///
    /// - every process with write permission changes the object only through shmstore,
    /// - this process keeps all descriptors that it did not open, by which processes of other PID namespaces see that
    ///   it is alive,
    /// - and this process does not fork, because its pins do not protect what a child reads.
    #[must_use]
    #[track_caller]
    pub unsafe fn as_slice(&self) -> &[E]
    where
        E: AnyBits,
    {
        // SAFETY: `len` elements are there, aligned, and all bits are valid. By the contract no process writes them
        // while the pin lives, which is borrowed.
        unsafe { slice::from_raw_parts(self.as_ptr(), self.len) }
    }

    #[inline]
    #[track_caller]
    pub(super) fn check_owner(&self) {
        if !this_process::is_ours(self.pin.token) {
            belongs_to_the_parent::<Frames<E, N, K, M>>("a `Pinned`", "read it");
        }
    }
}

/// Loads the number of elements and the metadata of the frame in a slot. A peer may have stored any number.
#[inline]
pub(super) fn load<E: ShmValue, const N: usize, const K: usize, M: ShmValue>(
    frames: &Frames<E, N, K, M>,
    slot: u64,
) -> (usize, Result<M, InvalidValue>) {
    let len = frames.cell.len(slot).load(Relaxed).min(N as u64) as usize;
    let mut meta = MaybeUninit::uninit();
    // SAFETY: the metadata of a frame of this part, aligned, a whole number of units. `meta` has room for an M.
    unsafe { copy_out(frames.cell.meta(slot), meta.as_mut_ptr()) };
    // SAFETY: all bytes were copied.
    (len, unsafe { bits::checked(meta) })
}

impl<E: ShmValue, const N: usize, const K: usize, M: ShmValue> Drop for Pinned<'_, E, N, K, M> {
    #[inline]
    fn drop(&mut self) {
        if this_process::is_ours(self.pin.token) {
            self.frames.core().unpin(self.pin);
        }
    }
}

impl<E: ShmValue, const N: usize, const K: usize, M: DebugValue> fmt::Debug for Pinned<'_, E, N, K, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let part = Frames::<E, N, K, M>::SCHEMA.to_string();
        let mut shown = f.debug_struct("Pinned");
        shown.field("frames", &part).field("number", &self.number()).field("meta", &self.meta);
        shown.field("len", &self.len).finish()
    }
}
