//! How many instructions an operation executes, counted by callgrind: a figure that repeats, whatever else runs.
//!
//! Each operation is done so many times, and twice as many times, by a process of its own; the difference is what those
//! in between took. So what happens once, at the start, is not in it.

mod baseline;
mod operations;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use clap::Args;

use crate::Failure;
use crate::place::Place;

pub use operations::{Operate, operate};

/// What to count.
#[derive(Debug, Clone, Args)]
pub struct Options {
    /// Only operations whose name has this in it.
    #[arg(long, value_name = "NAME", conflicts_with = "write")]
    only: Option<String>,
    /// Keep the counts in benches/instructions.txt, which later ones are compared with.
    #[arg(long)]
    write: bool,
}

/// Counts of one operation, by the names of the operations.
pub type Counts = BTreeMap<String, f64>;

/// Counts, and shows what has changed since the counts were kept. Without valgrind it says so, and that is all.
pub fn run(options: &Options) -> Result<(), Failure> {
    if let Some(reason) = absent() {
        return skip(&reason);
    }
    let counts = count(&std::env::current_exe()?, options.only.as_deref().unwrap_or_default())?;
    let kept = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/instructions.txt"));
    let before = fs::read_to_string(&kept).map(|text| baseline::parse(&text)).unwrap_or_default();
    let names: Vec<&str> = operations::NAMES.iter().copied().filter(|name| counts.contains_key(*name)).collect();
    print!("{}", baseline::table(&names, &counts, &before));
    if options.write {
        fs::write(kept, baseline::kept(&names, &counts, env!("SHMSTORE_BENCH_RUSTC")))?;
    }
    Ok(())
}

/// Why nothing can be counted here.
pub fn absent() -> Option<String> {
    let answer = Command::new("valgrind").arg("--version").stdout(Stdio::null()).status();
    answer.err().map(|error| format!("instructions are counted by `valgrind`: {error}"))
}

fn skip(reason: &str) -> Result<(), Failure> {
    if std::env::var_os("SHMSTORE_NO_SKIPS").is_some() {
        return Err(format!("not to be skipped here: {reason}").into());
    }
    eprintln!("skipped: {reason}");
    Ok(())
}

/// Counts the operations with `part` in their name, by running `program`.
pub fn count(program: &Path, part: &str) -> Result<Counts, Failure> {
    let place = Place::new()?;
    let names = operations::NAMES.iter().filter(|name| name.contains(part));
    names.map(|name| Ok(((*name).to_owned(), one(&place, program, name)?))).collect()
}

fn one(place: &Place, program: &Path, name: &str) -> Result<f64, Failure> {
    let rounds = operations::rounds(name);
    let [some, twice] =
        [run_under_callgrind(place, program, name, rounds)?, run_under_callgrind(place, program, name, 2 * rounds)?];
    Ok((twice as f64 - some as f64) / rounds as f64)
}

/// The instructions that the operation took, in all its rounds.
fn run_under_callgrind(place: &Place, program: &Path, name: &str, rounds: u64) -> Result<u64, Failure> {
    // Of one length, so that what formats or copies the path does the same each time.
    let directory = place.make(&format!("{}-{rounds:09}", name.replace([' ', ',', '/'], "-")))?;
    let out = directory.join("callgrind.out");
    let mut callgrind = Command::new("valgrind");
    callgrind.args(["--tool=callgrind", &format!("--toggle-collect=*{}*", operations::COUNTED)]);
    callgrind.arg(format!("--callgrind-out-file={}", out.display()));
    callgrind.arg(program).args(["operate", name, &rounds.to_string()]).arg(&directory);
    // What the environment holds moves the stack, and is read by the C library.
    let answer = callgrind.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default()).output()?;
    if !answer.status.success() {
        return Err(format!("{name}: {}: {}", answer.status, String::from_utf8_lossy(&answer.stderr)).into());
    }
    let text = fs::read_to_string(out)?;
    match baseline::total(&text) {
        Some(total) if total > 0 => Ok(total),
        _ => Err(format!("{name}: callgrind has seen no `{}`", operations::COUNTED).into()),
    }
}
