//! How long an operation waits for other processes.

use std::thread;
use std::time::{Duration, Instant};

use crate::error::OpenError;
use crate::segment::anchor::Anchor;

/// The pauses between two checks of something that another process is about to change.
const PAUSES: [Duration; 4] =
    [Duration::from_millis(1), Duration::from_millis(2), Duration::from_millis(5), Duration::from_millis(10)];

/// A limit on waiting, and how long the next pause is.
#[derive(Debug)]
pub(crate) struct Deadline {
    /// When it was first needed. Most operations never wait, and reading the clock takes time.
    started: Option<Instant>,
    limit: Duration,
    pauses: usize,
}

impl Deadline {
    pub(crate) fn new(limit: Duration) -> Self {
        Self { started: None, limit, pauses: 0 }
    }

    pub(crate) fn limit(&self) -> Duration {
        self.limit
    }

    /// The end of the wait, a year at most.
    pub(crate) fn end(&mut self) -> Instant {
        const YEAR: Duration = Duration::from_secs(365 * 24 * 60 * 60);
        *self.started.get_or_insert_with(Instant::now) + self.limit.min(YEAR)
    }

    /// The time since it was first needed.
    pub(crate) fn spent(&self) -> Duration {
        self.started.map_or(Duration::ZERO, |started| started.elapsed())
    }

    /// Looks for an anchor, again and again while there is no file at its path.
    pub(crate) fn wait_for_anchor(
        &mut self,
        look: impl Fn() -> Result<Anchor, OpenError>,
    ) -> Result<Anchor, OpenError> {
        loop {
            match look() {
                Err(OpenError::NotFound { .. } | OpenError::DanglingLink { .. }) if self.pause() => {}
                Err(OpenError::NotFound { path, .. }) => {
                    return Err(OpenError::NotFound { path, waited: self.limit });
                }
                found => return found,
            }
        }
    }

    /// Sleeps for 1 to 10 ms, each pause longer than the one before. Returns `false` without a pause after the end.
    pub(crate) fn pause(&mut self) -> bool {
        let left = self.end().saturating_duration_since(Instant::now());
        if left.is_zero() {
            return false;
        }
        let pause = PAUSES[self.pauses.min(PAUSES.len() - 1)];
        self.pauses += 1;
        thread::sleep(pause.min(left));
        true
    }
}
