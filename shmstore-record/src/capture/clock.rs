//! The time of observation, which never goes back.

use nix::time::{ClockId, clock_gettime};

/// A difference between the clocks that is a step, and not their drift.
const STEP: i128 = 100_000_000;

/// The real time at the start, and the time since boot that has passed since. Both in nanoseconds.
#[derive(Debug, Clone)]
pub(super) struct Clock {
    real: u64,
    boot: u64,
    /// The difference between the system's clock and this one that is known.
    known: i128,
}

fn nanoseconds(clock: ClockId) -> u64 {
    let time = clock_gettime(clock).expect("Linux has this clock");
    let of = |number: i64| u64::try_from(number).unwrap_or(0);
    of(time.tv_sec()).saturating_mul(1_000_000_000).saturating_add(of(time.tv_nsec()))
}

impl Clock {
    pub(super) fn start() -> Self {
        Self { real: nanoseconds(ClockId::CLOCK_REALTIME), boot: nanoseconds(ClockId::CLOCK_BOOTTIME), known: 0 }
    }

    /// The time now, in nanoseconds since 1970.
    pub(super) fn now(&self) -> u64 {
        self.real.saturating_add(nanoseconds(ClockId::CLOCK_BOOTTIME).saturating_sub(self.boot))
    }

    /// The real time and the time since boot at the start.
    pub(super) fn anchors(&self) -> (u64, u64) {
        (self.real, self.boot)
    }

    /// By how many nanoseconds the system's clock was set since the last call. `None` if it was not.
    pub(super) fn step(&mut self) -> Option<i64> {
        self.step_to(nanoseconds(ClockId::CLOCK_REALTIME), self.now())
    }

    fn step_to(&mut self, real: u64, now: u64) -> Option<i64> {
        let difference = i128::from(real) - i128::from(now);
        let step = difference - self.known;
        // A clock that is slewed is followed, so that it never adds up to a step.
        self.known = difference;
        (step.abs() > STEP).then(|| step.clamp(i64::MIN.into(), i64::MAX.into()) as i64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_follow_each_other_and_steps_of_the_system_clock_are_told_once() {
        let mut clock = Clock::start();
        let first = clock.now();
        assert!(clock.now() >= first);
        assert_eq!(clock.step_to(1_000_000_000, 1_000_000_000), None);
        assert_eq!(clock.step_to(1_100_000_000, 1_050_000_000), None, "it is slewed");
        assert_eq!(clock.step_to(7_200_000_000, 2_000_000_000), Some(5_150_000_000));
        assert_eq!(clock.step_to(8_200_000_000, 3_000_000_000), None);
        assert_eq!(clock.step_to(4_000_000_000, 4_000_000_000), Some(-5_200_000_000));
    }
}
