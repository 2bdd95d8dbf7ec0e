//! What a replay did.

use std::collections::BTreeMap;
use std::time::Duration;

/// What a replay did.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Report {
    /// The messages, by the number of their channel.
    pub channels: Vec<Counts>,
    /// The damaged chunks and records, which were skipped.
    pub damaged: u64,
    /// How often the recording was begun.
    pub rounds: u64,
    /// Why the first record was damaged.
    pub damage: Option<String>,
    /// Why the first message of a channel was refused or not stored, by the number of the channel.
    pub reasons: BTreeMap<usize, String>,
    /// How late messages were stored.
    pub lateness: Lateness,
}

/// The messages of a channel, or of all.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counts {
    /// The messages that were stored. Without an object to store them in, those that could be decoded.
    pub stored: u64,
    /// The messages that are no valid message of the part.
    pub refused: u64,
    /// The messages that the object did not take: a queue or map was full, or another process had the part.
    pub blocked: u64,
    /// The messages that were not asked for.
    pub left_out: u64,
    /// The states at the start of a later file that had been stored before.
    pub repeated: u64,
}

impl Report {
    /// The messages of all channels.
    #[must_use]
    pub fn total(&self) -> Counts {
        self.channels.iter().fold(Counts::default(), |sum, of| Counts {
            stored: sum.stored + of.stored,
            refused: sum.refused + of.refused,
            blocked: sum.blocked + of.blocked,
            left_out: sum.left_out + of.left_out,
            repeated: sum.repeated + of.repeated,
        })
    }

    /// Returns `true` if each message that was asked for was stored.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        let Counts { refused, blocked, .. } = self.total();
        refused + blocked + self.damaged == 0
    }

    pub(super) fn of(&mut self, channel: usize) -> &mut Counts {
        if self.channels.len() <= channel {
            self.channels.resize(channel + 1, Counts::default());
        }
        &mut self.channels[channel]
    }
}

/// How late messages were stored, after the times at which they were due.
#[derive(Debug, Clone)]
pub struct Lateness {
    /// The messages that were late by less than 10 µs, 20 µs, and so on.
    steps: Vec<u64>,
    worst: Duration,
    count: u64,
}

/// Steps of 10 µs, up to 10 ms. The last one has all that is later.
const STEP: Duration = Duration::from_micros(10);
const STEPS: usize = 1001;

impl Default for Lateness {
    fn default() -> Self {
        Self { steps: vec![0; STEPS], worst: Duration::ZERO, count: 0 }
    }
}

impl Lateness {
    pub(super) fn add(&mut self, late: Duration) {
        let step = late.as_nanos() / STEP.as_nanos();
        self.steps[usize::try_from(step).unwrap_or(STEPS).min(STEPS - 1)] += 1;
        self.worst = self.worst.max(late);
        self.count += 1;
    }

    /// The most that a message was late.
    #[must_use]
    pub fn worst(&self) -> Duration {
        self.worst
    }

    /// The time by which at most one in a hundred messages was later, rounded up to 10 µs, or the worst one if that is
    /// above 10 ms. `None` without messages that had a time.
    #[must_use]
    pub fn p99(&self) -> Option<Duration> {
        let mut left = (self.count > 0).then_some(self.count - self.count / 100)?;
        let step = self.steps.iter().position(|count| {
            left = left.saturating_sub(*count);
            left == 0
        })?;
        Some(if step == STEPS - 1 { self.worst } else { (STEP * (step as u32 + 1)).min(self.worst) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_in_a_hundred_may_be_later_than_p99() {
        let mut lateness = Lateness::default();
        assert_eq!(lateness.p99(), None);
        (0..99).for_each(|_| lateness.add(Duration::from_micros(5)));
        lateness.add(Duration::from_secs(1));
        assert_eq!((lateness.p99(), lateness.worst()), (Some(Duration::from_micros(10)), Duration::from_secs(1)));
        lateness.add(Duration::from_micros(25));
        assert_eq!(lateness.p99(), Some(Duration::from_micros(30)));
        (0..3).for_each(|_| lateness.add(Duration::from_secs(2)));
        assert_eq!(lateness.p99(), Some(Duration::from_secs(2)));
    }
}
