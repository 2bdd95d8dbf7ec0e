//! Batches of the same work by several systems, in turn.

use std::time::{Duration, Instant};

/// How much to measure.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// Of each system.
    pub batches: usize,
    /// Of one batch.
    pub time: Duration,
}

/// What one batch has given.
#[derive(Debug, Clone, Copy, Default)]
pub struct Sample {
    /// What one operation took, in nanoseconds.
    pub nanoseconds: f64,
    /// What one operation of the partner took meanwhile, in nanoseconds.
    pub partner: Option<f64>,
    /// How many values were a mixture of two.
    pub torn: u64,
}

/// One system, ready to do the work of a row.
pub struct Contender<'a> {
    name: &'static str,
    /// Does the work so many times.
    run: Box<dyn FnMut(u64) -> Sample + 'a>,
}

/// What the batches of one system have given.
#[derive(Debug, Clone)]
pub struct Series {
    /// The system.
    pub name: &'static str,
    /// One sample a batch.
    pub samples: Vec<Sample>,
}

impl<'a> Contender<'a> {
    /// One that measures itself.
    pub fn new(name: &'static str, run: impl FnMut(u64) -> Sample + 'a) -> Self {
        Self { name, run: Box::new(run) }
    }

    /// One whose work is timed as a whole: it is to do it so many times.
    pub fn timed(name: &'static str, mut work: impl FnMut(u64) + 'a) -> Self {
        Self::new(name, move |rounds| {
            let start = Instant::now();
            work(rounds);
            Sample { nanoseconds: each(start.elapsed(), rounds), ..Sample::default() }
        })
    }

    /// Gives it another name.
    pub fn rename(&mut self, name: &'static str) {
        self.name = name;
    }

    /// How many rounds fill a batch.
    fn calibrate(&mut self, time: Duration) -> u64 {
        let mut rounds = 1;
        loop {
            let start = Instant::now();
            (self.run)(rounds);
            let taken = start.elapsed();
            if taken >= time / 8 {
                let fill = rounds as f64 * time.as_secs_f64() / taken.as_secs_f64();
                return (fill as u64).max(1);
            }
            rounds *= 2;
        }
    }
}

/// What each of so many operations took, in nanoseconds.
pub fn each(time: Duration, rounds: u64) -> f64 {
    time.as_nanos() as f64 / rounds as f64
}

/// Measures all contenders in turn, each batch beginning with another of them.
pub fn alternate(plan: Plan, mut contenders: Vec<Contender<'_>>) -> Vec<Series> {
    let rounds: Vec<u64> = contenders.iter_mut().map(|contender| contender.calibrate(plan.time)).collect();
    let mut all: Vec<Series> =
        contenders.iter().map(|contender| Series { name: contender.name, samples: Vec::new() }).collect();
    for batch in 0..plan.batches {
        for turn in 0..contenders.len() {
            let at = (batch + turn) % contenders.len();
            all[at].samples.push((contenders[at].run)(rounds[at]));
        }
    }
    all
}
