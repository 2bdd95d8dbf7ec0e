//! The page `docs/benchmarks.md`: results first, then how they were measured, and the targets in an appendix.

use std::collections::BTreeMap;

use crate::report::figures::amount;
use crate::report::{Entry, Report, System};
use crate::work;

/// Texts of `benches/notes.md` by the names of rows and topics.
pub type Notes = BTreeMap<String, String>;

const HEAD: &str = "\
# Benchmarks

<!-- Written by `cargo run --release -p shmstore-bench -- compare`. The notes on rows are in `benches/notes.md`. -->

This page compares shmstore with other libraries and with the bare machine.

";

const RATIO: &str = "
A ratio is the time of the other system divided by the time of shmstore: above 1 ×, shmstore is faster. Times differ
from machine to machine; ratios differ less.
";

const PARTNERS: &str = "Behind the dot is the time of one operation of the other process.\n\n";

const METHOD: &str = "
## How it was measured

* All systems of a row do the same work in turn, in short batches. Each round of batches begins with another system.
* A ratio compares batches of the same round, and the page shows the median of these ratios. A disturbance that lasts
  longer than a round slows all systems, so it changes the ratios little. For this reason the
  shown ratio may differ a little from the ratio of the two shown times.
* A store of *shmstore* takes and frees the lock of the value. An *exclusive writer* keeps the lock between its stores.
  The same holds for a push, a pop and a send: an *exclusive* producer, consumer or sender keeps its lock.
* The bare machine does the same work without checks and without crash safety. It stands for `memcpy` within one
  process, an atomic exchange, two atomics, a futex, crossbeam's `ArrayQueue` between two threads of one process, the
  system calls, or the same structs without a derive. It is no bound: a copy that is better than `memcpy` beats it.
  Of maps, `RwLock<HashMap>` (with the standard library's hash) and papaya stand for it, within one process.
* Two processes run on different processors. The time of the other process shows whether a system is fast because it
  starves the other side.
* A load of a new value takes longer than a load of a known one, so a reader looks fast beside a slow writer. If the
  writer of shmstore stores more often than the best peer's writer, shmstore is also measured with a writer that
  stores *as often*.
* *The best peer* is the one with the fastest operations of its own, among those that tore no value and never gave up
  in this run.
* Every load copies the value to the reader's own memory, even if the system could lend it. Source and destination
  begin on a cache line.
* A *torn* value mixes two stores. All words of values are checked for a while before the batches, and the two ends
  of every value during the batches.
* A load that *gave up* would have taken longer. A median of such loads is shown with >, and has no ratio.
* Where two processes use a lock or a queue at once, the time is the mean for an operation of either process.
* Queues and broadcasts have 256 slots; POSIX message queues have 10, as every user may have by default.
* Some systems overwrite values that no receiver has got yet. Where values go from process to process, the sender of
  every system waits before it is 128 values ahead, and each value is checked to arrive in its order.
* A *lost* value was sent, and no receiver got it. Such a loss within an exchange of two processes is detected by a
  wait that takes long.
* A map has as many entries as it has room for: random keys of 8 bytes with values of 64. Keys are looked up in another
  random order than they were inserted, each once before any comes again. Each value is checked to belong to its key.
* *Independent* look-ups overlap in the processor. Otherwise the next key depends on the value that was read, or a
  fence waits for the end of the look-up.
* LMDB never waits for a disk (`WRITE_MAP`, `NO_SYNC`, `MAP_ASYNC`, in a file in memory, with integer keys). Each change
  is a commit. Each look-up is a transaction, or all look-ups of a batch are *one transaction*, which sees no later
  change. Boost's `unordered_map` is in a managed segment, under one mutex. A guard of papaya is kept for a batch.
* Keys are inserted and removed in turn, 64 each, so that the map stays as full as it is.
* Beside a writer, each look-up is timed alone. The median time of the clock itself is subtracted. Clocks go in
  steps, on some machines of 10 ns. Of a system within one process, another thread is the writer.
* Frames are values of 4 MiB that a reader reads where a writer has filled them. Rows of a hand-over write and read
  only one word of each. iceoryx2 loans, publishes and borrows in place. A writer of mmap-sync copies the value in, and
  its reader reads it in place.
* A hand-over in one direction has two looks at the clock in its time, which all systems have alike.
* The elements of 200 frames are computed with, one frame at a time, and the systems take turns. Before each frame, its
  memory is brought into the same state for each system.
* A producer is killed in the middle of a push of 4 KiB, up to 25 times, at different moments. Another producer
  pushes every 50 µs from then on. The time of a row is the longest until one of its values is received, at most 25 s,
  and the lost values are those of the worst death. The push that was killed does not count.

The file `benchmarks.json` beside this page has the quartiles of all times and ratios. The run:

";

const APPENDIX: &str = "
## Appendix: internal targets

These are limits on the time of shmstore divided by the time of another system. The middle half of the ratios is in
brackets.

";

/// Writes the page.
pub fn page(report: &Report, notes: &Notes) -> String {
    let mut text = HEAD.to_owned();
    for (name, facts, separator) in [
        ("Machine", &["Processor", "Caches", "Memory"][..], "; "),
        ("Software", &["Kernel", "C library", "Compiler", "shmstore"], ", "),
        ("Peers", &["Peers"], ", "),
    ] {
        let facts = facts.iter().map(|name| (name, report.machine.fact(name))).filter(|(_, fact)| !fact.is_empty());
        let facts = facts.map(|(name, fact)| if *name == "shmstore" { format!("shmstore {fact}") } else { cell(fact) });
        text.push_str(&wrapped(&format!("* {name}: {}", facts.collect::<Vec<_>>().join(separator))));
    }
    text.push_str(RATIO);
    let mut rows = report.rows.as_slice();
    while let Some(first) = rows.first() {
        let topic = work::topic(&first.name);
        let end = rows.iter().position(|row| work::topic(&row.name) != topic).unwrap_or(rows.len());
        text.push_str(&results(topic, &rows[..end]));
        if let Some(note) = notes.get(topic) {
            text.push_str(&format!("\n{note}\n"));
        }
        rows = &rows[end..];
    }
    text.push_str(METHOD);
    for name in ["Date", "Command", "Commit", "Batches", "Load before the run"] {
        match report.machine.fact(name) {
            "" => {}
            fact if name == "Command" => text.push_str(&format!("* {name}: `{fact}`\n")),
            fact => text.push_str(&format!("* {name}: {}\n", cell(fact))),
        }
    }
    text.push_str(APPENDIX);
    text.push_str(&targets(report));
    for row in &report.rows {
        if let Some(note) = notes.get(&row.name) {
            text.push_str(&format!("\n### `{}`: {}\n\n{note}\n", row.name, cell(&row.work)));
        }
    }
    text
}

/// The table of one topic.
fn results(topic: &str, rows: &[Entry]) -> String {
    let mut text = format!("\n## {topic}\n\n");
    if rows.iter().flat_map(|row| &row.systems).any(|system| system.partner.is_some()) {
        text.push_str(PARTNERS);
    }
    text.push_str("| what was done | shmstore | compared with | ratio |\n|---|---|---|---:|\n");
    for row in rows {
        let Some(reference) = row.reference() else { continue };
        let variant = reference.name.strip_prefix("shmstore, ").map(|name| format!(" ({name})")).unwrap_or_default();
        let [mut work, mut ours] = [cell(&row.work), format!("{}{variant}", measured(reference, &row.unit))];
        let others: Vec<&System> = row.systems.iter().filter(|system| system.name != reference.name).collect();
        if others.is_empty() {
            text.push_str(&line(&[work, ours, "–".into(), "–".into()]));
            continue;
        }
        for other in others {
            let cell = format!("{} {}", cell(&other.name), measured(other, &row.unit));
            let cell = [vec![cell], other.remarks()].concat().join(", ");
            // The reference is written only once.
            text.push_str(&line(&[std::mem::take(&mut work), std::mem::take(&mut ours), cell, other.by("")]));
        }
    }
    text
}

/// The times of an operation of the system, and of the other process.
fn measured(system: &System, unit: &str) -> String {
    let partner = system.partner.map(|time| format!(" · {}", amount(time, "ns"))).unwrap_or_default();
    format!("{}{partner}", system.median(unit))
}

/// The table of all targets, and their total.
fn targets(report: &Report) -> String {
    let all = || report.rows.iter().flat_map(|row| &row.targets);
    let met = all().filter(|target| target.met).count();
    let unknown = all().filter(|target| target.measured.is_none()).count();
    let unknown = if unknown == 0 { String::new() } else { format!(", {unknown} not measured") };
    let mut text = format!("{met} of {} are met{unknown}.\n\n", all().count());
    text.push_str("| row | series | target | measured | |\n|---|---|---|---|---|\n");
    for row in &report.rows {
        for target in &row.targets {
            let series = cell(target.ours.strip_prefix("shmstore, ").unwrap_or(&target.ours));
            let [asked, measured] = [cell(&target.asked(&row.unit)), target.measured(&row.unit)];
            text.push_str(&line(&[format!("`{}`", row.name), series, asked, measured, target.verdict()]));
        }
    }
    text
}

/// Explains to the terminal what the page lacks.
pub fn gaps(report: &Report, notes: &Notes) -> Vec<String> {
    let is_known = |name: &str| report.rows.iter().any(|row| row.name == name || work::topic(&row.name) == name);
    let unexplained = report.rows.iter().filter(|row| row.is_missed() && !notes.contains_key(&row.name));
    let unexplained =
        unexplained.map(|row| format!("`{}` misses a target, and benches/notes.md has no note", row.name));
    let unused = notes.keys().filter(|name| !is_known(name));
    unexplained.chain(unused.map(|name| format!("benches/notes.md has a note on `{name}`, which has no row"))).collect()
}

/// Reads the sections of a text in Markdown: the text below each `## NAME`.
pub fn notes(text: &str) -> Notes {
    let text = format!("\n{text}");
    let sections = text.split("\n## ").skip(1).map(|section| {
        let (name, text) = section.split_once('\n').unwrap_or((section, ""));
        (name.trim().to_owned(), text.trim().to_owned())
    });
    sections.filter(|(_, text)| !text.is_empty()).collect()
}

/// An item of a list, in lines of at most 120 columns.
fn wrapped(item: &str) -> String {
    let mut lines = vec![String::new()];
    for word in item.split(' ') {
        let line = lines.last().expect("it begins with one");
        if line.chars().count() + word.chars().count() >= 120 {
            lines.push(" ".into());
        }
        let line = lines.last_mut().expect("it begins with one");
        line.push_str(&if line.is_empty() { word.to_owned() } else { format!(" {word}") });
    }
    lines.join("\n") + "\n"
}

fn line(cells: &[String]) -> String {
    format!("| {} |\n", cells.join(" | "))
}

/// Escapes the characters that end a cell, or begin a tag.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('<', "&lt;")
}
