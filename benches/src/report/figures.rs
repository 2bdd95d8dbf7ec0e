//! Figures in words.

use crate::report::Outcome;
use crate::row::Ratio;

/// Rounds to four digits, because more are noise.
pub fn rounded(figure: f64) -> f64 {
    if figure == 0.0 || !figure.is_finite() {
        return figure;
    }
    format!("{figure:.3e}").parse().expect("a number that was just written")
}

/// Writes three digits, at most two of them behind the point, with commas between thousands.
pub fn number(figure: f64) -> String {
    if figure.abs() < 9.995 {
        format!("{figure:.2}")
    } else if figure.abs() < 99.95 {
        format!("{figure:.1}")
    } else {
        thousands(&format!("{figure:.0}"))
    }
}

fn thousands(digits: &str) -> String {
    let mut groups: Vec<String> =
        digits.as_bytes().rchunks(3).map(|group| String::from_utf8_lossy(group).into_owned()).collect();
    groups.reverse();
    groups.join(",")
}

/// Writes a count or a limit, without zeros at the end.
pub fn plain(figure: f64) -> String {
    let text = number(figure);
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

/// Writes a figure with its unit.
pub fn amount(figure: f64, unit: &str) -> String {
    amount_by(number, figure, unit)
}

/// Writes a figure with its unit, without zeros at the end.
pub fn round_amount(figure: f64, unit: &str) -> String {
    amount_by(plain, figure, unit)
}

fn amount_by(write: fn(f64) -> String, figure: f64, unit: &str) -> String {
    if unit != "ns" {
        return count(figure, unit);
    }
    // The larger unit begins where three digits of the smaller one end.
    let (unit, size) = match figure {
        ..999.5 => ("ns", 1.0),
        999.5..999.5e3 => ("µs", 1e3),
        999.5e3..999.5e6 => ("ms", 1e6),
        _ => ("s", 1e9),
    };
    format!("{} {unit}", write(figure / size))
}

/// Writes a count, whose unit is given in the plural.
fn count(figure: f64, unit: &str) -> String {
    let figure = plain(figure);
    let unit = if figure == "1" { unit.strip_suffix('s').unwrap_or(unit) } else { unit };
    format!("{figure} {unit}")
}

/// Writes a part of a whole, or the part alone if the whole is not known.
pub fn of_all(some: u64, all: u64) -> String {
    let write = |count: u64| thousands(&count.to_string());
    if all == 0 { write(some) } else { format!("{} of {}", write(some), write(all)) }
}

/// Writes a ratio.
pub fn times(ratio: f64) -> String {
    if ratio < 0.005 { "< 0.01 ×".to_owned() } else { format!("{} ×", number(ratio)) }
}

/// Writes the middle half of all figures, with one unit if both ends have the same.
pub fn quartiles(spread: Ratio, write: impl Fn(f64) -> String) -> String {
    let (low, high) = (write(spread.low), write(spread.high));
    match (low.rsplit_once(' '), high.rsplit_once(' ')) {
        (Some((figure, unit)), Some((_, same))) if unit == same => format!("{figure} – {high}"),
        _ => format!("{low} – {high}"),
    }
}

impl Outcome {
    /// Writes the measured ratio or figure, with its quartiles.
    pub fn measured(&self, unit: &str) -> String {
        let write = |figure| if self.other.is_some() { times(figure) } else { amount(figure, unit) };
        match self.measured {
            Some(measured) => format!("{} [{}]", write(measured.median), quartiles(measured, write)),
            None => "–".to_owned(),
        }
    }

    /// Writes the limit.
    pub fn asked(&self, unit: &str) -> String {
        match &self.other {
            Some(other) => format!("≤ {} × {other}", plain(self.at_most)),
            None => format!("≤ {}", round_amount(self.at_most, unit)),
        }
    }

    /// Writes whether the target is met, and otherwise by how much it is missed.
    pub fn verdict(&self) -> String {
        match self.measured {
            None => "not measured".to_owned(),
            Some(_) if self.met => "met".to_owned(),
            Some(measured) => {
                format!("missed by {} %", ((measured.median / self.at_most - 1.0) * 100.0).round().max(1.0))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_digits_are_shown() {
        let written = [0.0, 0.304, 2.066, 9.994, 9.996, 58.44, 99.96, 670.5, 1234567.0].map(number);
        assert_eq!(written, ["0.00", "0.30", "2.07", "9.99", "10.0", "58.4", "100", "670", "1,234,567"]);
    }

    #[test]
    fn times_have_the_unit_that_fits() {
        let written = [0.5, 999.4, 999.6, 6409.7, 25_000.0, 1.25e8, 3.69e9].map(|time| amount(time, "ns"));
        assert_eq!(written, ["0.50 ns", "999 ns", "1.00 µs", "6.41 µs", "25.0 µs", "125 ms", "3.69 s"]);
    }

    #[test]
    fn counts_have_no_other_unit() {
        assert_eq!((amount(3.0, "pages"), amount(1.0, "pages")), ("3 pages".into(), "1 page".into()));
        assert_eq!((of_all(4, 12_345), of_all(0, 0)), ("4 of 12,345".into(), "0".into()));
        assert_eq!(amount(2.5, "pages"), "2.5 pages");
        assert_eq!(round_amount(25_000.0, "ns"), "25 µs");
    }

    #[test]
    fn tiny_ratios_are_not_zero() {
        assert_eq!([0.0001, 0.006, 0.3, 1.0, 12.34].map(times), ["< 0.01 ×", "0.01 ×", "0.30 ×", "1.00 ×", "12.3 ×"]);
    }

    #[test]
    fn quartiles_share_a_unit() {
        let spread = |low, high| Ratio { low, median: low, high };
        assert_eq!(quartiles(spread(1.0, 2.0), |time| amount(time, "ns")), "1.00 – 2.00 ns");
        assert_eq!(quartiles(spread(1.0, 2000.0), |time| amount(time, "ns")), "1.00 ns – 2.00 µs");
    }

    #[test]
    fn kept_figures_have_four_digits() {
        assert_eq!([0.0, 1.23456, 98765.4321].map(rounded), [0.0, 1.235, 98770.0]);
    }

    fn outcome(at_most: f64, median: f64, met: bool) -> Outcome {
        let measured = Some(Ratio { low: median - 0.1, median, high: median + 0.1 });
        Outcome { ours: "shmstore".into(), other: Some("memcpy".into()), at_most, measured, met }
    }

    #[test]
    fn a_verdict_says_by_how_much_a_target_is_missed() {
        assert_eq!(outcome(1.3, 1.2, true).verdict(), "met");
        assert_eq!(outcome(1.3, 1.56, false).verdict(), "missed by 20 %");
        assert_eq!(outcome(1.0, 1.005, false).verdict(), "missed by 1 %");
        assert_eq!(Outcome { measured: None, ..outcome(1.0, 1.0, false) }.verdict(), "not measured");
    }

    #[test]
    fn a_target_names_the_other_side() {
        let ratio = outcome(1.3, 1.2, true);
        assert_eq!(
            (ratio.asked("ns").as_str(), ratio.measured("ns").as_str()),
            ("≤ 1.3 × memcpy", "1.20 × [1.10 – 1.30 ×]")
        );
        let figure = Outcome { other: None, ..outcome(3.0, 2.0, true) };
        assert_eq!(
            (figure.asked("pages").as_str(), figure.measured("pages").as_str()),
            ("≤ 3 pages", "2 pages [1.9 – 2.1 pages]")
        );
    }
}
