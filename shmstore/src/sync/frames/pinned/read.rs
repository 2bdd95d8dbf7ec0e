//! Reading the elements of a pinned frame.
//!
//! # Safety
//!
//! As `frames.rs`.
#![allow(unsafe_code)]

use std::convert::Infallible;
use std::io;
use std::os::fd::AsFd;

use super::Pinned;
use crate::error::InvalidValue;
use crate::layout::{AnyBits, ShmValue};
use crate::sync::frames::elements::{Elements, Racy};

/// Reading of elements.
impl<E: ShmValue, const N: usize, const K: usize, M: ShmValue> Pinned<'_, E, N, K, M> {
    /// Calls `read` with all elements in order, one block of about 1 KiB at a time. `read` gets the index of the
    /// block's first element, and the block.
    ///
    /// A block is a private copy, so no process changes it. The processor copies the next block while it computes with
    /// this one. A block has the most elements that fit into 1 KiB and take whole cache lines: 1,024 of `u8`, 320 of 3
    /// bytes, 128 of `f64`. The last block may be shorter. For some sizes above 64 bytes there is no such number, and a
    /// block has as many elements as fit, or one.
    ///
    /// ```
    /// use shmstore::Frames;
    ///
    /// static SAMPLES: Frames<i32, 1000, 3> = Frames::new();
    /// let mut frame = SAMPLES.try_loan()?;
    /// frame.copy_from(&[5; 1000])?;
    /// frame.publish()?;
    ///
    /// let (mut sum, mut starts) = (0, Vec::new());
    /// SAMPLES.pin_newest()?.expect("a frame").blocks(|at, block| {
    ///     starts.push(at);
    ///     sum += block.iter().sum::<i32>(); // vectorizes
    /// });
    /// assert_eq!((sum, starts), (5000, vec![0, 256, 512, 768]));
    /// # Ok::<(), shmstore::Error>(())
    /// ```
    ///
    /// # Panics
    ///
    /// Panics in a process that was forked since the frame was pinned, as all methods that read elements do.
    #[inline]
    #[track_caller]
    pub fn blocks(&self, read: impl FnMut(usize, &[E]))
    where
        E: AnyBits,
    {
        let Ok(()) = self.elements().blocks(no_check::<Infallible>, read);
    }

    /// Calls `read` with one block after another, as [`blocks`](Self::blocks) does. For elements that have invalid
    /// bits.
    ///
    /// # Errors
    ///
    /// [`InvalidValue`] if the bytes of an element are not a valid `E`. It names the index. `read` gets the blocks
    /// before the one with this element.
    #[inline]
    #[track_caller]
    pub fn blocks_checked(&self, read: impl FnMut(usize, &[E])) -> Result<(), InvalidValue> {
        self.elements().blocks_checked(no_check, read)
    }

    /// Calls `read` with all elements in order, one array of `A` elements at a time. `read` gets the index of the
    /// array's first element, and the array. Returns the index of the first element after the last whole array.
    ///
    /// An array of 64, 128, 192 or 256 bytes is copied through registers. Other arrays are parts of blocks.
    ///
    /// ```
    /// use shmstore::Frames;
    ///
    /// static AUDIO: Frames<f32, 1000, 3> = Frames::new();
    /// let mut frame = AUDIO.try_loan()?;
    /// frame.copy_from(&[0.5; 1000])?;
    /// frame.publish()?;
    ///
    /// let mut lanes = [0.0; 16];
    /// let end = AUDIO.pin_newest()?.expect("a frame").arrays::<16>(|_, samples| {
    ///     for (lane, sample) in lanes.iter_mut().zip(samples) {
    ///         *lane += sample;
    ///     }
    /// });
    /// assert_eq!((lanes.iter().sum::<f32>(), end), (496.0, 992));
    /// # Ok::<(), shmstore::Error>(())
    /// ```
    #[inline]
    #[track_caller]
    pub fn arrays<const A: usize>(&self, read: impl FnMut(usize, [E; A])) -> usize
    where
        E: AnyBits,
    {
        let Ok(end) = self.elements().arrays(no_check::<Infallible>, read);
        end
    }

    /// Calls `read` with one array after another, as [`arrays`](Self::arrays) does. For elements that have invalid
    /// bits.
    ///
    /// # Errors
    ///
    /// [`InvalidValue`] if the bytes of an element are not a valid `E`. It names the index.
    #[inline]
    #[track_caller]
    pub fn arrays_checked<const A: usize>(&self, read: impl FnMut(usize, [E; A])) -> Result<usize, InvalidValue> {
        self.elements().arrays_checked(no_check, read)
    }

    /// Calls `read` with one row of an image after another. `read` gets the number of the row, and its `width`
    /// elements. A row begins `stride` elements after the row before it.
    ///
    /// Only whole rows are read. The last row needs no elements after it. A row is a private copy: up to 2 KiB it is on
    /// the stack, and otherwise in the heap.
    ///
    /// ```
    /// use shmstore::Frames;
    ///
    /// static IMAGES: Frames<u8, { 8 * 4 }, 3> = Frames::new();
    /// let mut frame = IMAGES.try_loan()?;
    /// frame.fill_rows(6, 8, 4, |y, row| row.fill(y as u8))?; // 4 rows of 6 pixels, each with 2 bytes of padding
    /// frame.publish()?;
    ///
    /// let mut rows = Vec::new();
    /// IMAGES.pin_newest()?.expect("a frame").rows(6, 8, |y, row| rows.push((y, row[0], row.len())));
    /// assert_eq!(rows, [(0, 0, 6), (1, 1, 6), (2, 2, 6), (3, 3, 6)]);
    /// # Ok::<(), shmstore::Error>(())
    /// ```
    ///
    /// # Panics
    ///
    /// Panics if `stride` is 0 or less than `width`. Check both first if they are from the metadata, which another
    /// process has written.
    #[inline]
    #[track_caller]
    pub fn rows(&self, width: usize, stride: usize, read: impl FnMut(usize, &[E]))
    where
        E: AnyBits,
    {
        let Ok(()) = self.elements().rows(width, stride, no_check::<Infallible>, read);
    }

    /// Calls `read` with one row after another, as [`rows`](Self::rows) does. For elements that have invalid bits.
    ///
    /// # Errors
    ///
    /// [`InvalidValue`] if the bytes of an element are not a valid `E`. It names the index.
    ///
    /// # Panics
    ///
    /// Panics as [`rows`](Self::rows) does.
    #[inline]
    #[track_caller]
    pub fn rows_checked(&self, width: usize, stride: usize, read: impl FnMut(usize, &[E])) -> Result<(), InvalidValue> {
        self.elements().rows_checked(width, stride, no_check, read)
    }

    /// Copies the elements from index `at` on to `into`, as many as there are and fit. Returns their number.
    ///
    /// ```
    /// use shmstore::Frames;
    ///
    /// static SAMPLES: Frames<i32, 1000, 3> = Frames::new();
    /// let mut frame = SAMPLES.try_loan()?;
    /// frame.copy_from(&[1, 2, 3, 4, 5])?;
    /// frame.publish()?;
    ///
    /// let (samples, mut two) = (SAMPLES.pin_newest()?.expect("a frame"), [0; 2]);
    /// assert_eq!((samples.copy_at(1, &mut two), two), (2, [2, 3]));
    /// assert_eq!((samples.copy_at(4, &mut two), two), (1, [5, 3]));
    /// assert_eq!(samples.copy_at(5, &mut two), 0);
    /// # Ok::<(), shmstore::Error>(())
    /// ```
    #[inline]
    #[track_caller]
    pub fn copy_at(&self, at: usize, into: &mut [E]) -> usize
    where
        E: AnyBits,
    {
        let Ok(copied) = self.elements().copy_at(at, into, no_check::<Infallible>);
        copied
    }

    /// Copies elements, as [`copy_at`](Self::copy_at) does. For elements that have invalid bits.
    ///
    /// # Errors
    ///
    /// [`InvalidValue`] if the bytes of an element are not a valid `E`. It names the index. Elements before it may have
    /// been copied.
    #[track_caller]
    pub fn copy_at_checked(&self, at: usize, into: &mut [E]) -> Result<usize, InvalidValue> {
        self.elements().copy_at_checked(at, into, no_check)
    }

    /// Copies the elements to `into`, as many as fit. Returns their number.
    #[inline]
    #[track_caller]
    pub fn copy_into(&self, into: &mut [E]) -> usize
    where
        E: AnyBits,
    {
        self.copy_at(0, into)
    }

    /// Copies the elements, as [`copy_into`](Self::copy_into) does. For elements that have invalid bits.
    ///
    /// # Errors
    ///
    /// As for [`copy_at_checked`](Self::copy_at_checked).
    #[track_caller]
    pub fn copy_into_checked(&self, into: &mut [E]) -> Result<usize, InvalidValue> {
        self.copy_at_checked(0, into)
    }

    /// Returns a copy of all elements.
    #[must_use]
    #[track_caller]
    pub fn to_vec(&self) -> Vec<E>
    where
        E: AnyBits,
    {
        let Ok(all) = self.elements().to_vec(no_check::<Infallible>);
        all
    }

    /// Returns a copy of all elements. For elements that have invalid bits.
    ///
    /// # Errors
    ///
    /// [`InvalidValue`] if the bytes of an element are not a valid `E`. It names the index.
    #[track_caller]
    pub fn to_vec_checked(&self) -> Result<Vec<E>, InvalidValue> {
        self.elements().to_vec_checked(no_check)
    }

    /// Writes the bytes of all elements to a file, a pipe or a socket. The kernel reads them in the slot, so this
    /// process does not copy them.
    ///
    /// ```no_run
    /// use std::fs::File;
    /// use shmstore::Frames;
    ///
    /// static IMAGES: Frames<u8, { 640 * 480 }, 4> = Frames::new();
    /// let image = IMAGES.pin_newest()?.expect("a frame");
    /// image.write_to(&File::create("image.gray")?)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// An error of `write`. Some bytes may have been written before it. A descriptor that does not block can end with
    /// [`WouldBlock`](io::ErrorKind::WouldBlock).
    #[track_caller]
    pub fn write_to(&self, to: impl AsFd) -> io::Result<()> {
        self.elements().write_to(to.as_fd())
    }

    /// Returns access to single elements, in any order.
    ///
    /// ```
    /// use shmstore::Frames;
    ///
    /// static SAMPLES: Frames<i32, 1000, 3> = Frames::new();
    /// let mut frame = SAMPLES.try_loan()?;
    /// frame.copy_from(&[1, 2, 3])?;
    /// frame.publish()?;
    ///
    /// let samples = SAMPLES.pin_newest()?.expect("a frame");
    /// let racy = samples.as_racy();
    /// assert_eq!((racy.get(2), racy.get(3)), (Some(3), None));
    /// assert_eq!(racy.iter().rev().collect::<Vec<_>>(), [3, 2, 1]);
    /// # Ok::<(), shmstore::Error>(())
    /// ```
    #[track_caller]
    pub fn as_racy(&self) -> Racy<'_, E>
    where
        E: AnyBits,
    {
        Racy::new(self.elements())
    }

    /// The elements in shared memory.
    #[inline]
    #[track_caller]
    fn elements(&self) -> Elements<'_, E> {
        self.check_owner();
        let first = self.frames.cell.elements(self.pin.frame.slot);
        // SAFETY: the elements of a slot of this part, which is mapped as long as it is borrowed. There are `len`,
        // which is at most `N`, and more bytes up to the end of the last line. Aligned to 64 bytes and as elements.
        unsafe { Elements::new(first, self.len) }
    }
}

/// The check of a reader after each copy: the pin keeps the frame.
#[inline(always)]
fn no_check<X>() -> Result<(), X> {
    Ok(())
}
