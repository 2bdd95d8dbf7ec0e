//! Waits for a change of a part: a short spin, then sleeps in slices. A wait ends when the change comes, when the time
//! is over, or when the object or its anchor is removed.

use std::hint::spin_loop;
use std::ptr;
use std::time::{Duration, Instant};

use super::backoff::{Backoff, Limit};
use crate::error::{Awaited, WaitError};
use crate::segment::this_process::registry::segment_at;
use crate::sys::failpoint::{self, Step};
use crate::sys::futex::{self, FutexWord};
use crate::sys::shm::Access;

/// The number of checks before a thread sleeps. They take less time than to fall asleep and be woken.
const SPINS: u32 = 100;

/// The least time to copy a new version. A writer that follows the protocol grants a pause in less time.
pub(super) const TO_COPY: Duration = Duration::from_millis(10);

/// The time of the last check of the anchor, which takes some system calls.
struct AnchorCheck(Instant);

impl AnchorCheck {
    /// Returns `true` once a second, and when the time is over, unless there was no wait at all.
    fn is_due(&mut self, is_over: bool) -> bool {
        const PAUSE: Duration = Duration::from_secs(1);
        const MOMENT: Duration = Duration::from_millis(1);
        let since = self.0.elapsed();
        let is_time = since >= PAUSE || is_over && since >= MOMENT;
        if is_time {
            self.0 = Instant::now();
        }
        is_time
    }
}

/// A change that processes wait for, and how they sleep meanwhile.
///
/// A waiter [announces](Self::announce) itself, [looks](Self::look) once more, and sleeps on [`word`](Self::word) while
/// the word has the returned value. Every later change also changes the word, and wakes the waiter.
pub(super) trait Waitable {
    /// What comes with the change.
    type Change;
    type Word: FutexWord;

    /// Returns the change if it is there.
    fn look(&self) -> Option<Self::Change>;

    /// The word to sleep on.
    fn word(&self) -> &Self::Word;

    /// Announces a waiter, if it may write. Returns the change if it is there. Otherwise returns the low half of the
    /// word: the waiter may sleep while the word has this value.
    fn announce(&self, access: Access) -> Result<u32, Self::Change>;

    /// Called after each sleep that did not end with the change.
    fn slept(&self) {}

    /// Describes the change in an error.
    fn describe(&self) -> Awaited;
}

/// Waits for a change, at most for `timeout`. A `timeout` that the clock cannot express has no end.
///
/// After each sleep, a flag in the object says whether it was removed. `ipcrm` does not set this flag, so the kernel is
/// asked now and then. A call that does not sleep makes no system call, and a reader that polls makes few.
pub(super) fn wait<W: Waitable>(awaited: &W, access: Access, timeout: Duration) -> Result<W::Change, WaitError> {
    for _ in 0..if timeout.is_zero() { 1 } else { SPINS } {
        if let Some(found) = awaited.look() {
            return Ok(found);
        }
        spin_loop();
    }
    let mut backoff = Backoff::of_waiter(access, Limit::Within(timeout));
    let mut anchor = AnchorCheck(Instant::now());
    loop {
        let slice = backoff.slice();
        if let Some(found) = slice.and_then(|slice| sleep(awaited, access, slice)) {
            return Ok(found);
        }
        failpoint::reach(Step::WaitSlept);
        awaited.slept();
        let segment = segment_at(ptr::from_ref(awaited.word()).addr());
        let is_removed = segment
            .as_ref()
            .is_some_and(|segment| if backoff.asks_now() { segment.is_removed() } else { segment.says_removed() });
        if is_removed {
            // A change that came before the removal is not lost.
            return awaited.look().ok_or_else(|| WaitError::Removed { awaited: awaited.describe() });
        }
        if anchor.is_due(slice.is_none()) {
            if let Some(path) = segment.as_ref().and_then(|segment| segment.lost_anchor()) {
                let anchor = path.to_owned();
                return awaited.look().ok_or_else(|| WaitError::AnchorLost { awaited: awaited.describe(), anchor });
            }
        }
        if slice.is_none() {
            return Err(WaitError::Timeout { awaited: awaited.describe(), waited: timeout });
        }
    }
}

/// Sleeps for a slice at most, unless the change is there. Returns the change if it is there afterwards.
fn sleep<W: Waitable>(awaited: &W, access: Access, slice: Duration) -> Option<W::Change> {
    let expected = match awaited.announce(access) {
        Ok(expected) => expected,
        Err(found) => return Some(found),
    };
    failpoint::reach(Step::VersionAwaited);
    awaited.look().or_else(|| {
        futex::wait(awaited.word(), expected, slice);
        awaited.look()
    })
}
