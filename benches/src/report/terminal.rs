//! A row, for a terminal.

use crate::report::figures::amount;
use crate::report::{Entry, System};

/// All of a row: its systems, aligned, and what came of its targets.
pub fn table(row: &Entry) -> String {
    let mut text = format!("{} ({})\n", row.work, row.name);
    text.push_str(&aligned(&systems(row)));
    let targets: Vec<Vec<String>> = row
        .targets
        .iter()
        .map(|target| {
            let asked = format!("{} {}", target.ours, target.asked(&row.unit));
            vec![asked, target.measured(&row.unit), marked(target.verdict())]
        })
        .collect();
    text.push_str(&aligned(&targets));
    text
}

/// What is not as it should be stands out.
fn marked(verdict: String) -> String {
    verdict.strip_prefix("missed").map(|rest| format!("MISSED{rest}")).unwrap_or(verdict)
}

fn systems(row: &Entry) -> Vec<Vec<String>> {
    let is_shared = row.systems.iter().any(|system| system.partner.is_some());
    let reference = row.reference();
    let mut head =
        vec!["".into(), "median".into(), "middle half".into(), format!("÷ {}", reference.unwrap_or_default())];
    if is_shared {
        head.push("other process".into());
    }
    let mut table = vec![head];
    for system in &row.systems {
        let [median, spread] = system.told(&row.unit);
        let mut line = vec![system.name.clone(), median, spread, system.by(reference)];
        if is_shared {
            line.push(partner(system));
        }
        if system.torn > 0 {
            line.push(format!("TORN {}", system.told_torn()));
        }
        if system.starved > 0 {
            line.push(format!("gave up {}", system.told_starved()));
        }
        table.push(line);
    }
    table
}

/// What the other process took.
pub(super) fn partner(system: &System) -> String {
    system.partner.map(|time| amount(time, "ns")).unwrap_or_default()
}

/// Lines of cells, below each other: the first of a line to the left, the others to the right.
fn aligned(table: &[Vec<String>]) -> String {
    let columns = table.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| table.iter().filter_map(|line| Some(line.get(column)?.chars().count())).max();
    let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or(0)).collect();
    let mut text = String::new();
    for line in table {
        let mut row = String::new();
        for (column, cell) in line.iter().enumerate() {
            let width = widths[column];
            row.push_str(&if column == 0 { format!("  {cell:<width$}") } else { format!("  {cell:>width$}") });
        }
        text.push_str(row.trim_end());
        text.push('\n');
    }
    text
}
