//! The page: `docs/benchmarks.md`.

use crate::report::chart::{self, OVERVIEW};
use crate::report::notes::Notes;
use crate::report::terminal::partner;
use crate::report::{Entry, Report};

const INTRODUCTION: &str = "\
# Benchmarks

<!-- Written by `cargo run --release -p shmstore-bench -- compare`. What explains a row is in `benches/notes.md`. -->

shmstore beside what a user would pick instead, and beside the bare machine. Absolute figures move from machine to machine:
**what counts is the ratio in one run**.

## How it is measured

* All systems of a row do the same work in turn, in short batches, each round of batches beginning with another system. A ratio
  is taken between batches of the same round, and the median of these ratios is what counts: what disturbs the machine for
  longer than a round disturbs both sides. So a ratio may differ a little from that of the two medians.
* *÷ shmstore*: how many times as long as shmstore it took. More than 1 × means that shmstore is faster.
* *Middle half*: a quarter of the batches took less, a quarter took more. In the charts it is the thin line.
* *Bare*: the machine itself, doing the same work with no checks and no crash safety. For loads and stores that is `memcpy` within
  one process, for a lock one atomic exchange, for a round trip two atomics, for waking a futex, for objects the system
  calls, for the derives the same structs without a derive. It is what a peer or shmstore can at best come near to, not a
  bound: a better copy than `memcpy` beats it.
* Where two processes take part they are pinned to different processors. What the *other process* needs for one of its own
  operations meanwhile stands beside, so that nobody looks fast by starving the other side. A reader beside a writer that stores
  seldom meets few new values, which are what takes time; so where ours stores more often than that of the best peer, it is
  also measured *as often as* that one.
* *The best peer* is the one whose own operation, the one that the row is about, is the fastest: beside a writer the one with the
  fastest reader. One that tore a value or gave up in this run is not it. The other process is compared with that same peer's.
* What is loaded is copied to memory of the reader's own, which begins on a cache line, as does what is stored: also by those
  systems that would lend the value in place, to those who need but a part of it.
* A value that is a mixture of two stores is *torn*: all words of it are looked at for a while before the batches, its two ends in
  them. A reader that *gave up* would have taken longer: where the median is of such a batch, it is more than what is shown, and
  has no ratio.
* Where two processes do the same work at once, the figure is the time by the operations of both together; the other process's
  own is beside.

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
    text.push_str(&format!("![All targets: measured ÷ allowed]({charts}/{OVERVIEW}.svg)\n\n"));
    text.push_str(&format!("{}\n\n", total(report)));
    text.push_str(&summary(report));
    for row in &report.rows {
        text.push('\n');
        text.push_str(&section(row, notes, charts));
    }
    text
}

/// How many targets there are, and what came of them.
fn total(report: &Report) -> String {
    let targets = || report.rows.iter().flat_map(|row| &row.targets);
    let (all, met) = (targets().count(), targets().filter(|target| target.met).count());
    let unknown = targets().filter(|target| target.measured.is_none()).count();
    let unknown = if unknown == 0 { String::new() } else { format!(", {unknown} not measured") };
    format!("**{met} of {all} met**{unknown}.")
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
    if chart::is_drawn(row) {
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
    let figures = row.systems.iter().map(|system| {
        let [median, _] = system.told(&row.unit);
        format!("{} {median}", system.name)
    });
    figures.collect::<Vec<_>>().join("; ")
}

fn systems(row: &Entry) -> String {
    let is_shared = row.systems.iter().any(|system| system.partner.is_some());
    let is_torn = row.systems.iter().any(|system| system.torn > 0);
    let is_starved = row.systems.iter().any(|system| system.starved > 0);
    let reference = row.reference();
    let ratio = format!("÷ {}", reference.unwrap_or_default());
    let mut head = vec!["".into(), "median".into(), "middle half".into(), ratio];
    head.extend(is_shared.then(|| "other process".into()));
    head.extend(is_torn.then(|| "torn".into()));
    head.extend(is_starved.then(|| "gave up".into()));
    let mut text = line(&head) + "|---|" + &"---:|".repeat(head.len() - 1) + "\n";
    for system in &row.systems {
        let [median, spread] = system.told(&row.unit);
        let mut cells = vec![cell(&system.name), median, spread, system.by(reference)];
        cells.extend(is_shared.then(|| partner(system)));
        cells.extend(is_torn.then(|| system.told_torn()));
        cells.extend(is_starved.then(|| system.told_starved()));
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
