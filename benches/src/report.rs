//! What a run has given: as it is kept, and as it is told.

// In the order of their layers.
pub mod figures;
pub mod machine;
pub mod notes;
pub mod terminal;
pub mod chart;
pub mod page;
pub mod keep;

use serde::{Deserialize, Serialize};

use crate::batch::Series;
use crate::row::{Figure, Other, Ratio, Row, Target, Unit};
use figures::{amount, of_all, quartiles, times};
use machine::Machine;

/// A run, as it is kept in JSON.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Report {
    /// Where and how it was made.
    pub machine: Machine,
    /// In the order in which they were measured.
    pub rows: Vec<Entry>,
}

/// What one row has given.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Entry {
    /// What `--only` looks for.
    pub name: String,
    /// The work, in words.
    pub work: String,
    /// What the figures are: `ns`, or what is counted.
    pub unit: String,
    /// One of each system.
    pub systems: Vec<System>,
    /// What came of each target.
    pub targets: Vec<Outcome>,
}

/// What one system has given.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct System {
    /// As tables show it.
    pub name: String,
    /// Whose it is.
    pub kind: Kind,
    /// What one operation took.
    pub figure: Ratio,
    /// What one operation of the other process took meanwhile.
    pub partner: Option<f64>,
    /// How many values were a mixture of two.
    pub torn: u64,
    /// How many operations gave up.
    pub starved: u64,
    /// How many values were looked at.
    #[serde(default)]
    pub looked: u64,
    /// How many operations were measured.
    #[serde(default)]
    pub operations: u64,
    /// Whether the median is of one that gave up: what it would have taken is more. There is no ratio then.
    #[serde(default)]
    pub capped: bool,
    /// How much longer it took than what is asked of shmstore did, batch by batch.
    pub ratio: Option<Ratio>,
}

/// Whose a system is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// shmstore's.
    Ours,
    /// Another's.
    Peer,
    /// The bare machine's.
    #[serde(alias = "floor")]
    Bare,
}

/// What came of a target.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Outcome {
    /// Which of shmstore's series.
    pub ours: String,
    /// With what it was compared. `None`: with nothing, as its figure itself is asked for.
    pub other: Option<String>,
    /// The largest ratio, or figure.
    pub at_most: f64,
    /// What was measured. `None`: nothing, as the other is not there.
    pub measured: Option<Ratio>,
    /// Whether what was asked is so.
    pub met: bool,
}

impl From<&Row> for Entry {
    fn from(row: &Row) -> Self {
        let reference = reference(row);
        let unit = match row.unit {
            Unit::Nanoseconds => "ns",
            Unit::Number(name) => name,
        };
        Self {
            name: row.name.clone(),
            work: row.work.clone(),
            unit: unit.into(),
            systems: row.series.iter().map(|series| System::new(series, reference)).collect(),
            targets: row.targets.iter().map(|target| Outcome::new(row, target)).collect(),
        }
    }
}

/// The series that the others are compared with: the one that most is asked of.
fn reference(row: &Row) -> Option<&Series> {
    let asked = row.targets.first().and_then(|target| row.find(target.ours));
    asked.or_else(|| row.series.iter().find(|series| series.is_ours()))
}

impl Entry {
    /// The name of the series that the others are compared with.
    pub fn reference(&self) -> Option<&str> {
        let asked = self.targets.first().map(|target| target.ours.as_str());
        asked.or_else(|| self.systems.iter().find(|system| system.kind == Kind::Ours).map(|system| &*system.name))
    }

    /// Whether all that was asked is so, as far as it could be measured.
    pub fn is_missed(&self) -> bool {
        self.targets.iter().any(|target| target.measured.is_some() && !target.met)
    }
}

impl System {
    /// What one operation took, and the middle half of that.
    pub fn told(&self, unit: &str) -> [String; 2] {
        let (median, spread) =
            (amount(self.figure.median, unit), quartiles(self.figure, |figure| amount(figure, unit)));
        if self.capped { [format!("> {median}"), "–".to_owned()] } else { [median, spread] }
    }

    /// How many times as long as the one that the others are compared with it took.
    pub fn by(&self, reference: Option<&str>) -> String {
        match self.ratio {
            Some(ratio) => times(ratio.median),
            None if reference == Some(self.name.as_str()) => "1 ×".to_owned(),
            None => "–".to_owned(),
        }
    }

    /// How many values were a mixture of two, of how many.
    pub fn told_torn(&self) -> String {
        of_all(self.torn, self.looked)
    }

    /// How many operations gave up, of how many.
    pub fn told_starved(&self) -> String {
        of_all(self.starved, self.operations)
    }

    fn new(series: &Series, reference: Option<&Series>) -> Self {
        let kind = match (series.is_ours(), series.is_peer()) {
            (true, _) => Kind::Ours,
            (false, true) => Kind::Peer,
            (false, false) => Kind::Bare,
        };
        Self {
            name: series.name.into(),
            kind,
            figure: short(series.spread()).unwrap_or(Ratio { low: 0.0, median: 0.0, high: 0.0 }),
            partner: series.partner().map(figures::rounded),
            torn: series.torn(),
            starved: series.starved(),
            looked: series.looked(),
            operations: series.operations(),
            capped: series.is_capped(),
            ratio: reference
                .filter(|of| of.name != series.name && !series.is_capped())
                .and_then(|of| short(series.ratio(of)?)),
        }
    }
}

impl Outcome {
    fn new(row: &Row, target: &Target) -> Self {
        let verdict = row.verdict(target);
        let other = match (target.other, &verdict) {
            (Other::Figure, _) => None,
            (Other::Named(name), _) => Some(name.to_owned()),
            (Other::BestPeer, Some(verdict)) => Some(format!("{}, the best peer", verdict.other)),
            (Other::BestPeer, None) => Some("the best peer".to_owned()),
        };
        let whose = match target.figure {
            Figure::Own => "",
            Figure::Partner => ": the other process",
        };
        Self {
            ours: format!("{}{whose}", target.ours),
            other,
            at_most: target.at_most,
            met: verdict.as_ref().is_some_and(|verdict| verdict.is_met()),
            measured: verdict.and_then(|verdict| short(verdict.ratio)),
        }
    }
}

/// As many digits as are kept. `None` if there is nothing to tell: something was divided by nought.
fn short(ratio: Ratio) -> Option<Ratio> {
    let Ratio { low, median, high } = ratio;
    let is_finite = [low, median, high].iter().all(|figure| figure.is_finite());
    is_finite.then(|| Ratio {
        low: figures::rounded(low),
        median: figures::rounded(median),
        high: figures::rounded(high),
    })
}

#[cfg(test)]
mod tests;
