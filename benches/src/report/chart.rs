//! Charts: bars from nought, dots on a logarithmic scale, which has none; in SVG that is the same for the same figures.
//!
//! On a card of their own colour, so that they are read on light pages and on dark ones.

mod axis;
mod bars;
mod canvas;
mod overview;

use crate::Failure;
use crate::report::{Entry, Report};

/// The name of the chart of all targets.
pub const OVERVIEW: &str = "targets";

/// Whether a row has a chart: one figure alone needs none.
pub fn is_drawn(row: &Entry) -> bool {
    row.systems.len() > 1
}

/// All charts of a run, by their names.
pub fn all(report: &Report) -> Result<Vec<(String, String)>, Failure> {
    let mut charts = vec![(OVERVIEW.to_owned(), overview::chart(report)?)];
    for row in report.rows.iter().filter(|row| is_drawn(row)) {
        charts.push((row.name.clone(), bars::chart(row)?));
    }
    Ok(charts)
}
