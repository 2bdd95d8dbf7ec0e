//! The chart of all targets: what was measured, by what is allowed. Bars begin at what is allowed, to either side.

use super::axis::Axis;
use super::canvas::{ACCENT, BAD, Canvas, FAINT, INK, Side, WIDTH, width};
use crate::Failure;
use crate::report::figures::{amount, number, round_amount, times};
use crate::report::{Entry, Outcome, Report};
use crate::row::Ratio;

const TOP: i32 = 76;
const LINE: i32 = 24;
const BAR: i32 = 14;
const BELOW: i32 = 30;
const MARGIN: i32 = 16;
/// What is less than this part of what is allowed is drawn as this.
const LEAST: f64 = 0.01;

/// A target that was measured, and its row.
struct Line<'a> {
    row: &'a Entry,
    target: &'a Outcome,
    measured: Ratio,
}

pub(super) fn chart(report: &Report) -> Result<String, Failure> {
    let lines: Vec<Line<'_>> = report.rows.iter().flat_map(lines).collect();
    let axis = axis(&lines);
    let mut svg = String::new();
    let bottom = TOP + LINE * lines.len() as i32;
    let canvas = Canvas::new(&mut svg, bottom + BELOW)?;
    head(&canvas)?;
    axis.draw(&canvas, (TOP, bottom), |tick| if tick <= LEAST { format!("≤ {tick} ×") } else { format!("{tick} ×") })?;
    for (at, line) in lines.iter().enumerate() {
        bar(&canvas, &axis, line, TOP + LINE * at as i32 + LINE / 2)?;
    }
    let allowed = axis.at(1.0);
    canvas.line((allowed, TOP - 4), (allowed, bottom), INK)?;
    canvas.text("allowed", (allowed, TOP - 12), 11, INK, Side::Middle)?;
    drop(canvas);
    Ok(svg)
}

fn lines(row: &Entry) -> impl Iterator<Item = Line<'_>> {
    row.targets.iter().filter_map(move |target| Some(Line { row, target, measured: target.measured? }))
}

fn axis(lines: &[Line<'_>]) -> Axis {
    let names = lines.iter().map(|line| width(&line.name(), 12)).max().unwrap_or(0);
    let labels = lines.iter().map(|line| width(&line.label(), 12)).max().unwrap_or(0);
    let largest = lines.iter().map(|line| line.measured.high / line.target.at_most).fold(1.0, f64::max);
    Axis::logarithmic(LEAST, (largest * 1.05).max(2.0), MARGIN + names + 10, WIDTH - MARGIN - labels - 8)
}

fn head(canvas: &Canvas<'_>) -> Result<(), Failure> {
    canvas.text("Measured ÷ allowed", (MARGIN, 20), 15, INK, Side::Right)?;
    canvas.text("logarithmic scale: further left is better", (MARGIN, 44), 11, FAINT, Side::Right)?;
    let (met, missed) = ("met", "missed");
    let all = 62 + width(met, 11) + width(missed, 11);
    canvas.legend(&[(ACCENT, met), (BAD, missed)], WIDTH - all, 20)
}

fn bar(canvas: &Canvas<'_>, axis: &Axis, line: &Line<'_>, y: i32) -> Result<(), Failure> {
    let at = |figure: f64| axis.at(figure / line.target.at_most);
    let (allowed, Ratio { low, median, high }) = (axis.at(1.0), line.measured);
    canvas.text(&line.name(), (axis.left() - 10, y), 12, INK, Side::Left)?;
    let colour = if line.target.met { ACCENT } else { BAD };
    let (from, to) = (at(median).min(allowed - 1), at(median).max(allowed + 1));
    canvas.bar((from, y - BAR / 2), (to, y + BAR / 2), colour)?;
    if at(high) > axis.left() {
        canvas.whisker(at(low), at(high), y)?;
    }
    canvas.text(&line.label(), (to.max(at(high)) + 8, y), 12, INK, Side::Right)
}

impl Line<'_> {
    /// The row, and which of its targets.
    fn name(&self) -> String {
        let Outcome { ours, other, .. } = self.target;
        let ours = ours.strip_prefix("shmstore").unwrap_or(ours).trim_start_matches([',', ':', ' ']);
        let mut name = self.row.name.clone();
        if !ours.is_empty() {
            name.push_str(&format!(": {}", ours.replace(": the other process", ", other process")));
        }
        if let Some(other) = other {
            let other = other.strip_suffix(", the best peer").unwrap_or(other);
            name.push_str(&format!(" ÷ {}", other.strip_prefix("shmstore, ").unwrap_or(other)));
        }
        name
    }

    /// Both figures.
    fn label(&self) -> String {
        let (median, at_most) = (self.measured.median, self.target.at_most);
        match self.target.other {
            Some(_) => format!("{} of {}", times(median).trim_end_matches(" ×"), number(at_most)),
            None => format!("{} of {}", amount(median, &self.row.unit), round_amount(at_most, &self.row.unit)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_target_of_a_row_has_a_name_of_its_own() {
        let target = |ours: &str, other: &str| Outcome {
            ours: ours.into(),
            other: Some(other.into()),
            at_most: 1.0,
            measured: Some(Ratio { low: 1.0, median: 1.0, high: 1.0 }),
            met: true,
        };
        let row = Entry {
            name: "row".into(),
            work: "work".into(),
            unit: "ns".into(),
            systems: Vec::new(),
            targets: vec![
                target("shmstore", "memcpy"),
                target("shmstore, leased", "fast, the best peer"),
                target("shmstore, leased: the other process", "fast, the best peer"),
                target("shmstore", "shmstore, idle"),
            ],
        };
        let names: Vec<String> = lines(&row).map(|line| line.name()).collect();
        assert_eq!(names, ["row ÷ memcpy", "row: leased ÷ fast", "row: leased, other process ÷ fast", "row ÷ idle"]);
    }
}
