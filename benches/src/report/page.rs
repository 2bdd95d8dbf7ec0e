//! The page: `docs/benchmarks.md`.

use crate::report::chart::OVERVIEW;
use crate::report::figures::{amount, quartiles, times};
use crate::report::notes::Notes;
use crate::report::terminal::partner;
use crate::report::{Entry, Report};

const INTRODUCTION: &str = "\
# Benchmarks

<!-- Written by `cargo run --release -p shmstore-bench -- compare`. What explains a row is in `benches/notes.md`. -->

shmstore beside what a user would pick instead, and beside the floor: what the machine itself takes for the same work, done by
nobody's rules. Absolute figures move from machine to machine; **what counts is the ratio in one run**.

## How it is measured

* All systems of a row do the same work in turn, in short batches, each round of batches beginning with another system. A ratio
  is taken between batches of the same round, and the median of these ratios is what counts: what disturbs the machine for
  longer than a round disturbs both sides.
* Where two processes take part they are pinned to different processors. What the *other process* needs for one of its own
  operations meanwhile stands beside, so that nobody looks fast by starving the other side.
* What is loaded is copied to memory of the reader's own and looked at; a value that is a mixture of two stores is *torn*, and
  counted. A reader that *gave up* would have taken longer than what is shown.
* *Middle half*: a quarter of the batches took less, a quarter took more. In the charts it is the thin line.
* *By*: how many times as long as shmstore's own way it took: more than 1 × means that shmstore is faster.

## The machine

";

/// All of it. `charts` is the directory of the charts, seen from the page.
pub fn page(report: &Report, notes: &Notes, charts: &str) -> String {
    let mut text = INTRODUCTION.to_owned();
    text.push_str("| | |\n|---|---|\n");
    for (name, fact) in &report.machine.facts {
        let fact = if name == "Command" { format!("`{fact}`") } else { cell(fact) };
        text.push_str(&line(&[cell(name), fact]));
    }
    text.push_str("\n## What is asked, and what was measured\n\n");
    text.push_str(&format!("![All targets: what was measured, by what is allowed]({charts}/{OVERVIEW}.svg)\n\n"));
    text.push_str(&summary(report));
    for row in &report.rows {
        text.push('\n');
        text.push_str(&section(row, notes, charts));
    }
    text
}

fn summary(report: &Report) -> String {
    let mut text = "| work | of shmstore | target | measured [middle half] | |\n|---|---|---|---|---|\n".to_owned();
    for row in &report.rows {
        for target in &row.targets {
            let verdict = target.verdict();
            let verdict = if verdict.starts_with("missed") { format!("**{verdict}**") } else { verdict };
            let work = format!("[{}](#{})", cell(&row.work), row.name);
            let cells = [work, cell(&target.ours), cell(&target.asked(&row.unit)), target.measured(&row.unit), verdict];
            text.push_str(&line(&cells));
        }
    }
    text
}

fn section(row: &Entry, notes: &Notes, charts: &str) -> String {
    let mut text = format!("<a id=\"{0}\"></a>\n\n## {1}\n\n`--only {0}`\n\n", row.name, cell(&row.work));
    text.push_str(&systems(row));
    if !row.systems.is_empty() {
        text.push_str(&format!("\n![{}: {}]({charts}/{}.svg)\n", row.work, told(row), row.name));
    }
    if !row.targets.is_empty() {
        text.push('\n');
    }
    for target in &row.targets {
        let (asked, measured) = (target.asked(&row.unit), target.measured(&row.unit));
        text.push_str(&format!("* {} {asked}: {measured}, **{}**\n", target.ours, target.verdict()));
    }
    if let Some(note) = notes.of(&row.name) {
        text.push_str(&format!("\n{note}\n"));
    }
    text
}

/// What a chart shows, for those who do not see it.
fn told(row: &Entry) -> String {
    let figures =
        row.systems.iter().map(|system| format!("{} {}", system.name, amount(system.figure.median, &row.unit)));
    figures.collect::<Vec<_>>().join("; ")
}

fn systems(row: &Entry) -> String {
    let is_shared = row.systems.iter().any(|system| system.partner.is_some());
    let is_torn = row.systems.iter().any(|system| system.torn > 0);
    let is_starved = row.systems.iter().any(|system| system.starved > 0);
    let mut head =
        vec!["".into(), "median".into(), "middle half".into(), format!("by {}", row.reference().unwrap_or_default())];
    head.extend(is_shared.then(|| "other process".into()));
    head.extend(is_torn.then(|| "torn".into()));
    head.extend(is_starved.then(|| "gave up".into()));
    let mut text = line(&head) + "|---|" + &"---:|".repeat(head.len() - 1) + "\n";
    for system in &row.systems {
        let mut cells = vec![
            cell(&system.name),
            amount(system.figure.median, &row.unit),
            quartiles(system.figure, |figure| amount(figure, &row.unit)),
            system.ratio.map_or("1 ×".to_owned(), |ratio| times(ratio.median)),
        ];
        cells.extend(is_shared.then(|| partner(system)));
        cells.extend(is_torn.then(|| system.torn.to_string()));
        cells.extend(is_starved.then(|| system.starved.to_string()));
        text.push_str(&line(&cells));
    }
    text
}

fn line(cells: &[String]) -> String {
    format!("| {} |\n", cells.join(" | "))
}

/// Without what ends a cell, or begins a tag.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('<', "&lt;")
}
