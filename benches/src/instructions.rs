//! The number of instructions of an operation, counted by callgrind. It is the same in each run, whatever else runs.
//!
//! A process does each operation a number of times, another one twice as often. The difference is the cost of the
//! additional ones, so it does not contain the costs of the start.

use std::collections::BTreeMap;
use std::fs;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use clap::Args;
use shmstore::{Broadcast, Lock, Queue, ShmObject, Store, Versioned};

use crate::Failure;
use crate::payload::Payload;
use crate::place::Place;

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

/// All of them, in the order of the table.
const NAMES: [&str; 16] = [
    "empty loop",
    "load 64 B",
    "store 64 B",
    "store 64 B, exclusive writer",
    "lock, unlock",
    "begin, commit",
    "push 48 B",
    "push 48 B, exclusive",
    "pop 48 B",
    "pop 48 B, exclusive",
    "pop of an empty queue",
    "take, done 48 B",
    "take, done 48 B, exclusive",
    "send 48 B, exclusive",
    "recv 48 B",
    "attach, drop",
];

/// A part of the name of the counted function.
const COUNTED: &str = "rounds_that_are_counted";

/// One operation, to be repeated.
#[derive(Debug, Clone, Args)]
pub struct Operate {
    name: String,
    rounds: u64,
    directory: PathBuf,
}

/// An object with one part of each kind.
#[derive(ShmObject)]
#[repr(C)]
#[shm(id = 'I')]
struct Object {
    value: Versioned<Payload<8>>,
    lock: Lock,
}

/// The number of items that a queue or a broadcast has room for: more than are pushed, or popped, in all rounds.
const ROOM: usize = 4096;

/// An object of its own, so that the cost of an attach does not depend on it.
#[derive(ShmObject)]
#[repr(C)]
#[shm(id = 'J')]
struct Channels {
    queue: Queue<Payload<6>, ROOM>,
    broadcast: Broadcast<Payload<6>, ROOM>,
}

/// The number of repetitions: an attach takes long.
fn rounds(name: &str) -> u64 {
    if name.starts_with("attach") { 50 } else { 1_000 }
}

/// The only function that is counted.
#[inline(never)]
fn rounds_that_are_counted(rounds: u64, mut work: impl FnMut()) {
    for _ in 0..rounds {
        work();
    }
}

/// Works once without counting, because the first time has costs of its own.
fn warm(rounds: u64, mut work: impl FnMut()) {
    work();
    rounds_that_are_counted(rounds, work);
}

/// Runs one operation.
pub fn operate(operate: &Operate) -> Result<(), Failure> {
    // In a larger table, the process's slot and the search for it would be random.
    let store = Store::options().max_processes(1).open(&operate.directory)?;
    let object = store.create::<Object>()?;
    let (value, rounds) = (Payload::filled(1), operate.rounds);
    let mut into = Payload::filled(0);
    match operate.name.as_str() {
        "empty loop" => warm(rounds, || {
            black_box(());
        }),
        "load 64 B" => warm(rounds, || {
            black_box(&object.value).load_into(black_box(&mut into));
        }),
        "store 64 B" => warm(rounds, || {
            black_box(&object.value).store_from(black_box(&value));
        }),
        "store 64 B, exclusive writer" => {
            let mut writer = object.value.writer();
            warm(rounds, || {
                black_box(&mut writer).store_from(black_box(&value));
            });
        }
        "lock, unlock" => warm(rounds, || drop(black_box(black_box(&object.lock).lock()))),
        "begin, commit" => warm(rounds, || {
            let mut transaction = black_box(&object.value).begin();
            *black_box(&mut transaction).word_mut() += 1;
            transaction.commit();
        }),
        "attach, drop" => {
            drop(object);
            warm(rounds, || drop(black_box(store.attach::<Object>().expect("created above"))));
        }
        other => operate_channel(&store, other, rounds)?,
    }
    store.remove::<Object>()?;
    Ok(())
}

/// Runs one operation of a queue or a broadcast.
fn operate_channel(store: &Store, name: &str, rounds: u64) -> Result<(), Failure> {
    let object = store.create::<Channels>()?;
    let Channels { queue, broadcast } = &*object;
    let value = Payload::filled(1);
    let mut subscriber = broadcast.subscribe();
    if name.starts_with("pop 48") || name.starts_with("take") {
        (0..=rounds).try_for_each(|_| queue.try_push(value))?;
    }
    match name {
        "push 48 B" => warm(rounds, || black_box(queue).try_push(*black_box(&value)).expect("there is room")),
        "push 48 B, exclusive" => {
            let mut producer = queue.producer();
            warm(rounds, || black_box(&mut producer).try_push(*black_box(&value)).expect("there is room"));
        }
        "pop 48 B" => warm(rounds, || {
            black_box(black_box(queue).try_pop().expect("there are enough"));
        }),
        "pop 48 B, exclusive" => {
            let mut consumer = queue.consumer();
            warm(rounds, || {
                black_box(black_box(&mut consumer).try_pop().expect("there are enough"));
            });
        }
        "pop of an empty queue" => {
            let mut consumer = queue.consumer();
            warm(rounds, || {
                black_box(black_box(&mut consumer).try_pop().is_err());
            });
        }
        "take, done 48 B" => warm(rounds, || {
            let job = black_box(queue).try_take().expect("there are enough");
            black_box(&*job);
            job.done().expect("a job of this process");
        }),
        "take, done 48 B, exclusive" => {
            let mut consumer = queue.consumer();
            warm(rounds, || {
                let job = black_box(&mut consumer).try_take().expect("there are enough");
                black_box(&*job);
                job.done().expect("a job of this process");
            });
        }
        "send 48 B, exclusive" => {
            let mut sender = broadcast.sender();
            warm(rounds, || {
                black_box(black_box(&mut sender).send(*black_box(&value)));
            });
        }
        "recv 48 B" => {
            for _ in 0..=rounds {
                broadcast.send(value);
            }
            warm(rounds, || {
                black_box(black_box(&mut subscriber).try_recv().expect("sent above"));
            });
        }
        other => return Err(format!("no operation `{other}`").into()),
    }
    store.remove::<Channels>()?;
    Ok(())
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
