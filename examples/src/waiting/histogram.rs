//! How long things took, and a picture of it.

use std::fmt::Write;
use std::time::Duration;

/// How wide the longest bar is.
const WIDTH: u64 = 40;

/// How long things took.
#[derive(Debug, Default)]
pub(super) struct Histogram {
    sorted: Vec<Duration>,
}

impl Histogram {
    pub(super) fn of(mut took: Vec<Duration>) -> Self {
        took.sort_unstable();
        Self { sorted: took }
    }

    /// What so many in a thousand did not exceed; zero if there are none.
    fn quantile(&self, per_mille: usize) -> Duration {
        let rank = (self.sorted.len() * per_mille).div_ceil(1000).saturating_sub(1);
        self.sorted.get(rank).copied().unwrap_or_default()
    }

    /// Minimum, median, 90 %, 99 %, maximum.
    pub(super) fn summary(&self) -> String {
        let [min, median, p90, p99, max] = [0, 500, 900, 990, 1000].map(|per_mille| micros(self.quantile(per_mille)));
        format!("min {min}, median {median}, p90 {p90}, p99 {p99}, max {max}")
    }

    /// A bar for each range; each range is twice as wide as the one before.
    pub(super) fn bars(&self) -> String {
        let octave = |took: &Duration| (took.as_nanos() as u64 / 1_000).checked_ilog2().map_or(0, |log| log + 1);
        let (Some(first), Some(last)) = (self.sorted.first().map(octave), self.sorted.last().map(octave)) else {
            return String::new();
        };
        let counts = (first..=last).map(|range| self.sorted.iter().filter(|took| octave(took) == range).count() as u64);
        let counts: Vec<u64> = counts.collect();
        let most = counts.iter().max().copied().unwrap_or(1);
        (first..).zip(counts).fold(String::new(), |mut text, (range, count)| {
            let bar = "#".repeat((count * WIDTH).div_ceil(most) as usize);
            // Writing to a `String` cannot fail.
            let _ = writeln!(text, "  < {:>7} µs | {bar:<width$} {count}", 1_u64 << range, width = WIDTH as usize);
            text
        })
    }
}

fn micros(time: Duration) -> String {
    format!("{:.1} µs", time.as_nanos() as f64 / 1_000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_of_the_values_themselves() {
        let histogram = Histogram::of((1..=200).rev().map(Duration::from_micros).collect());
        assert_eq!(histogram.summary(), "min 1.0 µs, median 100.0 µs, p90 180.0 µs, p99 198.0 µs, max 200.0 µs");
    }

    #[test]
    fn bars_cover_everything_once() {
        let histogram = Histogram::of([0, 1, 3, 3, 4, 9].map(Duration::from_micros).to_vec());
        let counts: Vec<String> = histogram
            .bars()
            .lines()
            .map(|line| line.split_ascii_whitespace().filter(|word| !word.contains(['#', '|'])).collect())
            .collect();
        assert_eq!(counts, ["<1µs1", "<2µs1", "<4µs2", "<8µs1", "<16µs1"]);
    }

    #[test]
    fn nothing_is_no_picture() {
        assert_eq!(Histogram::of(Vec::new()).bars(), "");
    }
}
