//! Waits for the next frame.

use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use super::conditions::AwaitedFrame;
use super::pins::Pin;
use super::{Frames, Pinned};
use crate::error::{Awaited, PinError};
use crate::layout::ShmValue;
use crate::segment::this_process::registry::access_at;
use crate::sync::waiting::{Condition, Pending, Waitable, awaitable_by, in_turns, wait_until_there};
use crate::sys::shm::Access;

/// The attempts of a task to pin a frame. Another one is needed only if a peer has damaged the words.
const ATTEMPTS: u32 = 4;

/// Waits for newer frames.
impl<E: ShmValue, const N: usize, const K: usize, M: ShmValue> Frames<E, N, K, M> {
    /// Waits until there is a frame newer than number `seen`, and pins the newest. If there is one already, it is
    /// pinned at once. The first call may pass 0.
    ///
    /// ```
    /// use shmstore::Frames;
    /// use std::time::Duration;
    ///
    /// static SAMPLES: Frames<f32, 1024, 4> = Frames::new();
    /// std::thread::scope(|scope| {
    ///     scope.spawn(|| SAMPLES.try_loan().unwrap().publish().unwrap());
    ///     let frame = SAMPLES.wait_newer(0, Duration::from_secs(10))?;
    ///     assert_eq!((frame.number(), frame.missed()), (1, 0));
    ///     Ok::<(), shmstore::Error>(())
    /// })?;
    /// # Ok::<(), shmstore::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// - [`PinError::NotYet`] once the time is over.
    /// - [`PinError::Removed`] and [`PinError::AnchorLost`] if the object or its anchor was removed, and no newer frame
    ///   came: see [`Versioned::wait_newer`](crate::Versioned::wait_newer).
    /// - The errors of [`pin_newest`](Self::pin_newest).
    pub fn wait_newer(&self, seen: u64, timeout: Duration) -> Result<Pinned<'_, E, N, K, M>, PinError> {
        self.new_frame(seen, Access::ReadWrite).wait_and_pin(timeout)
    }

    /// Waits as [`wait_newer`](Self::wait_newer) does, without a limit. Returns `None` soon after `keep_waiting`
    /// returns `false`, which is called first, and then every 5 ms.
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

    /// Returns a wait for a frame newer than number `seen`, for [`wait_any`](crate::wait_any) and `.await`. The future
    /// pins the newest frame.
    ///
    /// ```
    /// use shmstore::Frames;
    ///
    /// static SAMPLES: Frames<f32, 1024, 4> = Frames::new();
    /// # pollster::block_on(async {
    /// SAMPLES.try_loan()?.publish()?; // most often another process
    /// let frame = SAMPLES.newer(0).await?;
    /// assert_eq!(frame.number(), 1);
    /// # Ok::<(), shmstore::Error>(()) }).unwrap();
    /// ```
    ///
    /// # Errors
    ///
    /// The future returns the errors of [`wait_newer`](Self::wait_newer), except [`PinError::NotYet`], and
    /// [`PinError::NoThread`].
    pub fn newer(&self, seen: u64) -> NewerFrame<'_, E, N, K, M> {
        NewerFrame::of(self.new_frame(seen, Access::ReadWrite))
    }

    pub(super) fn new_frame(&self, seen: u64, access: Access) -> NewFrame<'_, E, N, K, M> {
        NewFrame { frames: self, access, seen, which: Which::Newest }
    }
}

/// Which of the newer frames is pinned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Which {
    Newest,
    /// The one after the frame that was seen, or the oldest later one that is there.
    Next,
}

/// A frame newer than `seen`.
pub(super) struct NewFrame<'a, E: ShmValue, const N: usize, const K: usize, M: ShmValue> {
    pub(super) frames: &'a Frames<E, N, K, M>,
    pub(super) access: Access,
    pub(super) seen: u64,
    pub(super) which: Which,
}

impl<'a, E: ShmValue, const N: usize, const K: usize, M: ShmValue> NewFrame<'a, E, N, K, M> {
    /// Waits for a frame, at most for `timeout`, and pins it.
    pub(super) fn wait(&self, timeout: Duration) -> Result<Pin, PinError> {
        check_access(self.frames, self.access)?;
        let started = Instant::now();
        loop {
            let left = timeout.saturating_sub(started.elapsed());
            wait_until_there(self, left).map_err(|ended| PinError::of_wait(ended.error(self, timeout)))?;
            if let Some(pin) = self.pin()? {
                return Ok(pin);
            }
            if started.elapsed() >= timeout {
                return Err(PinError::Disturbed { frames: self.frames.core().part.name(), waited: timeout });
            }
        }
    }

    pub(super) fn wait_and_pin(&self, timeout: Duration) -> Result<Pinned<'a, E, N, K, M>, PinError> {
        self.finish(self.wait(timeout)?, self.seen)
    }

    /// Pins the frame. `None` if there is none after all, because a peer has changed the words.
    fn pin(&self) -> Result<Option<Pin>, PinError> {
        let core = self.frames.core();
        let pin = match self.which {
            Which::Newest => self.frames.take_newest(),
            Which::Next => core.pin_after(self.seen),
        }?;
        Ok(pin.and_then(|pin| {
            let is_newer = pin.frame.number > self.seen;
            if !is_newer {
                core.unpin(pin);
            }
            is_newer.then_some(pin)
        }))
    }

    pub(super) fn finish(&self, pin: Pin, seen: u64) -> Result<Pinned<'a, E, N, K, M>, PinError> {
        Pinned::new(self.frames, pin, pin.frame.number - seen - 1).map_err(PinError::InvalidValue)
    }
}

/// Checks that frames that were reached through a handle of this kind can be pinned.
pub(super) fn check_access<E: ShmValue, const N: usize, const K: usize, M: ShmValue>(
    frames: &Frames<E, N, K, M>,
    access: Access,
) -> Result<(), PinError> {
    let part = frames.core().part;
    // A view may be of memory that this process can write.
    if access == Access::ReadOnly && access_at(part.address()) != Some(Access::ReadWrite) {
        return Err(PinError::ReadOnly { frames: part.name() });
    }
    Ok(())
}

impl<E: ShmValue, const N: usize, const K: usize, M: ShmValue> Waitable for NewFrame<'_, E, N, K, M> {
    fn condition(&self) -> Condition<'_> {
        Condition::Frame(AwaitedFrame::new(self.frames.core(), self.seen))
    }

    fn access(&self) -> Access {
        self.access
    }

    fn settle(&self) {
        if check_access(self.frames, self.access).is_ok() {
            self.frames.core().settle();
        }
    }

    fn describe(&self) -> Awaited {
        let core = self.frames.core();
        Awaited::Frame { frames: core.part.name(), seen: self.seen, newest: core.newest().number }
    }
}

/// A wait for a newer frame of [`Frames`]. [`Frames::newer`] and [`Follower::newer`](super::Follower::newer) return it.
/// `.await` pins the frame.
#[must_use = "a wait does nothing unless it is awaited, or passed to `wait_any`"]
pub struct NewerFrame<'a, E: ShmValue, const N: usize, const K: usize, M: ShmValue = ()> {
    aim: NewFrame<'a, E, N, K, M>,
    pending: Pending,
}

awaitable_by!(
    ['a, E: ShmValue, const N: usize, const K: usize, M: ShmValue]
    NewerFrame<'a, E, N, K, M>, NewFrame<'a, E, N, K, M>, Result<Pinned<'a, E, N, K, M>, PinError>
);

impl<'a, E: ShmValue, const N: usize, const K: usize, M: ShmValue> NewerFrame<'a, E, N, K, M> {
    /// The number of the frame that was pinned last, or of the one that the frame must be newer than.
    pub(super) fn seen(&self) -> u64 {
        self.aim.seen
    }

    fn poll_once(&mut self, context: &mut Context<'_>) -> Poll<Result<Pinned<'a, E, N, K, M>, PinError>> {
        let Self { aim, pending } = self;
        check_access(aim.frames, aim.access)?;
        for _ in 0..ATTEMPTS {
            if let Err(ended) = ready!(pending.poll(aim, context)) {
                return Poll::Ready(Err(PinError::of_wait(ended.error(aim, Duration::ZERO))));
            }
            if let Some(pin) = aim.pin()? {
                let seen = std::mem::replace(&mut aim.seen, pin.frame.number);
                return Poll::Ready(aim.finish(pin, seen));
            }
        }
        pending.poll_again(context)
    }
}
