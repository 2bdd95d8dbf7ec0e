//! The cost of waiters while nothing happens: the wake-ups and the processor time of their process.

use std::ops::Sub;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio, exit};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::{Duration, Instant};

use clap::builder::RangedU64ValueParser;
use clap::{Args, ValueEnum};
use nix::sys::prctl::set_pdeathsig;
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::signal::Signal;
use nix::sys::time::TimeVal;
use shmstore::{Store, WaitError};

use super::tasks::Tasks;
use super::{Handle, VALUES, Values, kept};
use crate::place::Place;
use crate::report::figures::number;
use crate::{Failure, interrupt};

/// Longer than any measurement.
const LONG: Duration = Duration::from_secs(3600);

/// The time from the start of the last waiter to the measurement, so that all of them sleep.
const SETTLE: Duration = Duration::from_secs(1);

/// The stack of a waiting thread.
const STACK: usize = 128 << 10;

/// The numbers of waiting threads.
const THREADS: [usize; 3] = [1, 50, 1_000];

/// The numbers of pending futures.
const FUTURES: [usize; 4] = [1, 50, 1_000, 10_000];

/// What to measure.
#[derive(Debug, Clone, Args)]
pub struct Options {
    /// The time of each measurement.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    seconds: u32,
    /// Only this way of waiting.
    #[arg(long)]
    way: Option<Way>,
    /// Only this number of waiters.
    #[arg(long, value_parser = RangedU64ValueParser::<usize>::new().range(1..=VALUES as u64))]
    waiters: Option<usize>,
    /// The directory of the object: this process itself is to wait. Started by the program itself.
    #[arg(long, hide = true, requires_all = ["way", "waiters"])]
    here: Option<PathBuf>,
}

/// How a process waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Way {
    /// Threads, each in `wait_newer`.
    Threads,
    /// The same, through a handle that only announces.
    ThreadsView,
    /// The same, through a handle that may only read.
    ThreadsReadOnly,
    /// Futures, on an executor of one thread.
    Futures,
    /// The same, through a handle that only announces.
    FuturesView,
    /// The same, through a handle that may only read.
    FuturesReadOnly,
}

impl Way {
    /// The words for the table.
    fn words(self) -> &'static str {
        match self {
            Self::Threads => "threads in `wait_newer`",
            Self::ThreadsView => "threads in `wait_newer`, `attach_view`",
            Self::ThreadsReadOnly => "threads in `wait_newer`, `attach_read_only`",
            Self::Futures => "futures `newer`",
            Self::FuturesView => "futures `newer`, `attach_view`",
            Self::FuturesReadOnly => "futures `newer`, `attach_read_only`",
        }
    }

    fn waiters(self) -> &'static [usize] {
        match self {
            Self::Threads | Self::ThreadsView | Self::ThreadsReadOnly => &THREADS,
            Self::Futures | Self::FuturesView | Self::FuturesReadOnly => &FUTURES,
        }
    }
}

/// Measures all ways of waiting, or one in this process.
///
/// # Errors
///
/// A failure of shmstore, or of a process.
pub fn run(options: &Options) -> Result<(), Failure> {
    if let Options { here: Some(path), way: Some(way), waiters: Some(waiters), .. } = options {
        return wait_here(&Store::open(path)?, *way, *waiters, Duration::from_secs(options.seconds.into()));
    }
    let place = Place::new()?;
    interrupt::clean_first(place.path())?;
    let _object = Store::open(place.path())?.create::<Values>()?;
    println!("| waiters in one process | number | wake-ups a second | of a processor |\n|---|---:|---:|---:|");
    let is_wanted = |way: &&Way| options.way.is_none_or(|only| only == **way);
    for way in Way::value_variants().iter().filter(is_wanted) {
        let numbers = options.waiters.map_or_else(|| way.waiters().to_vec(), |only| vec![only]);
        for waiters in numbers {
            let [wake_ups, share] = measured(*way, waiters, options.seconds, place.path())?;
            println!("| {} | {waiters} | {} | {} % |", way.words(), number(wake_ups.round()), number(share * 100.0));
        }
    }
    Ok(())
}

/// Measures in a process that does nothing else. Returns its wake-ups a second, and its part of a processor.
fn measured(way: Way, waiters: usize, seconds: u32, path: &Path) -> Result<[f64; 2], Failure> {
    let way = way.to_possible_value().expect("no way is skipped");
    let mut program = Command::new(std::env::current_exe()?);
    program.args([
        "idle",
        "--way",
        way.get_name(),
        "--waiters",
        &waiters.to_string(),
        "--seconds",
        &seconds.to_string(),
    ]);
    let output = program.arg("--here").arg(path).stdin(Stdio::null()).stderr(Stdio::inherit()).output()?;
    let figures = String::from_utf8(output.stdout)?;
    let figures = figures.split_whitespace().map(str::parse).collect::<Result<Vec<f64>, _>>()?;
    figures.try_into().map_err(|_| format!("the waiting process has failed: {}", output.status).into())
}

/// Waits in this process, and prints its wake-ups a second and its part of a processor.
fn wait_here(store: &Store, way: Way, waiters: usize, time: Duration) -> Result<(), Failure> {
    set_pdeathsig(Signal::SIGKILL)?;
    match way {
        Way::Threads => threads(waiters, kept(store.attach::<Values>()?))?,
        Way::ThreadsView => threads(waiters, kept(store.attach_view::<Values>()?))?,
        Way::ThreadsReadOnly => threads(waiters, kept(store.attach_read_only::<Values>()?))?,
        Way::Futures => futures(waiters, kept(store.attach::<Values>()?)),
        Way::FuturesView => futures(waiters, kept(store.attach_view::<Values>()?)),
        Way::FuturesReadOnly => futures(waiters, kept(store.attach_read_only::<Values>()?)),
    }
    thread::sleep(SETTLE);
    let (before, start) = (Usage::now()?, Instant::now());
    thread::sleep(time);
    let (used, taken) = (Usage::now()? - before, start.elapsed().as_secs_f64());
    println!("{} {}", used.wake_ups as f64 / taken, used.time.as_secs_f64() / taken);
    exit(0)
}

/// Starts waiting threads, and returns when all of them run.
fn threads(waiters: usize, handle: &'static (impl Handle + Sync)) -> Result<(), Failure> {
    let started = Arc::new(Barrier::new(waiters + 1));
    for at in 0..waiters {
        let started = started.clone();
        thread::Builder::new().stack_size(STACK).spawn(move || {
            started.wait();
            ended(handle.wait_newer(at, 0, LONG))
        })?;
    }
    started.wait();
    Ok(())
}

/// Starts a thread with pending futures, and returns when all of them are polled.
fn futures(waiters: usize, handle: &'static (impl Handle + Sync)) {
    let started = Arc::new(Barrier::new(2));
    let polled = started.clone();
    thread::spawn(move || {
        let mut tasks = Tasks::new((0..waiters).map(|at| handle.newer(at, 0)));
        assert!(tasks.poll_all(), "nothing is stored");
        polled.wait();
        ended(tasks.next().1)
    });
    started.wait();
}

/// Ends the process, because nothing is stored that a waiter could wait for.
fn ended(wait: Result<(u64, u64), WaitError>) {
    eprintln!("error: a waiter has ended: {wait:?}");
    exit(1);
}

/// What a process has used.
#[derive(Debug, Clone, Copy)]
struct Usage {
    /// How often one of its threads has slept, and was woken.
    wake_ups: i64,
    /// The time on processors.
    time: Duration,
}

impl Usage {
    /// The usage of this process.
    fn now() -> Result<Self, Failure> {
        let usage = getrusage(UsageWho::RUSAGE_SELF)?;
        let time = duration(usage.user_time()) + duration(usage.system_time());
        Ok(Self { wake_ups: usage.voluntary_context_switches(), time })
    }
}

impl Sub for Usage {
    type Output = Self;

    fn sub(self, before: Self) -> Self {
        Self { wake_ups: self.wake_ups - before.wake_ups, time: self.time - before.time }
    }
}

fn duration(time: TimeVal) -> Duration {
    Duration::new(time.tv_sec() as u64, time.tv_usec() as u32 * 1000)
}
