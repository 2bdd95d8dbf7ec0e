//! The number of instructions of an operation, counted by callgrind. It is the same in each run, whatever else runs.
//!
//! A process does each operation a number of times, another one twice as often. The difference is the cost of the
//! additional ones, so it does not contain the costs of the start.

mod operations;

pub use operations::{Operate, operate};

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use clap::Args;

use crate::Failure;
use crate::place::Place;
use operations::{COUNTED, NAMES, rounds};

/// The operations to count.
#[derive(Debug, Clone, Args)]
pub struct Options {
    /// Only operations whose names contain this.
    #[arg(long, value_name = "NAME", conflicts_with = "write")]
    only: Option<String>,
    /// Keep the counts in benches/instructions.txt, for later comparison.
    #[arg(long)]
    write: bool,
}

/// Counts of one operation, by the names of the operations.
pub type Counts = BTreeMap<String, f64>;

/// Counts, and shows the differences from the kept counts. Without valgrind it prints only this fact.
pub fn run(options: &Options) -> Result<(), Failure> {
    if let Some(reason) = absent() {
        if std::env::var_os("SHMSTORE_NO_SKIPS").is_some() {
            return Err(format!("must not be skipped here: {reason}").into());
        }
        eprintln!("skipped: {reason}");
        return Ok(());
    }
    let counts = count(&std::env::current_exe()?, options.only.as_deref().unwrap_or_default())?;
    let file = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/instructions.txt"));
    let before = fs::read_to_string(&file).map(|text| parse(&text)).unwrap_or_default();
    let names: Vec<&str> = NAMES.iter().copied().filter(|name| counts.contains_key(*name)).collect();
    print!("{}", table(&names, &counts, &before));
    if options.write {
        fs::write(file, kept(&names, &counts, env!("SHMSTORE_BENCH_RUSTC")))?;
    }
    Ok(())
}

/// Returns the reason if nothing can be counted here.
pub fn absent() -> Option<String> {
    let answer = Command::new("valgrind").arg("--version").stdout(Stdio::null()).status();
    answer.err().map(|error| format!("`valgrind` counts the instructions: {error}"))
}

/// Counts the operations with `part` in their names, by running `program`.
pub fn count(program: &Path, part: &str) -> Result<Counts, Failure> {
    let place = Place::new()?;
    let names = NAMES.iter().filter(|name| name.contains(part));
    names.map(|name| Ok(((*name).to_owned(), one(&place, program, name)?))).collect()
}

fn one(place: &Place, program: &Path, name: &str) -> Result<f64, Failure> {
    let rounds = rounds(name);
    let [some, twice] =
        [run_under_callgrind(place, program, name, rounds)?, run_under_callgrind(place, program, name, 2 * rounds)?];
    Ok((twice as f64 - some as f64) / rounds as f64)
}

/// Counts the instructions of the operation, in all its rounds.
fn run_under_callgrind(place: &Place, program: &Path, name: &str, rounds: u64) -> Result<u64, Failure> {
    // All paths have the same length, so that their formatting and copying costs the same.
    let directory = place.make(&format!("{}-{rounds:09}", name.replace([' ', ',', '/'], "-")))?;
    let out = directory.join("callgrind.out");
    let mut callgrind = Command::new("valgrind");
    callgrind.args(["--tool=callgrind", &format!("--toggle-collect=*{}*", COUNTED)]);
    callgrind.arg(format!("--callgrind-out-file={}", out.display()));
    callgrind.arg(program).args(["operate", name, &rounds.to_string()]).arg(&directory);
    // The size of the environment moves the stack, and the C library reads the environment.
    let answer = callgrind.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default()).output()?;
    if !answer.status.success() {
        return Err(format!("{name}: {}: {}", answer.status, String::from_utf8_lossy(&answer.stderr)).into());
    }
    match total(&fs::read_to_string(out)?) {
        Some(total) if total > 0 => Ok(total),
        _ => Err(format!("{name}: callgrind has not seen `{}`", COUNTED).into()),
    }
}

/// Finds the total in a file of callgrind.
fn total(text: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix("totals:").or_else(|| line.strip_prefix("summary:")))?;
    line.split_whitespace().next()?.parse().ok()
}

/// Reads kept counts.
fn parse(text: &str) -> Counts {
    let lines = text.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.rsplit_once(':'));
    lines.filter_map(|(name, count)| Some((name.to_owned(), count.trim().parse().ok()?))).collect()
}

/// Writes counts as [`parse`] reads them.
fn kept(names: &[&str], counts: &Counts, compiler: &str) -> String {
    let mut text =
        "# Instructions of one operation: `cargo run --release -p shmstore-bench -- instructions --write`.\n"
            .to_owned();
    text.push_str(&format!("# {}, {compiler}\n", std::env::consts::ARCH));
    for name in names {
        text.push_str(&format!("{name}: {}\n", shown(counts[*name])));
    }
    text
}

/// Writes whole numbers, unless rounds differ.
fn shown(count: f64) -> String {
    if count.fract() == 0.0 { format!("{count}") } else { format!("{count:.2}") }
}

/// Writes the counts, the kept ones, and their differences.
fn table(names: &[&str], counts: &Counts, before: &Counts) -> String {
    let mut text = format!("{:<28} {:>12} {:>12}   {}\n", "instructions", "now", "kept", "difference");
    for name in names {
        let now = counts[*name];
        let (kept, difference) = match before.get(*name) {
            None => ("-".to_owned(), String::new()),
            Some(kept) if shown(*kept) == shown(now) => (shown(*kept), "none".to_owned()),
            Some(kept) => (shown(*kept), format!("{:+.2} ({:+.1} %)", now - kept, (now / kept - 1.0) * 100.0)),
        };
        text.push_str(format!("{name:<28} {:>12} {kept:>12}   {difference}", shown(now)).trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(pairs: &[(&str, f64)]) -> Counts {
        pairs.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect()
    }

    #[test]
    fn kept_counts_are_read_back() {
        let counts = counts(&[("load 64 B", 24.0), ("attach, drop", 9000.5)]);
        let text = kept(&["load 64 B", "attach, drop"], &counts, "rustc 1.85.0");
        assert!(text.ends_with(", rustc 1.85.0\nload 64 B: 24\nattach, drop: 9000.50\n"), "{text}");
        assert_eq!(parse(&text), counts);
    }

    #[test]
    fn a_table_shows_changes() {
        let (now, before) = (counts(&[("a", 11.0), ("b", 5.0), ("c", 1.0)]), counts(&[("a", 10.0), ("b", 5.0)]));
        let table = table(&["a", "b", "c"], &now, &before);
        let lines: Vec<Vec<&str>> = table.lines().skip(1).map(|line| line.split_whitespace().collect()).collect();
        assert_eq!(
            lines,
            [vec!["a", "11", "10", "+1.00", "(+10.0", "%)"], vec!["b", "5", "5", "none"], vec!["c", "1", "-"]]
        );
    }

    #[test]
    fn the_total_of_callgrind_is_found() {
        assert_eq!(total("events: Ir\nfn=(1) x\n0 12\n\ntotals: 24012\n"), Some(24012));
        assert_eq!(total("events: Ir\n"), None);
    }
}
