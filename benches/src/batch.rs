//! Batches of the same work by several systems, in turn.

use std::borrow::BorrowMut;
use std::time::{Duration, Instant};

use nix::time::{ClockId, clock_gettime};

/// The amount of measurement.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// The number of batches of each system.
    pub batches: usize,
    /// The time of one batch.
    pub time: Duration,
}

/// The least number of batches of a system, even if one operation takes longer than a batch.
pub const FEWEST: usize = 3;

/// The number of trials of a number of rounds, to find how many fill a batch.
const TRIES: usize = 3;

/// The outcome of one batch.
#[derive(Debug, Clone, Copy, Default)]
pub struct Sample {
    /// The time of one operation, in nanoseconds.
    pub nanoseconds: f64,
    /// The time of one operation of the partner meanwhile, in nanoseconds.
    pub partner: Option<f64>,
    /// The number of operations.
    pub rounds: u64,
    /// The number of values that mix two stores.
    pub torn: u64,
    /// The number of operations that gave up. Without giving up they would have taken longer.
    pub starved: u64,
    /// The number of sent values that no receiver got.
    pub lost: u64,
}

/// Values of which all words were checked, outside of the measurement.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Checked {
    /// Their number.
    pub values: u64,
    /// The number of values that mix two stores.
    pub torn: u64,
}

/// One system, ready to do the work of a row.
pub struct Contender<'a> {
    /// The name in tables.
    pub name: &'static str,
    /// Values that were checked before the batches.
    pub checked: Checked,
    /// Does the work a number of times.
    run: Box<dyn FnMut(u64) -> Sample + 'a>,
}

/// The outcome of all batches of one system.
#[derive(Debug, Clone, Default)]
pub struct Series {
    /// The system.
    pub name: &'static str,
    /// One sample a batch.
    pub samples: Vec<Sample>,
    /// Values that were checked before the batches.
    pub checked: Checked,
}

/// The size of a contender's measurement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Measure {
    /// In each batch.
    rounds: u64,
    batches: usize,
}

impl<'a> Contender<'a> {
    /// A contender that measures itself.
    pub fn new(name: &'static str, run: impl FnMut(u64) -> Sample + 'a) -> Self {
        Self { name, checked: Checked::default(), run: Box::new(run) }
    }

    /// A contender whose closure does the work a number of times, and is timed as a whole.
    pub fn timed(name: &'static str, mut work: impl FnMut(u64) + 'a) -> Self {
        Self::new(name, move |rounds| {
            let start = Instant::now();
            work(rounds);
            Sample { nanoseconds: each(start.elapsed(), rounds), rounds, ..Sample::default() }
        })
    }

    /// Finds how many rounds fill a batch, and how many batches there is time for.
    fn calibrate(&mut self, plan: Plan) -> Measure {
        let mut rounds = 1;
        loop {
            // The best of some trials: a delayed one says nothing of the others.
            let tries = (0..TRIES).map(|_| self.try_out(rounds));
            let (taken, starved) = tries.min_by_key(|(taken, _)| *taken).expect("some");
            if taken >= plan.time / 8 {
                return measure(plan, rounds, taken, starved);
            }
            rounds *= 2;
        }
    }

    /// Returns the time of the rounds, and `true` if one gave up. The time to wake a partner, and pauses, do not count,
    /// as long as a batch does not take ten times its time.
    fn try_out(&mut self, rounds: u64) -> (Duration, bool) {
        let start = Instant::now();
        let sample = (self.run)(rounds);
        let worked = Duration::from_nanos((sample.nanoseconds * rounds as f64) as u64);
        (worked.max(start.elapsed() / 10), sample.starved > 0)
    }
}

/// Derives the size of the measurement from the time of some rounds.
fn measure(plan: Plan, rounds: u64, taken: Duration, starved: bool) -> Measure {
    let share = plan.time.as_secs_f64() / taken.as_secs_f64();
    let is_longer = taken > plan.time && (rounds == 1 || starved);
    let batches = if is_longer { (plan.batches as f64 * share) as usize } else { plan.batches };
    Measure { rounds: ((rounds as f64 * share) as u64).max(1), batches: batches.max(FEWEST.min(plan.batches)) }
}

/// The time of one of several operations, in nanoseconds.
pub fn each(time: Duration, rounds: u64) -> f64 {
    time.as_nanos() as f64 / rounds as f64
}

/// The time for all processes, in nanoseconds.
pub fn now() -> u64 {
    let now = clock_gettime(ClockId::CLOCK_MONOTONIC).expect("every Linux has this clock");
    Duration::from(now).as_nanos() as u64
}

/// Measures all contenders in turn. Each round of batches begins with another contender.
pub fn alternate<'a>(plan: Plan, contenders: &mut [impl BorrowMut<Contender<'a>>]) -> Vec<Series> {
    let mut contenders: Vec<&mut Contender<'a>> = contenders.iter_mut().map(BorrowMut::borrow_mut).collect();
    let measures: Vec<Measure> = contenders.iter_mut().map(|contender| contender.calibrate(plan)).collect();
    let series = |of: &&mut Contender<'a>| Series { name: of.name, samples: Vec::new(), checked: of.checked };
    let mut all: Vec<Series> = contenders.iter().map(series).collect();
    for batch in 0..plan.batches {
        for turn in 0..contenders.len() {
            let at = (batch + turn) % contenders.len();
            if batch < measures[at].batches {
                all[at].samples.push((contenders[at].run)(measures[at].rounds));
            }
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    const PLAN: Plan = Plan { batches: 20, time: Duration::from_millis(10) };

    #[test]
    fn rounds_fill_the_time_of_a_batch() {
        let measured = measure(PLAN, 64, Duration::from_millis(2), false);
        assert_eq!(measured, Measure { rounds: 320, batches: 20 });
    }

    #[test]
    fn a_round_longer_than_a_batch_means_fewer_batches() {
        let measured = measure(PLAN, 1, Duration::from_millis(40), false);
        assert_eq!(measured, Measure { rounds: 1, batches: 5 });
    }

    #[test]
    fn there_are_at_least_three_batches_unless_the_plan_has_fewer() {
        assert_eq!(measure(PLAN, 1, Duration::from_secs(7), false).batches, 3);
        let few = Plan { batches: 2, ..PLAN };
        assert_eq!(measure(few, 1, Duration::from_secs(7), false).batches, 2);
    }

    #[test]
    fn a_starved_operation_among_many_rounds_means_fewer_batches_too() {
        assert_eq!(measure(PLAN, 16, Duration::from_millis(100), true).batches, 3);
        assert_eq!(measure(PLAN, 16, Duration::from_millis(20), false).batches, 20);
    }

    #[test]
    fn contenders_are_measured_in_turn_and_each_begins_once() {
        let log = RefCell::new(String::new());
        let plan = Plan { batches: 3, time: Duration::from_micros(1) };
        let contender = |name: &'static str| {
            let log = &log;
            Contender::new(name, move |_| {
                log.borrow_mut().push_str(name);
                Sample { nanoseconds: 1e6, ..Sample::default() }
            })
        };
        let all = alternate(plan, &mut [contender("a"), contender("b"), contender("c")]);
        assert!(log.borrow().ends_with("abcbcacab"), "{}", log.borrow());
        assert!(all.iter().all(|series| series.samples.len() == 3));
    }
}
