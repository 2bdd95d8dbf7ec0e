//! The outcome of a run: as JSON, as tables for a terminal, and as the page `docs/benchmarks.md`.

// In the order of their layers.
pub mod figures;
pub mod machine;
pub mod page;
pub mod keep;

use serde::{Deserialize, Serialize};

use crate::batch::Series;
use crate::row::{Other, Ratio, Row, Target};
use figures::{amount, of_all, quartiles, times};
use machine::Machine;

/// A run, as it is kept in JSON.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Report {
    /// Where and how it was measured.
    pub machine: Machine,
    /// In the order of measurement.
    pub rows: Vec<Entry>,
}

/// The outcome of one row.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Entry {
    /// The name for `--only`.
    pub name: String,
    /// The work, in words.
    pub work: String,
    /// The unit of the figures: `ns`, or the name of a count.
    pub unit: String,
    /// One entry for each system.
    pub systems: Vec<System>,
    /// One entry for each target.
    pub targets: Vec<Outcome>,
}

/// The outcome of one system.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct System {
    /// The name in tables.
    pub name: String,
    /// The kind of system.
    pub kind: Kind,
    /// The time of one operation.
    pub figure: Ratio,
    /// The time of one operation of the other process meanwhile.
    pub partner: Option<f64>,
    /// The number of values that mix two stores.
    pub torn: u64,
    /// The number of operations that gave up.
    pub starved: u64,
    /// The number of sent values that no receiver got.
    #[serde(default)]
    pub lost: u64,
    /// The number of values that were checked.
    pub looked: u64,
    /// The number of measured operations.
    pub operations: u64,
    /// `true`: the median is of an operation that gave up, so the true one is larger. Then there is no ratio.
    pub capped: bool,
    /// Its time divided by the reference's, batch by batch.
    pub ratio: Option<Ratio>,
}

/// The kind of a system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// shmstore.
    Ours,
    /// Another system.
    Peer,
    /// The bare machine.
    Bare,
}

/// The outcome of a target.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Outcome {
    /// The series of shmstore.
    pub ours: String,
    /// The other side of the comparison. `None`: the figure itself is limited.
    pub other: Option<String>,
    /// The largest ratio, or figure.
    pub at_most: f64,
    /// The measured ratio, or figure. `None`: the other side is absent.
    pub measured: Option<Ratio>,
    /// `true` if the target is met.
    pub met: bool,
}

impl From<&Row> for Entry {
    fn from(row: &Row) -> Self {
        let asked = row.targets.first().and_then(|target| row.find(target.ours));
        let reference = asked.or_else(|| row.series.iter().find(|series| series.is_ours()));
        Self {
            name: row.name.clone(),
            work: row.work.clone(),
            unit: row.unit.into(),
            systems: row.series.iter().map(|series| System::new(series, reference)).collect(),
            targets: row.targets.iter().map(|target| Outcome::new(row, target)).collect(),
        }
    }
}

impl Entry {
    /// The system that the others are compared with: the one of the first target.
    pub fn reference(&self) -> Option<&System> {
        let asked = self.targets.first().and_then(|target| self.systems.iter().find(|of| of.name == target.ours));
        asked.or_else(|| self.systems.iter().find(|system| system.kind == Kind::Ours))
    }

    /// Returns `true` if a measured target is missed.
    pub fn is_missed(&self) -> bool {
        self.targets.iter().any(|target| target.measured.is_some() && !target.met)
    }

    /// All of the row for a terminal: its systems and targets, in columns.
    pub fn table(&self) -> String {
        let reference = self.reference().map(|system| system.name.as_str()).unwrap_or_default();
        let head = ["", "median", "middle half", &format!("÷ {reference}"), "other process"].map(str::to_owned);
        let has_partners = self.systems.iter().any(|system| system.partner.is_some());
        let mut systems = vec![head[..if has_partners { 5 } else { 4 }].to_vec()];
        for system in &self.systems {
            let spread = quartiles(system.figure, |figure| amount(figure, &self.unit));
            let spread = if system.capped { "–".to_owned() } else { spread };
            let mut line = vec![system.name.clone(), system.median(&self.unit), spread, system.by(reference)];
            line.extend(has_partners.then(|| system.partner.map(|time| amount(time, "ns")).unwrap_or_default()));
            line.extend(system.remarks().iter().map(|remark| remark.replace("torn", "TORN")));
            systems.push(line);
        }
        let targets: Vec<Vec<String>> = self
            .targets
            .iter()
            .map(|target| {
                let asked = format!("{} {}", target.ours, target.asked(&self.unit));
                vec![asked, target.measured(&self.unit), target.verdict().replace("missed", "MISSED")]
            })
            .collect();
        format!("{} ({})\n{}{}", self.work, self.name, aligned(&systems), aligned(&targets))
    }
}

/// Puts cells below each other. The first column is aligned to the left, the others to the right.
fn aligned(table: &[Vec<String>]) -> String {
    let width = |column: usize| table.iter().filter_map(|line| Some(line.get(column)?.chars().count())).max();
    let mut text = String::new();
    for line in table {
        let cells = line.iter().enumerate().map(|(column, cell)| {
            let width = width(column).unwrap_or(0);
            if column == 0 { format!("  {cell:<width$}") } else { format!("  {cell:>width$}") }
        });
        text.push_str(cells.collect::<String>().trim_end());
        text.push('\n');
    }
    text
}

impl System {
    /// The time of one operation.
    pub fn median(&self, unit: &str) -> String {
        let median = amount(self.figure.median, unit);
        if self.capped { format!("> {median}") } else { median }
    }

    /// Writes what went wrong.
    pub fn remarks(&self) -> Vec<String> {
        let torn = (self.torn > 0).then(|| format!("torn {}", of_all(self.torn, self.looked)));
        let starved = (self.starved > 0).then(|| format!("gave up {}", of_all(self.starved, self.operations)));
        let lost = (self.lost > 0).then(|| format!("lost {}", amount(self.lost as f64, "values")));
        torn.into_iter().chain(starved).chain(lost).collect()
    }

    /// Writes its time divided by the reference's.
    pub fn by(&self, reference: &str) -> String {
        match self.ratio {
            Some(ratio) => times(ratio.median),
            None if reference == self.name => "1 ×".to_owned(),
            None => "–".to_owned(),
        }
    }

    fn new(series: &Series, reference: Option<&Series>) -> Self {
        let kind = match (series.is_ours(), series.is_peer()) {
            (true, _) => Kind::Ours,
            (false, true) => Kind::Peer,
            (false, false) => Kind::Bare,
        };
        let is_compared = |of: &&Series| of.name != series.name && !series.is_capped();
        Self {
            name: series.name.into(),
            kind,
            figure: short(series.spread()).unwrap_or(Ratio { low: 0.0, median: 0.0, high: 0.0 }),
            partner: series.partner().map(figures::rounded),
            torn: series.torn(),
            starved: series.starved(),
            lost: series.lost(),
            looked: series.looked(),
            operations: series.operations(),
            capped: series.is_capped(),
            ratio: reference.filter(is_compared).and_then(|of| short(series.ratio(of)?)),
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
        Self {
            ours: format!("{}{}", target.ours, if target.of_partners { ", other process" } else { "" }),
            other,
            at_most: target.at_most,
            met: verdict.as_ref().is_some_and(|verdict| verdict.is_met),
            measured: verdict.and_then(|verdict| short(verdict.ratio)),
        }
    }
}

/// Rounds to the digits that are kept. `None`: something was divided by zero.
fn short(ratio: Ratio) -> Option<Ratio> {
    let Ratio { low, median, high } = ratio;
    let is_finite = [low, median, high].iter().all(|figure| figure.is_finite());
    let [low, median, high] = [low, median, high].map(figures::rounded);
    is_finite.then_some(Ratio { low, median, high })
}

#[cfg(test)]
mod tests;
