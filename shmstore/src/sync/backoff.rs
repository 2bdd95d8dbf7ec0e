//! The limit of a wait, and its slices.
//!
//! No sleep is longer than a slice, unless the hub looks after the sleeper. The process that should wake a sleeper may
//! be killed between the change and the waking, and the holder of a lock may be killed at any time.

use std::time::{Duration, Instant};

use crate::sys::shm::Access;

/// The first sleep. A lost wake-up costs no more than this.
const FIRST_SLICE: Duration = Duration::from_millis(2);
/// Each later sleep. A sleeping waiter notices a death after this time at the latest.
const SLICE: Duration = Duration::from_millis(5);
/// Each sleep of a waiter that no process wakes: a read-only one, or one whose lock is busy.
pub(super) const POLL: Duration = Duration::from_millis(1);

/// The time between two looks on behalf of waiters that are woken by all changes.
pub(super) fn slice() -> Duration {
    of_tests().unwrap_or(SLICE)
}

/// A limit on waiting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// As long as it takes.
    Forever,
    /// Not at all.
    Never,
    /// At most this long.
    Within(Duration),
}

impl Limit {
    /// The longest time of a wait.
    pub(crate) fn duration(self) -> Duration {
        match self {
            Self::Forever => Duration::MAX,
            Self::Never => Duration::ZERO,
            Self::Within(time) => time,
        }
    }
}

impl From<Duration> for Limit {
    fn from(time: Duration) -> Self {
        Self::Within(time)
    }
}

/// The limit of a call that waits several times, for a lock too. The clock is read at the first wait.
#[derive(Debug)]
pub(super) struct Left {
    limit: Limit,
    started: Option<Instant>,
    is_first: bool,
}

impl Left {
    #[inline(always)]
    pub(super) fn of(limit: Limit) -> Self {
        Self { limit, started: None, is_first: true }
    }

    /// The limit of the next wait.
    #[inline(always)]
    pub(super) fn limit(&self) -> Limit {
        match (self.limit, self.started) {
            (Limit::Within(limit), Some(started)) => Limit::Within(limit.saturating_sub(started.elapsed())),
            (limit, _) => limit,
        }
    }

    /// The limit of the next wait. Starts the clock, if there is a time.
    #[cold]
    pub(super) fn started(&mut self) -> Limit {
        if matches!(self.limit, Limit::Within(_)) {
            self.started.get_or_insert_with(Instant::now);
        }
        self.limit()
    }

    /// The time of the next wait. Starts the clock.
    pub(super) fn duration(&mut self) -> Duration {
        self.started.get_or_insert_with(Instant::now);
        self.limit().duration()
    }

    /// Returns `true` if there was a wait, and the time is over. A wait can end although nothing came: another process
    /// was faster, or a peer has damaged the part. So each call asks before it waits again.
    pub(super) fn is_over(&self) -> bool {
        self.started.is_some() && self.limit() == Limit::Within(Duration::ZERO)
    }

    /// Returns `true` at the first call only.
    pub(super) fn is_first(&mut self) -> bool {
        std::mem::replace(&mut self.is_first, false)
    }

    pub(super) fn waited(&self) -> Duration {
        self.started.map_or(Duration::ZERO, |started| started.elapsed())
    }
}

/// The wait of one call.
#[derive(Debug)]
pub(super) struct Backoff {
    started: Instant,
    /// `None` if there is no limit.
    deadline: Option<Instant>,
    slice: Duration,
    next: Duration,
    /// The last question to the kernel: whether the holder is alive, or the object was removed.
    asked: Instant,
    asks_each: Duration,
}

impl Backoff {
    pub(super) fn new(limit: Limit) -> Self {
        Self::in_slices(limit, FIRST_SLICE, SLICE)
    }

    /// The wait for a change of a part.
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
            // A time that the clock cannot express has no end.
            Limit::Within(time) => started.checked_add(time),
        };
        Self {
            started,
            deadline,
            slice: of_tests().unwrap_or(slice),
            // A wait that is over after one slice is not worth a shorter one before it.
            next: of_tests().unwrap_or(if matches!(limit, Limit::Within(time) if time <= slice) {
                slice
            } else {
                first
            }),
            asked: started,
            asks_each: self::slice(),
        }
    }

    /// Returns the length of the next sleep. `None` if the time is over.
    pub(super) fn slice(&mut self) -> Option<Duration> {
        let slice = std::mem::replace(&mut self.next, self.slice);
        self.left().map(|left| left.min(slice))
    }

    /// Returns the time until the end. `None` if it is over.
    pub(super) fn left(&self) -> Option<Duration> {
        match self.deadline {
            None => Some(Duration::MAX),
            Some(deadline) => Some(deadline.saturating_duration_since(Instant::now())).filter(|left| !left.is_zero()),
        }
    }

    /// Returns `true` if it is time to ask the kernel again, which is every 5 ms. Signals and needless wake-ups do not
    /// change this.
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

/// The slices that a test asks for. In long ones a lost wake-up cannot hide behind the end of a slice.
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
    fn a_wait_without_a_limit_is_never_over() {
        for limit in [Limit::Forever, Limit::Within(Duration::MAX)] {
            let mut backoff = Backoff::new(limit);
            assert!(backoff.slice().is_some());
            assert!(!backoff.is_over());
        }
    }
}
