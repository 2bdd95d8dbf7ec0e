//! The chart of all targets: what was measured, by what is allowed.

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
    canvas.text("What was measured, by what is allowed", (MARGIN, 20), 15, INK, Side::Right)?;
    canvas.text("logarithmic scale: shorter is better", (MARGIN, 44), 11, FAINT, Side::Right)?;
    let (met, missed) = ("met", "missed");
    let all = 62 + width(met, 11) + width(missed, 11);
    canvas.legend(&[(ACCENT, met), (BAD, missed)], WIDTH - all, 20)
}

fn bar(canvas: &Canvas<'_>, axis: &Axis, line: &Line<'_>, y: i32) -> Result<(), Failure> {
    let at = |figure: f64| axis.at(figure / line.target.at_most);
    let (left, Ratio { low, median, high }) = (axis.at(LEAST), line.measured);
    canvas.text(&line.name(), (left - 10, y), 12, INK, Side::Left)?;
    let colour = if line.target.met { ACCENT } else { BAD };
    canvas.bar((left, y - BAR / 2), (at(median).max(left + 2), y + BAR / 2), colour)?;
    if at(high) > left {
        canvas.whisker(at(low), at(high), y)?;
    }
    let end = at(median).max(at(high)) + 8;
    // The line of what is allowed is not to cross a text.
    let (allowed, size) = (axis.at(1.0), width(&line.label(), 12));
    let x = if end <= allowed + 4 && end + size >= allowed - 4 { allowed + 8 } else { end };
    canvas.text(&line.label(), (x, y), 12, INK, Side::Right)
}

impl Line<'_> {
    /// The row, and which of its targets.
    fn name(&self) -> String {
        match &self.target.other {
            Some(other) => format!("{}: {}", self.row.name, other.strip_suffix(", the best peer").unwrap_or(other)),
            None => self.row.name.clone(),
        }
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
