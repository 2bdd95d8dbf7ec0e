//! The chart of one row: a bar or a dot of each system.

use super::axis::Axis;
use super::canvas::{Canvas, FAINT, INK, Side, WIDTH, colour, width};
use crate::Failure;
use crate::report::figures::{amount, round_amount};
use crate::report::{Entry, Kind, System};

const TOP: i32 = 66;
const LINE: i32 = 28;
const BAR: i32 = 16;
/// Half as wide as a dot.
const DOT: i32 = 6;
const BELOW: i32 = 30;
/// Between the figure of the longest bar and the edge.
const MARGIN: i32 = 16;

pub(super) fn chart(row: &Entry) -> Result<String, Failure> {
    let mut svg = String::new();
    let bottom = TOP + LINE * row.systems.len() as i32;
    let canvas = Canvas::new(&mut svg, bottom + BELOW)?;
    let axis = axis(row);
    head(&canvas, row, &axis)?;
    axis.draw(&canvas, (TOP, bottom), |tick| round_amount(tick, &row.unit))?;
    for (at, system) in row.systems.iter().enumerate() {
        bar(&canvas, &axis, row, system, TOP + LINE * at as i32 + LINE / 2)?;
    }
    drop(canvas);
    Ok(svg)
}

/// Between the longest name at the left and the longest label at the right.
fn axis(row: &Entry) -> Axis {
    let names = row.systems.iter().map(|system| width(&system.name, 12)).max().unwrap_or(0);
    let labels = row.systems.iter().map(|system| width(&label(row, system), 12)).max().unwrap_or(0);
    let figures: Vec<f64> =
        row.systems.iter().flat_map(|system| [system.figure.median, system.figure.low, system.figure.high]).collect();
    Axis::of(&figures, MARGIN + names + 10, WIDTH - MARGIN - labels - 8)
}

fn head(canvas: &Canvas<'_>, row: &Entry, axis: &Axis) -> Result<(), Failure> {
    canvas.text(&row.work, (MARGIN, 20), 15, INK, Side::Right)?;
    let what = if row.unit == "ns" { "time of one operation" } else { row.unit.as_str() };
    let better =
        if axis.is_logarithmic() { ", logarithmic scale: further left is better" } else { ": shorter is better" };
    canvas.text(&format!("{what}{better}"), (MARGIN, 44), 11, FAINT, Side::Right)?;
    let of = |kind| row.systems.iter().any(|system| system.kind == kind);
    let kinds = [(Kind::Ours, "shmstore"), (Kind::Peer, "peer"), (Kind::Bare, "bare machine")];
    let kinds: Vec<_> =
        kinds.into_iter().filter(|(kind, _)| of(*kind)).map(|(kind, name)| (colour(kind), name)).collect();
    let all: i32 = kinds.iter().map(|(_, name)| 31 + width(name, 11)).sum();
    canvas.legend(&kinds, WIDTH - all, 44)
}

fn bar(canvas: &Canvas<'_>, axis: &Axis, row: &Entry, system: &System, y: i32) -> Result<(), Failure> {
    let left = axis.left();
    let (low, end, high) = (axis.at(system.figure.low), axis.at(system.figure.median), axis.at(system.figure.high));
    let ink = if system.kind == Kind::Ours { INK } else { FAINT };
    canvas.text(&system.name, (left - 10, y), 12, ink, Side::Left)?;
    if axis.is_logarithmic() {
        // Its length would say nothing: there is no nought for it to begin at.
        canvas.dot((end, y), DOT, colour(system.kind))?;
    } else {
        canvas.bar((left, y - BAR / 2), (end.max(left + 1), y + BAR / 2), colour(system.kind))?;
    }
    if !system.capped {
        canvas.whisker(low, high, y)?;
    }
    canvas.text(&label(row, system), (end.max(high) + DOT + 4, y), 12, INK, Side::Right)
}

/// What is beside a bar.
fn label(row: &Entry, system: &System) -> String {
    let [figure, _] = system.told(&row.unit);
    match system.partner {
        Some(partner) => format!("{figure} (other: {})", amount(partner, "ns")),
        None => figure,
    }
}
