//! Charts: bars, in SVG that is the same for the same figures.
//!
//! On a card of their own colour, so that they are read on light pages and on dark ones.

mod axis;
mod bars;
mod canvas;
mod overview;

use crate::Failure;
use crate::report::Report;

/// The name of the chart of all targets.
pub const OVERVIEW: &str = "targets";

/// All charts of a run, by their names.
pub fn all(report: &Report) -> Result<Vec<(String, String)>, Failure> {
    let mut charts = vec![(OVERVIEW.to_owned(), overview::chart(report)?)];
    for row in report.rows.iter().filter(|row| !row.systems.is_empty()) {
        charts.push((row.name.clone(), bars::chart(row)?));
    }
    Ok(charts)
}
