//! `Follower`: frame after frame.

use std::fmt;
use std::time::Duration;

use super::wait::{NewFrame, NewerFrame, Which, check_access};
use super::{Frames, Pinned};
use crate::error::PinError;
use crate::layout::ShmValue;
use crate::sync::waiting::in_turns;
use crate::sys::shm::Access;

/// Pins one frame of [`Frames`] after another. [`Frames::follow`] returns it.
///
/// It pins the frame after the last one. If this frame was overwritten, it pins the oldest frame that is there, and
/// [`Pinned::missed`] is the exact number of frames between them. A follower keeps the number
/// of its last frame in its own memory. No writer knows it, so a follower that is slow, killed or stopped delays no
/// other process. It has nothing to do with [`Following`](crate::Following).
///
/// ```
/// use shmstore::Frames;
/// use std::time::Duration;
///
/// static SAMPLES: Frames<f32, 1024, 4> = Frames::new();
/// let mut follower = SAMPLES.follow();
/// for _ in 0..2 {
///     SAMPLES.try_loan()?.publish()?; // most often another process
///     let frame = follower.next(Duration::from_secs(1))?;
///     println!("frame {}, {} missed", frame.number(), frame.missed());
/// }
/// assert_eq!(follower.position(), 2);
/// # Ok::<(), shmstore::Error>(())
/// ```
#[must_use = "a follower that is dropped pins nothing"]
pub struct Follower<'a, E: ShmValue, const N: usize, const K: usize, M: ShmValue = ()> {
    frames: &'a Frames<E, N, K, M>,
    access: Access,
    /// The number of the last frame.
    seen: u64,
}

impl<'a, E: ShmValue, const N: usize, const K: usize, M: ShmValue> Follower<'a, E, N, K, M> {
    pub(super) fn new(frames: &'a Frames<E, N, K, M>, access: Access, seen: u64) -> Self {
        Self { frames, access, seen }
    }

    /// Pins the next frame. Waits until it is published, for `timeout` at most.
    ///
    /// # Errors
    ///
    /// - [`PinError::NotYet`] once the time is over.
    /// - [`PinError::InvalidValue`] if the metadata of the frame is not a valid `M`. The next call goes on after it.
    /// - The other errors of [`Frames::wait_newer`].
    pub fn next(&mut self, timeout: Duration) -> Result<Pinned<'a, E, N, K, M>, PinError> {
        let (aim, seen) = (self.aim(), self.seen);
        let pin = aim.wait(timeout)?;
        self.seen = pin.frame.number;
        aim.finish(pin, seen)
    }

    /// Pins the next frame. `None` if it was not published yet. Does not wait for it.
    ///
    /// # Errors
    ///
    /// As [`next`](Self::next).
    pub fn try_next(&mut self) -> Result<Option<Pinned<'a, E, N, K, M>>, PinError> {
        check_access(self.frames, self.access)?;
        if self.frames.newest_number() <= self.seen {
            return Ok(None);
        }
        match self.next(Duration::ZERO) {
            Err(PinError::NotYet { .. }) => Ok(None),
            next => next.map(Some),
        }
    }

    /// Pins the next frame. Waits until it is published, or until soon after `keep_waiting` returns `false`, which is
    /// called first, and then every 5 ms. Then it returns `None`.
    ///
    /// # Errors
    ///
    /// As [`next`](Self::next), and never [`PinError::NotYet`].
    pub fn next_while(&mut self, keep_waiting: impl Fn() -> bool) -> Result<Option<Pinned<'a, E, N, K, M>>, PinError> {
        in_turns(keep_waiting, |turn| self.next(turn))
    }

    /// Returns a future that pins the next frame, once it is published. If it is dropped before that, no frame is missed.
    ///
    /// ```
    /// use shmstore::Frames;
    ///
    /// static SAMPLES: Frames<f32, 1024, 4> = Frames::new();
    /// # pollster::block_on(async {
    /// let mut follower = SAMPLES.follow();
    /// SAMPLES.try_loan()?.publish()?; // most often another process
    /// assert_eq!(follower.next_async().await?.number(), 1);
    /// # Ok::<(), shmstore::Error>(()) }).unwrap();
    /// ```
    ///
    /// # Errors
    ///
    /// The future returns the errors of [`next`](Self::next), except [`PinError::NotYet`], and [`PinError::NoThread`].
    pub async fn next_async(&mut self) -> Result<Pinned<'a, E, N, K, M>, PinError> {
        let mut next = self.newer();
        let frame = (&mut next).await;
        self.seen = next.seen();
        frame
    }

    /// Returns a wait for a frame after the last one, for [`wait_any`](crate::wait_any). Afterwards,
    /// [`try_next`](Self::try_next) does not return `None`. As a future it pins the next frame, and does not move the
    /// follower: see [`next_async`](Self::next_async).
    pub fn newer(&self) -> NewerFrame<'a, E, N, K, M> {
        NewerFrame::of(self.aim())
    }

    /// Returns the number of the last frame that was pinned, or that was the newest one when the follower was made.
    #[must_use]
    pub fn position(&self) -> u64 {
        self.seen
    }

    fn aim(&self) -> NewFrame<'a, E, N, K, M> {
        NewFrame { frames: self.frames, access: self.access, seen: self.seen, which: Which::Next }
    }
}

impl<E: ShmValue, const N: usize, const K: usize, M: ShmValue> fmt::Debug for Follower<'_, E, N, K, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Follower").field("frames", self.frames).field("position", &self.seen).finish()
    }
}
