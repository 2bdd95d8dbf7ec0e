//! One row of the comparison: what was measured, and what is asked of it.

use serde::{Deserialize, Serialize};

use crate::batch::{Sample, Series};

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
    /// Of which of their figures.
    pub figure: Figure,
    /// The largest ratio, ours by the other's.
    pub at_most: f64,
}

/// Which figure of a series a target is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Figure {
    /// What an operation took.
    Own,
    /// What an operation of the partner took meanwhile.
    Partner,
}

/// What a target compares with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Other {
    /// This series.
    Named(&'static str),
    /// The peer whose own operations are the fastest, of those that gave whole values, and all of them.
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

impl Target {
    /// A limit on what an operation of ours takes, by what one of the other takes.
    pub fn new(ours: &'static str, other: Other, at_most: f64) -> Self {
        Self { ours, other, figure: Figure::Own, at_most }
    }

    /// The same limit, on what the partners' operations take meanwhile.
    pub fn of_partners(self) -> Self {
        Self { figure: Figure::Partner, ..self }
    }
}

impl Verdict {
    /// Whether what was asked is so.
    pub fn is_met(&self) -> bool {
        // What a table shows with two digits is what counts.
        self.ratio.median < self.target.at_most + 0.005
    }
}

/// Names of series that are the bare machine's, no system's.
pub const BARE: [&str; 7] =
    ["memcpy", "bare atomics", "bare futex", "system calls", "bare exchange", "no derive", "no derive, of parts"];

impl Series {
    /// The quartiles of what an operation took. Batches in which one gave up are the slowest, whatever they took.
    pub fn spread(&self) -> Ratio {
        let samples = self.sorted();
        quartiles_of(&samples, |sample| sample.nanoseconds)
    }

    /// Whether the median is that of a batch in which an operation gave up: what it would have taken is more.
    pub fn is_capped(&self) -> bool {
        let samples = self.sorted();
        quartiles_of(&samples, |sample| if sample.starved > 0 { 1.0 } else { 0.0 }).median > 0.0
    }

    fn sorted(&self) -> Vec<&Sample> {
        let mut samples: Vec<&Sample> = self.samples.iter().collect();
        let has_starved = |sample: &Sample| sample.starved > 0;
        samples.sort_by(|a, b| has_starved(a).cmp(&has_starved(b)).then(a.nanoseconds.total_cmp(&b.nanoseconds)));
        samples
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

    /// Values that were a mixture of two, in all batches and where all words were looked at.
    pub fn torn(&self) -> u64 {
        self.checked.torn + self.samples.iter().map(|sample| sample.torn).sum::<u64>()
    }

    /// Values that were looked at.
    pub fn looked(&self) -> u64 {
        self.checked.values + self.operations()
    }

    /// Operations that were measured.
    pub fn operations(&self) -> u64 {
        self.samples.iter().map(|sample| sample.rounds).sum()
    }

    /// Operations that gave up.
    pub fn starved(&self) -> u64 {
        self.samples.iter().map(|sample| sample.starved).sum()
    }

    /// How many times as long as another's its operations took, batch by batch.
    pub fn ratio(&self, other: &Series) -> Option<Ratio> {
        self.ratio_of(Figure::Own, other)
    }

    /// One that was measured in fewer batches is compared in these.
    fn ratio_of(&self, figure: Figure, other: &Series) -> Option<Ratio> {
        let pairs = self.samples.iter().zip(&other.samples);
        let ratios = pairs.map(|(ours, other)| Some(figure.of(ours)? / figure.of(other)?));
        ratios.collect::<Option<Vec<f64>>>().filter(|ratios| !ratios.is_empty()).map(quartiles)
    }

    /// Whether it is shmstore's.
    pub fn is_ours(&self) -> bool {
        self.name.starts_with("shmstore")
    }

    /// Whether it is neither ours nor the bare machine.
    pub fn is_peer(&self) -> bool {
        !self.is_ours() && !BARE.contains(&self.name)
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
            Other::BestPeer => best_peer(&self.series)?,
            Other::Figure => {
                return Some(Verdict { target: target.clone(), other: "", ratio: ours.spread() });
            }
        };
        Some(Verdict { target: target.clone(), other: other.name, ratio: ours.ratio_of(target.figure, other)? })
    }
}

/// The fastest of all that are neither ours nor the bare machine, among those that did what was asked: none of their values was
/// a mixture of two, and none of their operations gave up.
pub fn best_peer(series: &[Series]) -> Option<&Series> {
    let has_done = |series: &&Series| series.is_peer() && series.torn() == 0 && series.starved() == 0;
    series.iter().filter(has_done).min_by(|a, b| a.median().total_cmp(&b.median()))
}

impl Figure {
    fn of(self, sample: &Sample) -> Option<f64> {
        match self {
            Self::Own => Some(sample.nanoseconds),
            Self::Partner => sample.partner,
        }
    }
}

fn quartiles(mut figures: Vec<f64>) -> Ratio {
    figures.sort_by(f64::total_cmp);
    quartiles_of(&figures, |figure| *figure)
}

/// The quartiles of what is sorted.
fn quartiles_of<T>(sorted: &[T], figure: impl Fn(&T) -> f64) -> Ratio {
    let at = |part: f64| figure(&sorted[((sorted.len() - 1) as f64 * part).round() as usize]);
    Ratio { low: at(0.25), median: at(0.5), high: at(0.75) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::batch::Checked;

    fn series(name: &'static str, figures: &[f64]) -> Series {
        let sample = |&nanoseconds| Sample { nanoseconds, ..Sample::default() };
        Series { name, samples: figures.iter().map(sample).collect(), ..Series::default() }
    }

    fn beside(name: &'static str, pairs: &[(f64, f64)]) -> Series {
        let sample = |&(nanoseconds, partner)| Sample { nanoseconds, partner: Some(partner), ..Sample::default() };
        Series { name, samples: pairs.iter().map(sample).collect(), ..Series::default() }
    }

    fn verdict(series: Vec<Series>, target: Target) -> Option<Verdict> {
        let row = Row { name: "row".into(), work: "work".into(), unit: Unit::Nanoseconds, series, targets: Vec::new() };
        row.verdict(&target)
    }

    #[test]
    fn quartiles_are_of_the_sorted_figures() {
        let of = |figures: &[f64]| quartiles(figures.to_vec());
        let five = of(&[5.0, 1.0, 4.0, 2.0, 3.0]);
        assert_eq!((five.low, five.median, five.high), (2.0, 3.0, 4.0));
        let one = of(&[7.0]);
        assert_eq!((one.low, one.median, one.high), (7.0, 7.0, 7.0));
        // One wild batch moves none of them far.
        assert_eq!(of(&[1.0, 1.0, 1.0, 1.0, 1000.0]).high, 1.0);
    }

    #[test]
    fn a_ratio_is_of_batches_side_by_side_not_of_medians() {
        let both = vec![series("shmstore", &[1.0, 20.0, 3.0]), series("other", &[2.0, 40.0, 6.0])];
        let verdict = &verdict(both, Target::new("shmstore", Other::Named("other"), 0.5)).expect("both are there");
        assert_eq!((verdict.ratio.low, verdict.ratio.median, verdict.ratio.high), (0.5, 0.5, 0.5));
        assert!(verdict.is_met());
    }

    #[test]
    fn a_series_of_fewer_batches_is_compared_in_those_it_has() {
        let both = vec![series("shmstore", &[1.0, 1.0, 1.0, 90.0, 90.0]), series("other", &[2.0, 2.0, 2.0])];
        let verdict = &verdict(both, Target::new("shmstore", Other::Named("other"), 1.0)).expect("both are there");
        assert_eq!(verdict.ratio.high, 0.5);
    }

    #[test]
    fn two_digits_decide_whether_a_target_is_met() {
        let met = |figure: f64| {
            let both = vec![series("shmstore", &[figure]), series("other", &[100.0])];
            verdict(both, Target::new("shmstore", Other::Named("other"), 1.2)).expect("both are there").is_met()
        };
        assert!(met(120.0) && met(120.4));
        assert!(!met(120.6));
    }

    #[test]
    fn the_best_peer_is_neither_ours_nor_the_bare_machine() {
        let all = vec![
            series("shmstore", &[4.0]),
            series("shmstore, leased", &[1.0]),
            series("memcpy", &[0.5]),
            series("slow", &[9.0]),
            series("fast", &[8.0]),
        ];
        let verdict = &verdict(all, Target::new("shmstore", Other::BestPeer, 0.5)).expect("both are there");
        assert_eq!((verdict.other, verdict.ratio.median), ("fast", 0.5));
    }

    #[test]
    fn the_best_peer_has_torn_nothing_and_never_given_up() {
        let mut all = vec![series("shmstore", &[4.0]), series("torn", &[5.0]), series("starved", &[6.0])];
        all[1].checked.torn = 1;
        all[2].samples[0].starved = 1;
        all.push(series("whole", &[9.0]));
        let verdict = &verdict(all, Target::new("shmstore", Other::BestPeer, 0.5)).expect("both are there");
        assert_eq!(verdict.other, "whole");
    }

    #[test]
    fn partners_are_compared_with_those_of_the_same_peer() {
        // The peer whose reader is the fastest, though its writer is not.
        let all = vec![
            beside("shmstore", &[(10.0, 30.0)]),
            beside("quick reader", &[(20.0, 60.0)]),
            beside("quick writer", &[(90.0, 5.0)]),
        ];
        let verdict =
            &verdict(all, Target::new("shmstore", Other::BestPeer, 1.0).of_partners()).expect("both are there");
        assert_eq!((verdict.other, verdict.ratio.median), ("quick reader", 0.5));
    }

    #[test]
    fn a_target_without_its_system_has_no_verdict() {
        let alone = || vec![series("shmstore", &[1.0])];
        for other in [Other::Named("absent"), Other::BestPeer] {
            assert!(verdict(alone(), Target::new("shmstore", other, 1.0)).is_none());
        }
        let both = vec![series("shmstore", &[1.0]), series("other", &[1.0])];
        let of_partners = Target::new("shmstore", Other::Named("other"), 1.0).of_partners();
        assert!(verdict(both, of_partners).is_none(), "nobody was beside them");
    }

    #[test]
    fn a_median_is_capped_if_it_is_of_one_that_gave_up() {
        let mut seen = series("ringfire", &[5.0, 1.0, 2.0]);
        assert!(!seen.is_capped());
        // It gave up at once: it took little, but would have taken who knows how long.
        seen.samples[1].starved = 1;
        assert_eq!((seen.is_capped(), seen.median()), (false, 5.0));
        seen.samples[0].starved = 1;
        assert_eq!((seen.is_capped(), seen.spread().low), (true, 1.0));
    }

    #[test]
    fn torn_values_count_wherever_they_were_seen() {
        let mut seen = series("shmstore", &[1.0, 1.0]);
        seen.samples[1].torn = 2;
        seen.checked = Checked { values: 10, torn: 3 };
        assert_eq!(seen.torn(), 5);
    }
}
