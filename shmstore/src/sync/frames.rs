//! `Frames<E, N, K, M>`: large arrays, filled and read without a copy of the whole.
//!
//! # Safety
//!
//! The memory is a `FramesCell`. Its file says why sharing it is sound. Only the promises of the copies and of the
//! layout traits are unsafe here.
#![allow(unsafe_code)]

mod conditions;
mod core;
mod elements;
mod follower;
mod frame_mut;
mod memory;
mod pinned;
mod pins;
mod protocol;
mod raw;
mod view;
mod wait;
pub(crate) mod word;

use std::panic::{RefUnwindSafe, UnwindSafe};
use std::time::Duration;
use std::{fmt, io};

use super::atomics;
use super::describe::PartRef;
use crate::error::{LoanError, PinError, if_refused};
use crate::layout::schema::{Kind, Schema};
use crate::layout::{ShmId, ShmLayout, ShmObject, ShmValue};
use crate::sync::backoff::Limit;
use crate::sync::waiting::in_turns;
use crate::sys::shm::{self, Access};

use self::core::Core;
pub(in crate::sync) use conditions::{AwaitedFrame, AwaitedLoan};
pub use elements::Racy;
pub use follower::Follower;
pub use frame_mut::FrameMut;
use memory::FramesCell;
pub use pinned::Pinned;
use pins::Pin;
pub(crate) use raw::{RawFrames, RawLoan, RawPin};
pub use view::{FramesView, ReadFrame};
pub use wait::NewerFrame;

/// Large arrays, such as images, point clouds and tensors, that are filled and read without a copy of the whole.
///
/// There are `K` slots. Each has room for a *frame*: up to `N` elements `E`, and one value `M` of metadata. A writer
/// borrows a slot, which is a [loan](Self::try_loan), fills it, and publishes it as the newest frame. A reader pins a
/// frame, reads it, and drops the pin. A pinned frame is never overwritten. Of all others, a loan overwrites the oldest
/// one. So a writer does not wait until readers have finished, as long as there are slots: see
/// [Number of slots](#number-of-slots).
///
/// ```
/// use shmstore::{Frames, Shared, ShmObject, ShmValue};
///
/// #[derive(Clone, Copy, Debug, PartialEq, ShmValue)]
/// #[repr(C)]
/// struct ImageInfo { width: u32, height: u32 }
///
/// #[derive(ShmObject)]
/// #[repr(C)]
/// struct Camera { images: Frames<u8, { 640 * 480 }, 4, ImageInfo> }
///
/// let camera = Shared::<Camera>::new_private()?; // or `store.attach::<Camera>()?`
///
/// let mut frame = camera.images.try_loan()?;
/// frame.set_meta(ImageInfo { width: 640, height: 480 });
/// frame.fill(640 * 480, |at, block| {
///     for (pixel, at) in block.iter_mut().zip(at..) {
///         *pixel = (at % 251) as u8;
///     }
/// })?;
/// assert_eq!(frame.publish()?, 1);
///
/// let image = camera.images.pin_newest()?.expect("a frame"); // most often in another process
/// assert_eq!((image.number(), image.meta().width, image.len()), (1, 640, 640 * 480));
/// let mut sum = 0;
/// image.blocks(|_, block| sum += block.iter().map(|&pixel| u64::from(pixel)).sum::<u64>());
/// assert_eq!(sum, 38_397_276);
/// # Ok::<(), shmstore::Error>(())
/// ```
///
/// Frames have numbers: 1, 2, 3, … without a gap. Any number of threads and processes can write and read, with up
/// to 64 pins and `K` slots at a time.
/// [`Frames::follow`] returns every frame, or how many were missed.
///
/// # Number of slots
///
/// `K` is one for each frame that is pinned at a time, one for each loan at a time, and one for the newest frame. Then
/// a loan always finds a slot. A reader that pins the next frame before it drops the last one counts twice. With one
/// writer and two such readers, 6 slots are enough.
///
/// A frame without a pin stays for `K` - 1 publications, and one less for each older pinned frame and each other loan.
///
/// # When a process dies
///
/// - A process that is killed while it fills a slot has published nothing. In [`FrameMut::publish`], it has published
///   the whole frame, or nothing. The numbers have no gap.
/// - A process that is killed with pins or loans keeps no slot. A loan that finds no other slot takes them back, and
///   every 16th loan does.
/// - A process that is stopped keeps its pins and loans. What it has pinned stays whole. If it is stopped inside
///   `try_loan` or `publish`, other writers wait until it goes on.
///
/// # Details
///
/// - There are 64 pins for all processes, one for each [`Pinned`]. Threads of a process can share one.
/// - There is no loan without a limit, because a thread could wait for its own pin.
/// - A pin or loan that was passed to `mem::forget` keeps its slot until the process ends.
/// - A process that breaks the protocol can change the bytes of a frame, or keep slots and pins. Safe
///   code stays sound, and no call outlives its limit. The unsafe slices rely on all processes.
///
/// # Memory
///
/// About 700 bytes, and `K` slots. A slot takes the elements and the metadata, and up to 172 bytes more. `N` is at
/// least 1, and `K` is 3 to 16. [`prefault`](Self::prefault) has the kernel allocate all of it.
///
/// There is no `Default`, because frames do not fit on the stack: use [`ShmObject::zeroed_box`], or `Frames::new()` in
/// a `static`.
#[repr(transparent)]
pub struct Frames<E: ShmValue, const N: usize, const K: usize, M: ShmValue = ()> {
    cell: FramesCell<E, N, K, M>,
}

impl<E: ShmValue, const N: usize, const K: usize, M: ShmValue> Frames<E, N, K, M> {
    /// Makes a part without frames, in ordinary memory.
    #[must_use]
    #[allow(clippy::new_without_default)] // frames do not fit on the stack
    pub const fn new() -> Self {
        Self { cell: FramesCell::zeroed() }
    }

    /// Loans a slot to fill it. Never waits.
    ///
    /// ```
    /// use shmstore::Frames;
    ///
    /// static SAMPLES: Frames<f32, 1024, 3> = Frames::new();
    /// let mut frame = SAMPLES.try_loan()?;
    /// frame.copy_from(&[0.5, 1.0])?;
    /// let number = frame.publish()?;
    /// assert_eq!(SAMPLES.pin_newest()?.expect("a frame").number(), number);
    /// # Ok::<(), shmstore::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// - [`LoanError::Full`] if each slot has the newest frame, or one that is pinned, or one that is being filled.
    /// - [`LoanError::Busy`] if another thread or process loans or publishes a frame at this moment.
    #[inline]
    pub fn try_loan(&self) -> Result<FrameMut<'_, E, N, K, M>, LoanError> {
        self.loan_within(Limit::Never)
    }

    /// Loans a slot to fill it. Waits for one, for `timeout` at most.
    ///
    /// # Errors
    ///
    /// - [`LoanError::Full`] and [`LoanError::Busy`] once the time is over.
    /// - [`LoanError::Removed`] and [`LoanError::AnchorLost`] if the object or its anchor was removed during a wait.
    #[inline]
    pub fn loan_timeout(&self, timeout: Duration) -> Result<FrameMut<'_, E, N, K, M>, LoanError> {
        self.loan_within(Limit::Within(timeout))
    }

    /// Loans a slot to fill it. Waits for one, until soon after `keep_waiting` returns `false`, which is called first,
    /// and then every 5 ms. Then it returns `None`.
    ///
    /// # Errors
    ///
    /// [`LoanError::Removed`] and [`LoanError::AnchorLost`] as for [`loan_timeout`](Self::loan_timeout).
    pub fn loan_while(&self, keep_waiting: impl Fn() -> bool) -> Result<Option<FrameMut<'_, E, N, K, M>>, LoanError> {
        in_turns(keep_waiting, |turn| self.loan_timeout(turn))
    }

    #[inline]
    fn loan_within(&self, limit: Limit) -> Result<FrameMut<'_, E, N, K, M>, LoanError> {
        Ok(FrameMut::new(self, self.core().loan(limit)?))
    }

    /// Pins the newest frame. `None` if no frame was published. Takes no lock. If writers replace the frame at 16
    /// attempts, it waits for their lock, for 10 ms at most.
    ///
    /// # Errors
    ///
    /// - [`PinError::Full`] if all 64 pins are in use.
    /// - [`PinError::Disturbed`] if writers replaced the frame at each attempt, or a process has damaged its words.
    /// - [`PinError::InvalidValue`] if the bytes of the metadata are not a valid `M`.
    #[inline]
    pub fn pin_newest(&self) -> Result<Option<Pinned<'_, E, N, K, M>>, PinError> {
        let pin = self.take_newest()?;
        pin.map(|pin| Pinned::new(self, pin, 0).map_err(PinError::InvalidValue)).transpose()
    }

    /// Pins the frame with this number. `None` if it was not published, or was overwritten, or if a loan tries
    /// its slot at this moment. Never waits.
    ///
    /// ```
    /// use shmstore::Frames;
    ///
    /// static SAMPLES: Frames<f32, 1024, 4> = Frames::new();
    /// for _ in 0..5 {
    ///     SAMPLES.try_loan()?.publish()?;
    /// }
    /// assert_eq!(SAMPLES.pin(3)?.expect("it is still there").number(), 3);
    /// assert!(SAMPLES.pin(1)?.is_none()); // overwritten
    /// # Ok::<(), shmstore::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`PinError::Full`] and [`PinError::InvalidValue`] as for [`pin_newest`](Self::pin_newest).
    pub fn pin(&self, number: u64) -> Result<Option<Pinned<'_, E, N, K, M>>, PinError> {
        let pin = self.core().pin(number)?;
        pin.map(|pin| Pinned::new(self, pin, 0).map_err(PinError::InvalidValue)).transpose()
    }

    /// Follows the frames that are published from now on.
    ///
    /// ```
    /// use shmstore::Frames;
    ///
    /// static SAMPLES: Frames<f32, 1024, 4> = Frames::new();
    /// let mut follower = SAMPLES.follow();
    /// for _ in 0..5 {
    ///     SAMPLES.try_loan()?.publish()?; // most often another process
    /// }
    /// let frame = follower.try_next()?.expect("the oldest that is there");
    /// assert_eq!((frame.number(), frame.missed()), (2, 1));
    /// # Ok::<(), shmstore::Error>(())
    /// ```
    pub fn follow(&self) -> Follower<'_, E, N, K, M> {
        Follower::new(self, Access::ReadWrite, self.newest_number())
    }

    /// Follows the frames after number `seen`. With 0, the first one is the oldest that is there.
    ///
    /// ```
    /// use shmstore::Frames;
    ///
    /// static SAMPLES: Frames<f32, 1024, 4> = Frames::new();
    /// for _ in 0..3 {
    ///     SAMPLES.try_loan()?.publish()?;
    /// }
    /// let mut follower = SAMPLES.follow_after(1); // a program that was started again, and has seen frame 1
    /// assert_eq!(follower.try_next()?.expect("it is there").number(), 2);
    /// # Ok::<(), shmstore::Error>(())
    /// ```
    pub fn follow_after(&self, seen: u64) -> Follower<'_, E, N, K, M> {
        Follower::new(self, Access::ReadWrite, seen)
    }

    /// Returns the number of the newest frame. 0 if no frame was published.
    #[must_use]
    pub fn newest_number(&self) -> u64 {
        self.core().newest().number
    }

    /// Returns the number of elements that a frame has room for: `N`.
    #[must_use]
    pub const fn capacity(&self) -> usize {
        N
    }

    /// Returns the number of slots: `K`.
    #[must_use]
    pub const fn slots(&self) -> usize {
        K
    }

    /// Has the kernel allocate all memory of the frames now. Otherwise the first write of each page
    /// allocates it. For a frame of 4 MiB, these writes take some milliseconds.
    ///
    /// # Errors
    ///
    /// An error of `madvise(MADV_POPULATE_WRITE)`: out of memory, or a kernel before Linux 5.14.
    pub fn prefault(&self) -> io::Result<()> {
        self.populate(Access::ReadWrite)
    }

    /// Has the kernel map all memory of the frames.
    fn populate(&self, access: Access) -> io::Result<()> {
        let (start, size) = self.cell.range();
        shm::populate(start, size, access).map_err(|errno| {
            let (cause, frames) = (io::Error::from(errno), self.core().part.name());
            let attempted = match access {
                Access::ReadWrite => "allocate (`madvise(MADV_POPULATE_WRITE)`)",
                Access::ReadOnly => "map (`madvise(MADV_POPULATE_READ)`)",
            };
            let text = format!("cannot {attempted} the memory of {frames}: {cause}{}", if_refused(&cause));
            io::Error::new(cause.kind(), text)
        })
    }

    /// Pins the newest frame. Its length and metadata come into the cache meanwhile.
    #[inline(always)]
    fn take_newest(&self) -> Result<Option<Pin>, PinError> {
        let core = self.core();
        core.prepare_to_pin();
        self.cell.prepare_to_read(core.newest().slot);
        core.pin_newest()
    }

    #[inline(always)]
    fn core(&self) -> Core<'_> {
        Core { writers: self.cell.writers(), words: self.cell.protocol_words(), part: PartRef::of(self) }
    }
}

impl<E: ShmValue, const N: usize, const K: usize, M: ShmValue> fmt::Debug for Frames<E, N, K, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        debug("Frames", self, f)
    }
}

/// Prints the number of the newest frame, and not its elements. Pins nothing.
fn debug<E: ShmValue, const N: usize, const K: usize, M: ShmValue>(
    name: &str,
    part: &Frames<E, N, K, M>,
    f: &mut fmt::Formatter<'_>,
) -> fmt::Result {
    f.debug_struct(name).field("newest", &part.newest_number()).field("capacity", &N).field("slots", &K).finish()
}

// A panic leaves the words as a killed process would. The next process completes them.
impl<E: ShmValue, const N: usize, const K: usize, M: ShmValue> UnwindSafe for Frames<E, N, K, M> {}
impl<E: ShmValue, const N: usize, const K: usize, M: ShmValue> RefUnwindSafe for Frames<E, N, K, M> {}

// SAFETY: size and alignment are the compiler's. The kind and what it says of slots, elements and metadata describe the
// content.
unsafe impl<E: ShmValue, const N: usize, const K: usize, M: ShmValue> ShmLayout for Frames<E, N, K, M> {
    const SCHEMA: &'static Schema =
        &Schema::of::<Self>(Kind::Frames { capacity: N, slots: K, element: E::SCHEMA, meta: M::SCHEMA });
}

// SAFETY: atomic byte by byte, and any bytes are valid, as `FramesCell` explains. Zeros are frames of which none is
// published. Nothing to drop, because values are `Copy`. The view is a transparent wrapper whose safe methods write
// only if the memory is mapped for writing.
unsafe impl<E: ShmValue, const N: usize, const K: usize, M: ShmValue> ShmObject for Frames<E, N, K, M> {
    type View = FramesView<E, N, K, M>;
}

impl<E: ShmValue + ShmId, const N: usize, const K: usize, M: ShmValue> ShmId for Frames<E, N, K, M> {
    const ID: char = E::ID;
}

#[cfg(test)]
mod tests;
