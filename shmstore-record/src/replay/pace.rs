//! When a message is due.

use std::thread;
use std::time::{Duration, Instant};

/// How long one sleep is, so that a signal ends the replay soon.
const SLICE: Duration = Duration::from_millis(50);

/// The times of a replay. Each is counted from its start, so that errors do not add up.
#[derive(Debug)]
pub(super) struct Pace {
    rate: f64,
    /// When the first message was stored, and its recorded time.
    start: Option<(Instant, u64)>,
}

impl Pace {
    /// A pace of `rate` seconds of the recording in a second. 0 is as fast as possible.
    pub(super) fn of(rate: f64) -> Self {
        Self { rate, start: None }
    }

    /// When the message of a recorded time is due. `None` if it is due at once.
    pub(super) fn due(&mut self, time: u64) -> Option<Instant> {
        if self.rate == 0.0 {
            return None;
        }
        let (start, first) = *self.start.get_or_insert_with(|| (Instant::now(), time));
        let seconds = time.saturating_sub(first) as f64 / 1e9 / self.rate;
        // A time that cannot be expressed never comes.
        let after = Duration::try_from_secs_f64(seconds).unwrap_or(Duration::from_secs(u32::MAX.into()));
        start.checked_add(after)
    }
}

/// Sleeps until a moment, and returns how late it is then. `None` if `is_over` returned `true` before.
pub(super) fn sleep_until(due: Instant, is_over: &mut dyn FnMut() -> bool) -> Option<Duration> {
    loop {
        let left = due.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Some(Instant::now().saturating_duration_since(due));
        }
        if is_over() {
            return None;
        }
        thread::sleep(left.min(SLICE));
    }
}

/// How long an object may not take a message, before the message is given up.
const PATIENCE: Duration = Duration::from_secs(1);

/// Repeats a call that waits, for at most a second, until it ends for another reason than its limit. It does not wait if
/// there is no patience.
pub(super) fn patiently<T, E>(
    is_patient: bool,
    is_over: &mut dyn FnMut() -> bool,
    is_late: impl Fn(&E) -> bool,
    mut call: impl FnMut(shmstore::dynamic::Limit) -> Result<T, E>,
) -> Result<T, E> {
    use shmstore::dynamic::Limit;
    let end = Instant::now() + PATIENCE;
    let first = call(Limit::Never);
    let mut result = first;
    while is_patient && result.as_ref().err().is_some_and(&is_late) && Instant::now() < end && !is_over() {
        result = call(Limit::Within(SLICE));
    }
    result
}
