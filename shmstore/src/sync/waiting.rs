//! Waits for a change of a part: a short spin, then sleep in slices. The wait ends when the change comes, when the time
//! is over, or when the object is removed.

use std::hint::spin_loop;
use std::ptr;
use std::time::{Duration, Instant};

use super::backoff::{Backoff, Limit};
use crate::error::{Awaited, WaitError};
use crate::segment::this_process::registry::segment_at;
use crate::sys::failpoint::{self, Step};
use crate::sys::shm::Access;

/// The checks before a thread sleeps. They take less time than to fall asleep and be woken.
const SPINS: u32 = 100;

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

/// Waits until `check` returns a result. `sleep` sleeps for a slice, and then checks, too. `awaited` describes the
/// change in an error.
///
/// After each sleep a flag in the object says whether it was removed. The kernel is asked only now and then, because of
/// `ipcrm`. So a call that does not sleep makes no system call, and a reader that polls makes few.
pub(super) fn wait<P, R>(
    part: &P,
    access: Access,
    timeout: Duration,
    check: impl Fn() -> Option<R>,
    sleep: impl Fn(Duration) -> Option<R>,
    awaited: impl Fn() -> Awaited,
) -> Result<R, WaitError> {
    for _ in 0..if timeout.is_zero() { 1 } else { SPINS } {
        if let Some(found) = check() {
            return Ok(found);
        }
        spin_loop();
    }
    let mut backoff = Backoff::of_waiter(access, Limit::Within(timeout));
    let mut anchor = AnchorCheck(Instant::now());
    loop {
        let slice = backoff.slice();
        if let Some(found) = slice.and_then(&sleep) {
            return Ok(found);
        }
        failpoint::reach(Step::WaitSlept);
        let segment = segment_at(ptr::from_ref(part).addr());
        let is_removed = segment.as_ref().is_some_and(|segment| {
            if backoff.asks_now() { segment.is_removed() } else { segment.header().says_removed() }
        });
        if is_removed {
            // A change that came before the removal is not lost.
            return check().ok_or_else(|| WaitError::Removed { awaited: awaited() });
        }
        if anchor.is_due(slice.is_none()) {
            if let Some(path) = segment.as_ref().and_then(|segment| segment.lost_anchor()) {
                let anchor = path.to_owned();
                return check().ok_or_else(|| WaitError::AnchorLost { awaited: awaited(), anchor });
            }
        }
        if slice.is_none() {
            return Err(WaitError::Timeout { awaited: awaited(), waited: timeout });
        }
    }
}
