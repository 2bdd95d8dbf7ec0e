//! Filling the elements of a frame.
//!
//! # Safety
//!
//! As `frames.rs`.
#![allow(unsafe_code)]

use std::io;
use std::os::fd::AsFd;

use super::FrameMut;
use crate::error::TooLong;
use crate::layout::{AnyBits, ShmValue};
use crate::sync::frames::elements::{Elements, len_of_rows};

/// Filling of elements.
impl<E: ShmValue, const N: usize, const K: usize, M: ShmValue> FrameMut<'_, E, N, K, M> {
    /// Copies these elements into the slot. The frame has exactly these.
    ///
    /// # Errors
    ///
    /// [`TooLong`] if they do not fit.
    ///
    /// # Panics
    ///
    /// Panics in a process that was forked since the slot was loaned, as all methods that fill elements do.
    #[inline]
    #[track_caller]
    pub fn copy_from(&mut self, elements: &[E]) -> Result<(), TooLong> {
        let len = fit::<N>(Some(elements.len()))?;
        self.elements().write_at(0, elements);
        self.len = len;
        Ok(())
    }

    /// Copies these elements to index `at` and those after it. The frame grows, if it has to.
    ///
    /// Elements between the old end and `at` keep the bytes of an earlier frame, or are zero.
    ///
    /// ```
    /// use shmstore::Frames;
    ///
    /// static SAMPLES: Frames<i32, 1000, 3> = Frames::new();
    /// let mut frame = SAMPLES.try_loan()?;
    /// frame.copy_from(&[1, 2, 3])?;
    /// frame.write_at(2, &[7, 8])?;
    /// frame.publish()?;
    /// assert_eq!(SAMPLES.pin_newest()?.expect("a frame").to_vec(), [1, 2, 7, 8]);
    /// # Ok::<(), shmstore::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`TooLong`] if they do not fit.
    #[inline]
    #[track_caller]
    pub fn write_at(&mut self, at: usize, elements: &[E]) -> Result<(), TooLong> {
        let end = fit::<N>(at.checked_add(elements.len()))?;
        self.elements().write_at(at, elements);
        self.len = self.len.max(end);
        Ok(())
    }

    /// Fills the frame with `len` elements, one block of about 1 KiB at a time, in order. `fill` gets the index of the
    /// block's first element, and the block, which it overwrites.
    ///
    /// A block is in private memory, and is copied into the slot when `fill` returns. Blocks are as long as those of
    /// [`Pinned::blocks`](crate::frames::Pinned::blocks). The first block begins with zeros, and each other block with
    /// the elements of the block before it.
    ///
    /// ```
    /// use shmstore::Frames;
    ///
    /// static RAMPS: Frames<u32, 1000, 3> = Frames::new();
    /// let mut frame = RAMPS.try_loan()?;
    /// frame.fill(1000, |at, block| {
    ///     for (element, at) in block.iter_mut().zip(at..) {
    ///         *element = at as u32;
    ///     }
    /// })?;
    /// frame.publish()?;
    /// assert!(RAMPS.pin_newest()?.expect("a frame").to_vec().into_iter().eq(0..1000));
    /// # Ok::<(), shmstore::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`TooLong`] if they do not fit. Then `fill` was not called.
    #[inline]
    #[track_caller]
    pub fn fill(&mut self, len: usize, fill: impl FnMut(usize, &mut [E])) -> Result<(), TooLong> {
        let len = fit::<N>(Some(len))?;
        self.elements().fill(len, fill);
        self.len = len;
        Ok(())
    }

    /// Fills the frame with `len` elements, one array of `A` elements at a time, in order. `fill` gets the index of the
    /// array's first element.
    ///
    /// The last array is cut if `len` is not a multiple of `A`. An array of 64, 128, 192 or 256 bytes is copied through
    /// registers. Other arrays are parts of blocks.
    ///
    /// ```
    /// use shmstore::Frames;
    ///
    /// static SAMPLES: Frames<f32, 1000, 3> = Frames::new();
    /// let mut frame = SAMPLES.try_loan()?;
    /// frame.fill_arrays(1000, |at| [at as f32; 16])?;
    /// frame.publish()?;
    /// assert_eq!(SAMPLES.pin_newest()?.expect("a frame").as_racy().get(999), Some(992.0));
    /// # Ok::<(), shmstore::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`TooLong`] if they do not fit. Then `fill` was not called.
    #[inline]
    #[track_caller]
    pub fn fill_arrays<const A: usize>(
        &mut self,
        len: usize,
        fill: impl FnMut(usize) -> [E; A],
    ) -> Result<(), TooLong> {
        let len = fit::<N>(Some(len))?;
        self.elements().fill_arrays(len, fill);
        self.len = len;
        Ok(())
    }

    /// Fills `height` rows of an image in order. `fill` gets the number of the row, and its `width` elements, which it
    /// overwrites. A row begins `stride` elements after the row before it.
    ///
    /// The frame ends with the last element of the last row. Elements between rows keep the bytes of an earlier frame,
    /// or are zero. The first row begins with zeros, and each other row with the elements of the row before it. Up to 2
    /// KiB a row is on the stack, and otherwise in the heap, until it is copied into the slot.
    ///
    /// # Errors
    ///
    /// [`TooLong`] if they do not fit. Then `fill` was not called.
    ///
    /// # Panics
    ///
    /// Panics if `stride` is 0 or less than `width`.
    #[inline]
    #[track_caller]
    pub fn fill_rows(
        &mut self,
        width: usize,
        stride: usize,
        height: usize,
        fill: impl FnMut(usize, &mut [E]),
    ) -> Result<(), TooLong> {
        let len = fit::<N>(len_of_rows(width, stride, height))?;
        self.elements().fill_rows(width, stride, height, fill);
        self.len = len;
        Ok(())
    }

    /// Reads up to `count` elements from a file, a pipe or a socket, and appends them. Returns their number, which is
    /// smaller than `count` only if the input ends.
    ///
    /// The kernel writes them into the slot, so this process does not copy them.
    ///
    /// ```no_run
    /// use std::fs::File;
    /// use shmstore::Frames;
    ///
    /// static IMAGES: Frames<u8, { 640 * 480 }, 4> = Frames::new();
    /// let mut frame = IMAGES.try_loan()?;
    /// let read = frame.read_from(&File::open("image.gray")?, 640 * 480)?;
    /// assert_eq!(frame.len(), read);
    /// frame.publish()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The whole elements that were read before an error are appended: see [`len`](Self::len).
    ///
    /// - [`InvalidInput`](io::ErrorKind::InvalidInput), with a [`TooLong`], if `count` elements do not fit. Then
    ///   nothing was read.
    /// - [`UnexpectedEof`](io::ErrorKind::UnexpectedEof) if the input ends within an element.
    /// - An error of `read`. A descriptor that does not block can end with
    ///   [`WouldBlock`](io::ErrorKind::WouldBlock). The bytes of a last element that is not whole are lost.
    #[track_caller]
    pub fn read_from(&mut self, source: impl AsFd, count: usize) -> io::Result<usize>
    where
        E: AnyBits,
    {
        fit::<N>(self.len.checked_add(count)).map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?;
        let (read, done) = self.elements().read_from(source.as_fd(), self.len, count);
        self.len += read;
        done.map(|()| read)
    }

    /// The elements in shared memory, all that there is room for.
    #[inline]
    #[track_caller]
    fn elements(&self) -> Elements<'_, E> {
        self.check_owner();
        let first = self.frames.cell.elements(self.loan.slot);
        // SAFETY: the `N` elements of a slot of this part, which is mapped, for writing too, as long as it is borrowed.
        // There are more bytes up to the end of the last line. Aligned to 64 bytes and as elements.
        unsafe { Elements::new(first, N) }
    }
}

/// Appends bytes.
impl<const N: usize, const K: usize, M: ShmValue> io::Write for FrameMut<'_, u8, N, K, M> {
    /// Appends as many bytes as fit, and returns their number. It is 0 if the frame is full.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let len = bytes.len().min(N - self.len);
        self.elements().write_at(self.len, &bytes[..len]);
        self.len += len;
        Ok(len)
    }

    /// Does nothing. Readers see the bytes once the frame is published.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Returns the number of elements, which is `None` if it is no `usize`, if they fit.
#[inline]
fn fit<const N: usize>(len: Option<usize>) -> Result<usize, TooLong> {
    let len = len.unwrap_or(usize::MAX);
    if len <= N { Ok(len) } else { Err(TooLong { len, capacity: N }) }
}
