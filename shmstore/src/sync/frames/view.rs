//! `FramesView<E, N, K, M>`: frames in memory that this process may only read.

mod read;

use std::fmt;
use std::io;
use std::time::Duration;

use super::pins::is_still_there;
use super::wait::check_access;
use super::word::FrameAt;
use super::{Follower, Frames, NewerFrame, Pinned, debug, pinned};
use crate::error::{InvalidValue, Overrun, PinError};
use crate::layout::ShmValue;
use crate::sync::waiting::in_turns;
use crate::sys::shm::Access;

/// The attempts to load the length and metadata of the newest frame, before it is replaced.
const ATTEMPTS: u32 = 16;

/// Lets a read-only process read [`Frames`].
///
/// A pin is written, so a handle of `attach_read_only` cannot pin. It reads the newest frame with
/// [`read_newest`](Self::read_newest). A handle of `attach_view` can pin, too.
#[repr(transparent)]
pub struct FramesView<E: ShmValue, const N: usize, const K: usize, M: ShmValue = ()> {
    part: Frames<E, N, K, M>,
}

impl<E: ShmValue, const N: usize, const K: usize, M: ShmValue> FramesView<E, N, K, M> {
    /// Reads the newest frame without a pin, by `read`, and returns its result. `None` if no frame was published.
    ///
    /// ```
    /// use shmstore::frames::Overrun;
    /// use shmstore::{Frames, ShmObject, Store};
    ///
    /// #[derive(ShmObject)]
    /// #[repr(C)]
    /// #[shm(id = 'C')]
    /// struct Camera { images: Frames<u8, 1024, 4> }
    ///
    /// # let dir = tempfile::tempdir()?;
    /// let store = Store::open(dir.path())?;
    /// let camera = store.create::<Camera>()?;
    /// let mut frame = camera.images.try_loan()?;
    /// frame.copy_from(&[7; 1000])?;
    /// frame.publish()?;
    ///
    /// let view = store.attach_read_only::<Camera>()?; // most often in another process
    /// let image = view.images.read_newest(|frame| frame.to_vec())?.expect("a frame");
    /// assert_eq!(image, [7; 1000]);
    /// # store.remove::<Camera>()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// A writer may reuse the slot meanwhile. Then the methods of [`ReadFrame`] return [`Overrun`]. What they have
    /// passed on before is whole. The frame stays for `K` - 1 publications, and one less for each older pinned frame
    /// and each other loan.
    ///
    /// # Errors
    ///
    /// The error of `read`, and [`Overrun`] if the frame was replaced at each attempt to read its length.
    pub fn read_newest<R, X: From<Overrun>>(
        &self,
        read: impl FnOnce(&ReadFrame<'_, E, N, K, M>) -> Result<R, X>,
    ) -> Result<Option<R>, X> {
        let mut overrun = Overrun { number: 0 };
        for _ in 0..ATTEMPTS {
            let frame = self.part.core().newest();
            if frame.number == 0 {
                return Ok(None);
            }
            // A peer may have stored any slot.
            if frame.slot >= K as u64 {
                overrun = Overrun { number: frame.number };
                continue;
            }
            let (len, meta) = pinned::load(&self.part, frame.slot);
            let frame = ReadFrame { frames: &self.part, frame, len, meta };
            match frame.check() {
                Ok(()) => return read(&frame).map(Some),
                Err(error) => overrun = error,
            }
        }
        Err(overrun.into())
    }

    /// Returns the number of the newest frame: see [`Frames::newest_number`].
    #[must_use]
    pub fn newest_number(&self) -> u64 {
        self.part.newest_number()
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

    /// Pins the newest frame: see [`Frames::pin_newest`].
    ///
    /// # Errors
    ///
    /// [`PinError::ReadOnly`] on a handle of `attach_read_only`, and the errors of [`Frames::pin_newest`].
    pub fn pin_newest(&self) -> Result<Option<Pinned<'_, E, N, K, M>>, PinError> {
        check_access(&self.part, Access::ReadOnly)?;
        self.part.pin_newest()
    }

    /// Pins the frame with this number: see [`Frames::pin`].
    ///
    /// # Errors
    ///
    /// [`PinError::ReadOnly`] on a handle of `attach_read_only`, and the errors of [`Frames::pin`].
    pub fn pin(&self, number: u64) -> Result<Option<Pinned<'_, E, N, K, M>>, PinError> {
        check_access(&self.part, Access::ReadOnly)?;
        self.part.pin(number)
    }

    /// Waits until there is a frame newer than number `seen`, and pins the newest: see [`Frames::wait_newer`].
    ///
    /// # Errors
    ///
    /// [`PinError::ReadOnly`] on a handle of `attach_read_only`, and the errors of [`Frames::wait_newer`].
    pub fn wait_newer(&self, seen: u64, timeout: Duration) -> Result<Pinned<'_, E, N, K, M>, PinError> {
        self.part.new_frame(seen, Access::ReadOnly).wait_and_pin(timeout)
    }

    /// Waits without a limit, as long as `keep_waiting` returns `true`: see [`Frames::wait_newer_while`].
    ///
    /// # Errors
    ///
    /// As [`wait_newer`](Self::wait_newer), and never [`PinError::NotYet`].
    pub fn wait_newer_while(
        &self,
        seen: u64,
        keep_waiting: impl Fn() -> bool,
    ) -> Result<Option<Pinned<'_, E, N, K, M>>, PinError> {
        in_turns(keep_waiting, |turn| self.wait_newer(seen, turn))
    }

    /// Returns a wait for a frame newer than number `seen`: see [`Frames::newer`].
    ///
    /// On a handle of `attach_read_only`, [`wait_any`](crate::wait_any) takes it, and the future returns
    /// [`PinError::ReadOnly`].
    pub fn newer(&self, seen: u64) -> NewerFrame<'_, E, N, K, M> {
        NewerFrame::of(self.part.new_frame(seen, Access::ReadOnly))
    }

    /// Follows the frames that are published from now on: see [`Frames::follow`]. On a handle of `attach_read_only`,
    /// the follower returns [`PinError::ReadOnly`].
    pub fn follow(&self) -> Follower<'_, E, N, K, M> {
        Follower::new(&self.part, Access::ReadOnly, self.newest_number())
    }

    /// Follows the frames after number `seen`: see [`Frames::follow_after`]. On a handle of `attach_read_only`, the
    /// follower returns [`PinError::ReadOnly`].
    pub fn follow_after(&self, seen: u64) -> Follower<'_, E, N, K, M> {
        Follower::new(&self.part, Access::ReadOnly, seen)
    }

    /// Has the kernel map all memory of the frames now. Otherwise the first read of each page does.
    ///
    /// # Errors
    ///
    /// An error of `madvise(MADV_POPULATE_READ)`: a kernel before Linux 5.14.
    pub fn prefault(&self) -> io::Result<()> {
        self.part.populate(Access::ReadOnly)
    }
}

impl<E: ShmValue, const N: usize, const K: usize, M: ShmValue> fmt::Debug for FramesView<E, N, K, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        debug("FramesView", &self.part, f)
    }
}

/// The newest frame, read without a pin. [`FramesView::read_newest`] passes it.
///
/// Each method checks that no writer has reused the slot, after it has copied and before it passes anything on.
pub struct ReadFrame<'a, E: ShmValue, const N: usize, const K: usize, M: ShmValue = ()> {
    frames: &'a Frames<E, N, K, M>,
    frame: FrameAt,
    len: usize,
    meta: Result<M, InvalidValue>,
}

impl<E: ShmValue, const N: usize, const K: usize, M: ShmValue> ReadFrame<'_, E, N, K, M> {
    /// Returns the number of the frame. The first one has number 1.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.frame.number
    }

    /// Returns the metadata.
    ///
    /// # Errors
    ///
    /// [`InvalidValue`] if its bytes are not a valid `M`.
    pub fn meta(&self) -> Result<&M, InvalidValue> {
        self.meta.as_ref().map_err(Clone::clone)
    }

    /// Returns the number of elements, `N` at most.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Returns `true` if the frame has no elements.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Returns [`Overrun`] if a writer has reused the slot since.
    pub(super) fn check(&self) -> Result<(), Overrun> {
        let is_there = is_still_there(&self.frames.cell.protocol_words(), self.frame);
        if is_there { Ok(()) } else { Err(Overrun { number: self.frame.number }) }
    }
}

impl<E: ShmValue, const N: usize, const K: usize, M: ShmValue> fmt::Debug for ReadFrame<'_, E, N, K, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReadFrame").field("number", &self.number()).finish()
    }
}
