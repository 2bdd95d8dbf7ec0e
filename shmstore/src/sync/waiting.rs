//! Waiting for a change of a part: a short spin, then sleep in slices, until it comes, the time is over, or the object is
//! removed.

use std::hint::spin_loop;
use std::ptr;
use std::time::{Duration, Instant};

use super::backoff::{Backoff, Limit};
use crate::error::{Awaited, WaitError};
use crate::segment::process::registry::segment_at;
use crate::sys::failpoint::{self, Step};
use crate::sys::shm::Access;

/// How often to look before sleeping: less than the way to sleep and back takes.
const SPINS: u32 = 100;

/// When an anchor was last asked for: that takes some system calls.
struct AnchorAsked(Instant);

impl AnchorAsked {
    /// Returns `true` once a second, and when the time is over, if any was waited at all.
    fn is_to_be_asked_for(&mut self, is_over: bool) -> bool {
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

/// Waits for what `look` finds, in slices of `sleep`, which looks again when it is over; `awaited` says what it is, in an
/// error.
///
/// The object itself says after each sleep whether it was removed. The kernel is asked only now and then, for a removal
/// from outside: a call that does not sleep makes no system call, and a reader that polls makes few.
pub(super) fn wait<P, R>(
    part: &P,
    access: Access,
    timeout: Duration,
    look: impl Fn() -> Option<R>,
    sleep: impl Fn(Duration) -> Option<R>,
    awaited: impl Fn() -> Awaited,
) -> Result<R, WaitError> {
    for _ in 0..if timeout.is_zero() { 1 } else { SPINS } {
        if let Some(found) = look() {
            return Ok(found);
        }
        spin_loop();
    }
    let mut backoff = Backoff::of_waiter(access, Limit::Within(timeout));
    let mut anchor = AnchorAsked(Instant::now());
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
            // What was brought before the removal is not lost.
            return look().ok_or_else(|| WaitError::Removed { awaited: awaited() });
        }
        if anchor.is_to_be_asked_for(slice.is_none()) {
            if let Some(path) = segment.as_ref().and_then(|segment| segment.lost_anchor()) {
                let anchor = path.to_owned();
                return look().ok_or_else(|| WaitError::AnchorLost { awaited: awaited(), anchor });
            }
        }
        if slice.is_none() {
            return Err(WaitError::Timeout { awaited: awaited(), waited: timeout });
        }
    }
}
