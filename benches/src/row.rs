//! One row of the comparison: what was measured, and what is asked of it.

use serde::{Deserialize, Serialize};

use crate::batch::Series;

/// The same work by several systems.
#[derive(Debug)]
pub struct Row {
    /// What `--only` looks for.
    pub name: String,
    /// The work, in words.
    pub work: String,
    /// What the figures are.
    pub unit: Unit,
    /// One of each system.
    pub series: Vec<Series>,
    /// What is asked of shmstore.
    pub targets: Vec<Target>,
}

/// What a sample's figure is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// The time of one operation.
    Nanoseconds,
    /// A count or a size, as named.
    Number(&'static str),
}

/// A limit on how much longer one of ours may take than another.
#[derive(Debug, Clone)]
pub struct Target {
    /// Which of our series.
    pub ours: &'static str,
    /// Than which.
    pub other: Other,
    /// The largest ratio, ours by the other's.
    pub at_most: f64,
}

/// What a target compares with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Other {
    /// This series.
    Named(&'static str),
    /// The fastest of the peers: of all that are neither ours nor the floor.
    BestPeer,
    /// Nothing: the median itself is the figure.
    Figure,
}

/// A ratio, batch by batch.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Ratio {
    /// The quarter of the batches with the smallest ratios lies below.
    pub low: f64,
    /// The middle.
    pub median: f64,
    /// The quarter with the largest lies above.
    pub high: f64,
}

/// What came of a target.
#[derive(Debug, Clone)]
pub struct Verdict {
    /// What was asked.
    pub target: Target,
    /// The series it was compared with.
    pub other: &'static str,
    /// What was measured.
    pub ratio: Ratio,
}

impl Verdict {
    /// Whether what was asked is so.
    pub fn is_met(&self) -> bool {
        // What a table shows with two digits is what counts.
        self.ratio.median < self.target.at_most + 0.005
    }
}

/// Names of series that are the machine's own, no system's.
pub const FLOORS: [&str; 7] =
    ["memcpy", "bare atomics", "bare futex", "system calls", "bare exchange", "no derive", "first"];

impl Series {
    /// The quartiles of what an operation took.
    pub fn spread(&self) -> Ratio {
        quartiles(self.samples.iter().map(|sample| sample.nanoseconds).collect())
    }

    /// The median of what an operation took.
    pub fn median(&self) -> f64 {
        self.spread().median
    }

    /// The median of what an operation of the partner took meanwhile.
    pub fn partner(&self) -> Option<f64> {
        let partner: Option<Vec<f64>> = self.samples.iter().map(|sample| sample.partner).collect();
        partner.filter(|samples| !samples.is_empty()).map(|samples| quartiles(samples).median)
    }

    /// Values that were a mixture of two, in all batches.
    pub fn torn(&self) -> u64 {
        self.samples.iter().map(|sample| sample.torn).sum()
    }

    /// How many times as long as another's its operations took, batch by batch.
    pub fn ratio(&self, other: &Series) -> Ratio {
        let pairs = self.samples.iter().zip(&other.samples);
        quartiles(pairs.map(|(ours, other)| ours.nanoseconds / other.nanoseconds).collect())
    }

    /// Whether it is shmstore's.
    pub fn is_ours(&self) -> bool {
        self.name.starts_with("shmstore")
    }

    /// Whether it is neither ours nor the floor.
    pub fn is_peer(&self) -> bool {
        !self.is_ours() && !FLOORS.contains(&self.name)
    }
}

impl Row {
    /// The series of a name, if the system is there.
    pub fn find(&self, name: &str) -> Option<&Series> {
        self.series.iter().find(|series| series.name == name)
    }

    /// What came of a target, if its systems are there.
    pub fn verdict(&self, target: &Target) -> Option<Verdict> {
        let ours = self.find(target.ours)?;
        let other = match target.other {
            Other::Named(name) => self.find(name)?,
            Other::BestPeer => self.best_peer()?,
            Other::Figure => {
                return Some(Verdict { target: target.clone(), other: "", ratio: ours.spread() });
            }
        };
        Some(Verdict { target: target.clone(), other: other.name, ratio: ours.ratio(other) })
    }

    fn best_peer(&self) -> Option<&Series> {
        self.series.iter().filter(|series| series.is_peer()).min_by(|a, b| a.median().total_cmp(&b.median()))
    }
}

fn quartiles(mut figures: Vec<f64>) -> Ratio {
    figures.sort_by(f64::total_cmp);
    let at = |part: f64| figures[((figures.len() - 1) as f64 * part).round() as usize];
    Ratio { low: at(0.25), median: at(0.5), high: at(0.75) }
}
