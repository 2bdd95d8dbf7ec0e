//! How long to wait: until when, and in which slices.
//!
//! No sleep is longer than a slice, whatever is waited for. The process that should wake us may be killed between the
//! change and the waking, and the process that we wait for may be killed at any time.

use std::time::{Duration, Instant};

use crate::sys::shm::Access;

/// The first sleep: a wake-up that is lost costs no more than this.
const FIRST_SLICE: Duration = Duration::from_millis(2);
/// The sleeps after it: how late a sleeping waiter notices a death.
const SLICE: Duration = Duration::from_millis(5);
/// The sleeps of a waiter that may only read, so that no process knows of it.
const POLL: Duration = Duration::from_millis(1);

/// A limit on waiting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Limit {
    /// As long as it takes.
    Forever,
    /// Not at all.
    Never,
    /// At most this long.
    Within(Duration),
}

/// The waiting of one call.
#[derive(Debug)]
pub(super) struct Backoff {
    started: Instant,
    /// `None` is forever.
    deadline: Option<Instant>,
    slice: Duration,
    next: Duration,
    /// When the kernel was asked last whether the holder lives, or the object was removed; and how often to ask it.
    asked: Instant,
    asks_each: Duration,
}

impl Backoff {
    pub(super) fn new(limit: Limit) -> Self {
        Self::in_slices(limit, FIRST_SLICE, SLICE)
    }

    /// The waiting for a change of a part.
    pub(super) fn of_waiter(access: Access, limit: Limit) -> Self {
        match access {
            Access::ReadWrite => Self::new(limit),
            Access::ReadOnly => Self::in_slices(limit, POLL, POLL),
        }
    }

    fn in_slices(limit: Limit, first: Duration, slice: Duration) -> Self {
        let started = Instant::now();
        let deadline = match limit {
            Limit::Forever => None,
            Limit::Never => Some(started),
            // More than the clock can tell is forever.
            Limit::Within(time) => started.checked_add(time),
        };
        Self {
            started,
            deadline,
            slice: of_tests().unwrap_or(slice),
            next: of_tests().unwrap_or(first),
            asked: started,
            asks_each: of_tests().unwrap_or(SLICE),
        }
    }

    /// How long to sleep now; `None` if the time is over.
    pub(super) fn slice(&mut self) -> Option<Duration> {
        let slice = std::mem::replace(&mut self.next, self.slice);
        match self.deadline {
            None => Some(slice),
            Some(deadline) => {
                let left = deadline.saturating_duration_since(Instant::now());
                (!left.is_zero()).then(|| slice.min(left))
            }
        }
    }

    /// Returns `true` if it is time to ask the kernel again: every 5 ms, however short the slices are, and however often
    /// sleep is cut short, by signals or by a process that wakes for nothing.
    pub(super) fn asks_now(&mut self) -> bool {
        let now = Instant::now();
        let is_time = now.duration_since(self.asked) >= self.asks_each;
        if is_time {
            self.asked = now;
        }
        is_time
    }

    /// Returns `true` if the time is over.
    pub(super) fn is_over(&self) -> bool {
        self.deadline.is_some_and(|deadline| Instant::now() >= deadline)
    }

    pub(super) fn waited(&self) -> Duration {
        self.started.elapsed()
    }
}

/// A test may ask for slices so long that a wake-up that is lost cannot hide behind their end.
#[cfg(feature = "failpoints")]
fn of_tests() -> Option<Duration> {
    std::env::var("SHMSTORE_SLICE_MS").ok()?.parse().ok().map(Duration::from_millis)
}

#[cfg(not(feature = "failpoints"))]
fn of_tests() -> Option<Duration> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slices_end_with_the_deadline() {
        let mut backoff = Backoff::new(Limit::Within(Duration::from_secs(3600)));
        assert_eq!([backoff.slice(), backoff.slice()], [Some(FIRST_SLICE), Some(SLICE)]);
        let mut backoff = Backoff::new(Limit::Within(Duration::from_micros(1500)));
        assert!(backoff.slice().is_none_or(|slice| slice < FIRST_SLICE));
        let mut backoff = Backoff::new(Limit::Never);
        assert!(backoff.is_over());
        assert_eq!(backoff.slice(), None);
    }

    #[test]
    fn time_without_end_has_none() {
        for limit in [Limit::Forever, Limit::Within(Duration::MAX)] {
            let mut backoff = Backoff::new(limit);
            assert!(backoff.slice().is_some());
            assert!(!backoff.is_over());
        }
    }
}
