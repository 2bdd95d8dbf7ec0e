//! Batches of the same work by several systems, in turn.

use std::borrow::BorrowMut;
use std::time::{Duration, Instant};

/// How much to measure.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// Of each system.
    pub batches: usize,
    /// Of one batch.
    pub time: Duration,
}

/// A system whose single operation outlasts a batch is measured in fewer; in no fewer than these.
pub const FEWEST: usize = 3;

/// How often a number of rounds is tried out, to find how many fill a batch.
const TRIES: usize = 3;

/// What one batch has given.
#[derive(Debug, Clone, Copy, Default)]
pub struct Sample {
    /// What one operation took, in nanoseconds.
    pub nanoseconds: f64,
    /// What one operation of the partner took meanwhile, in nanoseconds.
    pub partner: Option<f64>,
    /// How many operations there were.
    pub rounds: u64,
    /// How many of their values were a mixture of two.
    pub torn: u64,
    /// How many gave up: what they took counts, what they would have taken is more.
    pub starved: u64,
}

/// Values of which all words were looked at, outside of what is measured.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Checked {
    /// How many.
    pub values: u64,
    /// How many of them were a mixture of two.
    pub torn: u64,
}

/// One system, ready to do the work of a row.
pub struct Contender<'a> {
    name: &'static str,
    checked: Checked,
    /// Does the work so many times.
    run: Box<dyn FnMut(u64) -> Sample + 'a>,
}

/// What the batches of one system have given.
#[derive(Debug, Clone, Default)]
pub struct Series {
    /// The system.
    pub name: &'static str,
    /// One sample a batch.
    pub samples: Vec<Sample>,
    /// What was looked at besides.
    pub checked: Checked,
}

/// How a contender is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Measure {
    /// In each batch.
    rounds: u64,
    batches: usize,
}

impl<'a> Contender<'a> {
    /// One that measures itself.
    pub fn new(name: &'static str, run: impl FnMut(u64) -> Sample + 'a) -> Self {
        Self { name, checked: Checked::default(), run: Box::new(run) }
    }

    /// One whose work is timed as a whole: it is to do it so many times.
    pub fn timed(name: &'static str, mut work: impl FnMut(u64) + 'a) -> Self {
        Self::new(name, move |rounds| {
            let start = Instant::now();
            work(rounds);
            Sample { nanoseconds: each(start.elapsed(), rounds), rounds, ..Sample::default() }
        })
    }

    /// Its name.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Gives it another name.
    pub fn rename(&mut self, name: &'static str) {
        self.name = name;
    }

    /// Says what was looked at besides.
    pub fn with(mut self, checked: Checked) -> Self {
        self.checked = checked;
        self
    }

    /// How many rounds fill a batch, and how many batches there is time for.
    fn calibrate(&mut self, plan: Plan) -> Measure {
        let mut rounds = 1;
        loop {
            // The best of some: one that was held up says nothing of the others.
            let tries = (0..TRIES).map(|_| self.try_out(rounds));
            let (taken, starved) = tries.min_by_key(|(taken, _)| *taken).expect("some");
            if taken >= plan.time / 8 {
                return measure(plan, rounds, taken, starved);
            }
            rounds *= 2;
        }
    }

    /// What so many rounds take, and whether one of them gave up. What it takes to wake a partner, or to pause, is no part
    /// of it, as long as a batch does not take ten times its time.
    fn try_out(&mut self, rounds: u64) -> (Duration, bool) {
        let start = Instant::now();
        let sample = (self.run)(rounds);
        let worked = Duration::from_nanos((sample.nanoseconds * rounds as f64) as u64);
        (worked.max(start.elapsed() / 10), sample.starved > 0)
    }
}

/// From what so many rounds took.
fn measure(plan: Plan, rounds: u64, taken: Duration, starved: bool) -> Measure {
    let fill = rounds as f64 * plan.time.as_secs_f64() / taken.as_secs_f64();
    let batches = if taken > plan.time && (rounds == 1 || starved) {
        let share = plan.time.as_secs_f64() / taken.as_secs_f64();
        (plan.batches as f64 * share) as usize
    } else {
        plan.batches
    };
    Measure { rounds: (fill as u64).max(1), batches: batches.max(FEWEST.min(plan.batches)) }
}

/// What each of so many operations took, in nanoseconds.
pub fn each(time: Duration, rounds: u64) -> f64 {
    time.as_nanos() as f64 / rounds as f64
}

/// Measures all contenders in turn, each batch beginning with another of them.
pub fn alternate<'a>(plan: Plan, contenders: &mut [impl BorrowMut<Contender<'a>>]) -> Vec<Series> {
    let mut contenders: Vec<&mut Contender<'a>> = contenders.iter_mut().map(BorrowMut::borrow_mut).collect();
    let measures: Vec<Measure> = contenders.iter_mut().map(|contender| contender.calibrate(plan)).collect();
    let mut all: Vec<Series> = contenders.iter().map(|contender| contender.series()).collect();
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

impl Contender<'_> {
    fn series(&self) -> Series {
        Series { name: self.name, samples: Vec::new(), checked: self.checked }
    }
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
    fn there_are_three_batches_at_least_if_so_many_were_asked_for() {
        assert_eq!(measure(PLAN, 1, Duration::from_secs(7), false).batches, 3);
        let few = Plan { batches: 2, ..PLAN };
        assert_eq!(measure(few, 1, Duration::from_secs(7), false).batches, 2);
    }

    #[test]
    fn one_that_is_starved_among_many_rounds_has_fewer_batches_too() {
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
