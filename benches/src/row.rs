//! One row of the comparison: its measured series, and its targets.

use serde::{Deserialize, Serialize};

use crate::batch::{Sample, Series};

/// The same work by several systems.
#[derive(Debug)]
pub struct Row {
    /// The name for `--only`.
    pub name: String,
    /// The work, in words.
    pub work: String,
    /// The unit of the figures: `ns`, or the name of a count, in the plural.
    pub unit: &'static str,
    /// A series for each system.
    pub series: Vec<Series>,
    /// The targets of shmstore.
    pub targets: Vec<Target>,
}

/// A limit on how much longer a series of shmstore may take than another one.
#[derive(Debug, Clone)]
pub struct Target {
    /// The series of shmstore.
    pub ours: &'static str,
    /// The other side of the comparison.
    pub other: Other,
    /// `true`: the operations of the other processes are compared, not the systems' own.
    pub of_partners: bool,
    /// The largest ratio, shmstore's figure by the other's.
    pub at_most: f64,
}

/// The other side of a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Other {
    /// This series.
    Named(&'static str),
    /// The peer with the fastest operations of its own, among those whose values were whole and that never gave up.
    BestPeer,
    /// None: the median itself is limited.
    Figure,
}

/// The quartiles of figures, or of the ratios of batches.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Ratio {
    /// A quarter of the batches is below.
    pub low: f64,
    /// The median.
    pub median: f64,
    /// A quarter of the batches is above.
    pub high: f64,
}

/// The outcome of a target.
#[derive(Debug, Clone)]
pub struct Verdict {
    /// The series on the other side.
    pub other: &'static str,
    /// The measured ratio.
    pub ratio: Ratio,
    /// `true` if it is within the limit.
    pub is_met: bool,
}

impl Target {
    /// A limit on the time of an operation of shmstore divided by the other side's.
    pub fn new(ours: &'static str, other: Other, at_most: f64) -> Self {
        Self { ours, other, of_partners: false, at_most }
    }

    /// A limit on the time of the partners' operations.
    pub fn of_partners(self) -> Self {
        Self { of_partners: true, ..self }
    }

    fn figure(&self, sample: &Sample) -> Option<f64> {
        if self.of_partners { sample.partner } else { Some(sample.nanoseconds) }
    }
}

/// Names of series of the bare machine, and of systems within one process.
pub const BARE: [&str; 13] = [
    "memcpy",
    "bare atomics",
    "bare futex",
    "bare futex_waitv",
    "system calls",
    "bare exchange",
    "ArrayQueue",
    "RwLock<HashMap>",
    "papaya",
    "no derive",
    "no derive, of parts",
    "slice in place",
    "private slice",
];

impl Series {
    /// The quartiles of the time of an operation. Batches in which one gave up count as the slowest.
    pub fn spread(&self) -> Ratio {
        quartiles_of(&self.sorted(), |sample| sample.nanoseconds)
    }

    /// Returns `true` if the median is of a batch in which an operation gave up, so that the true median is larger.
    pub fn is_capped(&self) -> bool {
        quartiles_of(&self.sorted(), |sample| if sample.starved > 0 { 1.0 } else { 0.0 }).median > 0.0
    }

    fn sorted(&self) -> Vec<&Sample> {
        let mut samples: Vec<&Sample> = self.samples.iter().collect();
        let has_starved = |sample: &Sample| sample.starved > 0;
        samples.sort_by(|a, b| has_starved(a).cmp(&has_starved(b)).then(a.nanoseconds.total_cmp(&b.nanoseconds)));
        samples
    }

    /// The median of the time of an operation.
    pub fn median(&self) -> f64 {
        self.spread().median
    }

    /// The median of the time of an operation of the partner.
    pub fn partner(&self) -> Option<f64> {
        let partner: Option<Vec<f64>> = self.samples.iter().map(|sample| sample.partner).collect();
        partner.and_then(quartiles).map(|partner| partner.median)
    }

    /// The number of values that mix two stores, in all batches and in the check before them.
    pub fn torn(&self) -> u64 {
        self.checked.torn + self.sum(|sample| sample.torn)
    }

    /// The number of values that were checked.
    pub fn looked(&self) -> u64 {
        self.checked.values + self.operations()
    }

    /// The number of measured operations.
    pub fn operations(&self) -> u64 {
        self.sum(|sample| sample.rounds)
    }

    /// The number of operations that gave up.
    pub fn starved(&self) -> u64 {
        self.sum(|sample| sample.starved)
    }

    /// The number of sent values that no receiver got.
    pub fn lost(&self) -> u64 {
        self.sum(|sample| sample.lost)
    }

    fn sum(&self, of: impl Fn(&Sample) -> u64) -> u64 {
        self.samples.iter().map(of).sum()
    }

    /// Its times by another's, batch by batch. A series with fewer batches is compared in these.
    pub fn ratio(&self, other: &Series) -> Option<Ratio> {
        self.ratio_of(other, |sample| Some(sample.nanoseconds))
    }

    fn ratio_of(&self, other: &Series, figure: impl Fn(&Sample) -> Option<f64>) -> Option<Ratio> {
        let pairs = self.samples.iter().zip(&other.samples);
        quartiles(pairs.map(|(ours, other)| Some(figure(ours)? / figure(other)?)).collect::<Option<Vec<f64>>>()?)
    }

    /// Returns `true` for a series of shmstore.
    pub fn is_ours(&self) -> bool {
        self.name.starts_with("shmstore")
    }

    /// Returns `true` for a series of another system, but not of the bare machine.
    pub fn is_peer(&self) -> bool {
        let is_bare = |name: &str| BARE.contains(&name);
        !self.is_ours() && !is_bare(self.name) && !self.name.split_once(", ").is_some_and(|(name, _)| is_bare(name))
    }
}

impl Row {
    /// The series of a name, if the system is part of this row.
    pub fn find(&self, name: &str) -> Option<&Series> {
        self.series.iter().find(|series| series.name == name)
    }

    /// The outcome of a target, if its systems are part of this row.
    pub fn verdict(&self, target: &Target) -> Option<Verdict> {
        let ours = self.find(target.ours)?;
        let (other, ratio) = match target.other {
            Other::Figure => ("", ours.spread()),
            Other::Named(_) | Other::BestPeer => {
                let other = match target.other {
                    Other::Named(name) => self.find(name)?,
                    _ => best_peer(&self.series)?,
                };
                (other.name, ours.ratio_of(other, |sample| target.figure(sample))?)
            }
        };
        // The two digits in tables decide.
        Some(Verdict { other, ratio, is_met: ratio.median < target.at_most + 0.005 })
    }
}

/// The fastest peer whose values were all whole, and whose operations never gave up.
pub fn best_peer(series: &[Series]) -> Option<&Series> {
    let is_sound = |series: &&Series| series.is_peer() && series.torn() == 0 && series.starved() == 0;
    series.iter().filter(is_sound).min_by(|a, b| a.median().total_cmp(&b.median()))
}

/// `None`: there are no figures.
fn quartiles(mut figures: Vec<f64>) -> Option<Ratio> {
    figures.sort_by(f64::total_cmp);
    (!figures.is_empty()).then(|| quartiles_of(&figures, |figure| *figure))
}

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
        let row = Row { name: "row".into(), work: "work".into(), unit: "ns", series, targets: Vec::new() };
        row.verdict(&target)
    }

    /// The verdict on shmstore by another series, or the best peer.
    fn by(series: Vec<Series>, other: Other, at_most: f64) -> Verdict {
        verdict(series, Target::new("shmstore", other, at_most)).expect("both are in the row")
    }

    #[test]
    fn quartiles_come_from_the_sorted_figures() {
        let of = |figures: &[f64]| quartiles(figures.to_vec()).expect("some figures");
        let five = of(&[5.0, 1.0, 4.0, 2.0, 3.0]);
        assert_eq!((five.low, five.median, five.high), (2.0, 3.0, 4.0));
        let one = of(&[7.0]);
        assert_eq!((one.low, one.median, one.high), (7.0, 7.0, 7.0));
        // One wild batch moves none of them far.
        assert_eq!(of(&[1.0, 1.0, 1.0, 1.0, 1000.0]).high, 1.0);
    }

    #[test]
    fn a_ratio_compares_batches_side_by_side_not_medians() {
        let both = vec![series("shmstore", &[1.0, 20.0, 3.0]), series("other", &[2.0, 40.0, 6.0])];
        let verdict = by(both, Other::Named("other"), 0.5);
        assert_eq!((verdict.ratio.low, verdict.ratio.median, verdict.ratio.high), (0.5, 0.5, 0.5));
        assert!(verdict.is_met);
    }

    #[test]
    fn a_series_with_fewer_batches_is_compared_in_these() {
        let both = vec![series("shmstore", &[1.0, 1.0, 1.0, 90.0, 90.0]), series("other", &[2.0, 2.0, 2.0])];
        let verdict = by(both, Other::Named("other"), 1.0);
        assert_eq!(verdict.ratio.high, 0.5);
    }

    #[test]
    fn two_digits_decide_whether_a_target_is_met() {
        let met = |figure: f64| {
            by(vec![series("shmstore", &[figure]), series("other", &[100.0])], Other::Named("other"), 1.2).is_met
        };
        assert!(met(120.0) && met(120.4));
        assert!(!met(120.6));
    }

    #[test]
    fn the_best_peer_is_neither_ours_nor_the_bare_machine() {
        let all = vec![
            series("shmstore", &[4.0]),
            series("shmstore, exclusive writer", &[1.0]),
            series("memcpy", &[0.5]),
            series("slow", &[9.0]),
            series("fast", &[8.0]),
        ];
        let verdict = by(all, Other::BestPeer, 0.5);
        assert_eq!((verdict.other, verdict.ratio.median), ("fast", 0.5));
    }

    #[test]
    fn the_best_peer_has_torn_nothing_and_never_given_up() {
        let mut all = vec![series("shmstore", &[4.0]), series("torn", &[5.0]), series("starved", &[6.0])];
        all[1].checked.torn = 1;
        all[2].samples[0].starved = 1;
        all.push(series("whole", &[9.0]));
        let verdict = by(all, Other::BestPeer, 0.5);
        assert_eq!(verdict.other, "whole");
    }

    #[test]
    fn partners_are_compared_with_the_partner_of_the_same_peer() {
        // The peer whose reader is the fastest, though its writer is not.
        let all = vec![
            beside("shmstore", &[(10.0, 30.0)]),
            beside("quick reader", &[(20.0, 60.0)]),
            beside("quick writer", &[(90.0, 5.0)]),
        ];
        let verdict =
            &verdict(all, Target::new("shmstore", Other::BestPeer, 1.0).of_partners()).expect("both are in the row");
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
        assert!(verdict(both, of_partners).is_none(), "they have no partners");
    }

    #[test]
    fn a_median_is_capped_if_its_batch_gave_up() {
        let mut seen = series("ringfire", &[5.0, 1.0, 2.0]);
        assert!(!seen.is_capped());
        // A batch that gives up at once takes little time, but its full time is unknown.
        seen.samples[1].starved = 1;
        assert_eq!((seen.is_capped(), seen.median()), (false, 5.0));
        seen.samples[0].starved = 1;
        assert_eq!((seen.is_capped(), seen.spread().low), (true, 1.0));
    }

    #[test]
    fn torn_values_count_in_batches_and_before_them() {
        let mut seen = series("shmstore", &[1.0, 1.0]);
        seen.samples[1].torn = 2;
        seen.checked = Checked { values: 10, torn: 3 };
        assert_eq!(seen.torn(), 5);
    }
}
