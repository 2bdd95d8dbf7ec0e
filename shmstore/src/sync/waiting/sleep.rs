//! The wait of a thread: a short spin, then sleeps in slices. It ends when the change comes, when the time is over, or
//! when the object or its anchor is removed.
//!
//! A thread that has slept for some slices leaves the slices to the [hub](crate::sync::hub), if it is not the only one,
//! and sleeps until it is woken.

use std::hint::spin_loop;
use std::time::{Duration, Instant};

use super::{Condition, Ended, Waitable, access_of, end_of};
use crate::segment::this_process::registry::{SegmentRef, segment_at};
use crate::sync::backoff::{Backoff, Limit};
use crate::sync::hub::LongSleeper;
use crate::sys::failpoint::{self, Step};
use crate::sys::futex::{self, Expected, MOST_WORDS, WokenBy};
use crate::sys::shm::Access;

/// The number of checks before a thread sleeps. They take less time than to fall asleep and be woken.
const SPINS: u32 = 100;

/// A thread whose check takes as long as this does not spin. A check of a damaged map may.
const LONGEST_CHECK: Duration = Duration::from_micros(5);

/// The slices after which a thread leaves them to the hub.
const OWN_SLICES: u32 = 4;

/// The longest sleep of a thread that the hub looks after.
const LONGEST: Duration = Duration::from_secs(3600);

/// Waits for a change that was not there just now, at most for `timeout`. A `timeout` that the clock cannot express has
/// no end.
///
/// After each sleep, a flag in the object says whether it was removed. `ipcrm` does not set this flag, so the kernel is
/// asked now and then. A call that does not sleep makes no system call, and a reader that polls makes few.
pub(super) fn wait(awaited: &impl Waitable, timeout: Duration) -> Result<(), Ended> {
    let started = Instant::now();
    for spins in 1..if timeout.is_zero() { 1 } else { SPINS } {
        if awaited.is_there() {
            return Ok(());
        }
        if spins == 1 && started.elapsed() >= LONGEST_CHECK {
            break;
        }
        spin_loop();
    }
    sleep(&[awaited], timeout, &mut || awaited.is_there()).map_err(|(_, ended)| ended)
}

/// The time of the last check of the anchors, which takes some system calls.
struct AnchorCheck(Instant);

impl AnchorCheck {
    /// Returns `true` once a second, and when the time is over, unless there was no wait at all.
    fn is_due(&mut self, is_over: bool, is_watched: bool) -> bool {
        // The hub wakes a thread that it looks after once a second if the anchor is lost.
        let pause = Duration::from_millis(if is_watched { 100 } else { 1000 });
        const MOMENT: Duration = Duration::from_millis(1);
        let since = self.0.elapsed();
        let is_time = since >= pause || is_over && since >= MOMENT;
        if is_time {
            self.0 = Instant::now();
        }
        is_time
    }
}

/// Sleeps until `look` returns `true`, which it does once a change is there. The error has the index of the change
/// that will not come.
#[cold]
pub(super) fn sleep(
    awaited: &[&dyn Waitable],
    timeout: Duration,
    look: &mut dyn FnMut() -> bool,
) -> Result<(), (usize, Ended)> {
    let polls = awaited.len() > MOST_WORDS || awaited.iter().any(|&awaited| access_of(awaited) == Access::ReadOnly);
    let access = if polls { Access::ReadOnly } else { Access::ReadWrite };
    let mut backoff = Backoff::of_waiter(access, Limit::Within(timeout));
    let mut anchors = AnchorCheck(Instant::now());
    let (mut slices, mut long) = (0, None);
    loop {
        let slice = backoff.slice();
        if let Some(slice) = slice {
            slices += 1;
            if slices > OWN_SLICES && awaited.len() <= MOST_WORDS {
                long.get_or_insert_with(LongSleeper::new);
            }
            if sleep_once(awaited, slice, long.as_ref().zip(backoff.left()), look) {
                return Ok(());
            }
        }
        failpoint::reach(Step::WaitSlept);
        awaited.iter().for_each(|awaited| awaited.settle());
        let (asks_kernel, checks_anchor) = (backoff.asks_now(), anchors.is_due(slice.is_none(), long.is_some()));
        let ended = each_segment(awaited, |segment| end_of(segment, asks_kernel, checks_anchor));
        if ended.is_some() || slice.is_none() {
            // A change that came before the end is not lost.
            return if look() { Ok(()) } else { Err(ended.unwrap_or((0, Ended::Timeout))) };
        }
    }
}

/// Sleeps for a slice at most, unless a change is there. Returns `true` if one is there afterwards.
///
/// If the hub looks after the sleep, it may last until the end of the wait.
fn sleep_once(
    awaited: &[&dyn Waitable],
    slice: Duration,
    long: Option<(&LongSleeper, Duration)>,
    look: &mut dyn FnMut() -> bool,
) -> bool {
    // A wait for one change allocates nothing.
    let (one, many);
    let conditions: &[Condition<'_>] = if let [awaited] = awaited {
        one = [awaited.condition()];
        &one
    } else {
        many = awaited.iter().map(|awaited| awaited.condition()).collect::<Vec<_>>();
        &many
    };
    let (mut words, mut count) = ([Expected::new(0, 0); MOST_WORDS], 0);
    // All are announced before any is looked at.
    for (condition, &awaited) in conditions.iter().zip(awaited) {
        match condition.announce(access_of(awaited)) {
            Some(expected) if count < MOST_WORDS => {
                words[count] = Expected::new(condition.address(), expected);
                count += 1;
            }
            Some(_) => {}
            None => return look(),
        }
    }
    failpoint::reach(Step::VersionAwaited);
    // If a condition holds and no change is there, it is another condition by now, with another word perhaps.
    let is_there = look();
    if is_there || conditions.iter().any(Condition::holds) {
        return is_there;
    }
    let watched = long.and_then(|(long, left)| Some((long.watch(conditions)?, left)));
    let slice = watched.as_ref().map_or(slice, |(_, left)| (*left).min(LONGEST));
    let words = &words[..count];
    if let [word] = words {
        word.wait(slice);
    } else if futex::wait_any(words, slice) == WokenBy::Refused {
        words[0].wait(slice.min(Duration::from_millis(1)));
    }
    look()
}

/// Returns the first end of a segment in which there is one of the parts, and the index of the part.
fn each_segment(
    awaited: &[&dyn Waitable],
    mut end: impl FnMut(&SegmentRef) -> Option<Ended>,
) -> Option<(usize, Ended)> {
    let mut last: Option<SegmentRef> = None;
    for (index, awaited) in awaited.iter().enumerate() {
        let address = awaited.condition().address();
        if last.as_ref().is_some_and(|segment| segment.mapping().contains(address)) {
            continue;
        }
        last = segment_at(address);
        if let Some(ended) = last.as_ref().and_then(&mut end) {
            return Some((index, ended));
        }
    }
    None
}
