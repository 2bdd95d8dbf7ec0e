//! The cost of waiters while nothing happens: the wake-ups and the processor time of their process.

use std::ops::Sub;
use std::path::PathBuf;
use std::process::exit;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;
use std::thread;
use std::time::{Duration, Instant};

use clap::{Args, ValueEnum};
use nix::sys::prctl::set_pdeathsig;
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::signal::Signal;
use nix::sys::time::TimeVal;
use shmstore::{Store, WaitError};

use super::{Values, figures};
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

/// What to measure.
#[derive(Debug, Clone, Args)]
pub struct Options {
    /// The time of each measurement.
    #[arg(long, default_value_t = 5)]
    seconds: u32,
    /// What this process is to measure: started by the program itself.
    #[arg(hide = true, requires = "path")]
    way: Option<Way>,
    #[arg(hide = true, default_value_t = 1)]
    waiters: usize,
    #[arg(hide = true)]
    path: Option<PathBuf>,
}

/// How a process waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Way {
    /// Threads, each in `wait_newer`.
    Threads,
    /// The same, through a handle that may only read.
    ThreadsReadOnly,
}

impl Way {
    /// The words for the table.
    fn words(self) -> &'static str {
        match self {
            Self::Threads => "threads in `wait_newer`",
            Self::ThreadsReadOnly => "threads in `wait_newer`, read-only",
        }
    }

    fn waiters(self) -> &'static [usize] {
        match self {
            Self::Threads | Self::ThreadsReadOnly => &THREADS,
        }
    }
}

/// Measures all ways of waiting, or one in this process.
///
/// # Errors
///
/// A failure of shmstore, or of a process.
pub fn run(options: &Options) -> Result<(), Failure> {
    if let (Some(way), Some(path)) = (options.way, &options.path) {
        return play(way, options, &Store::open(path)?);
    }
    let place = Place::new()?;
    interrupt::clean_first(place.path())?;
    let _object = Store::open(place.path())?.create::<Values>()?;
    println!("| waiters in one process | number | wake-ups a second | of a processor |\n|---|---:|---:|---:|");
    let seconds = format!("--seconds={}", options.seconds);
    for way in Way::value_variants() {
        let name = way.to_possible_value().expect("no way is skipped").get_name().to_owned();
        for &waiters in way.waiters() {
            let (waiters, path) = (waiters.to_string(), place.path().as_os_str());
            let found = figures(["idle".as_ref(), seconds.as_ref(), name.as_ref(), waiters.as_ref(), path])?;
            let [wake_ups, share] = found[..] else { return Err("two figures were expected".into()) };
            println!("| {} | {waiters} | {} | {} % |", way.words(), number(wake_ups.round()), number(share * 100.0));
        }
    }
    Ok(())
}

/// Waits in this process, and prints its wake-ups a second and the part of a processor that it uses.
fn play(way: Way, options: &Options, store: &Store) -> Result<(), Failure> {
    set_pdeathsig(Signal::SIGKILL)?;
    let (waiters, time) = (options.waiters, Duration::from_secs(options.seconds.into()));
    // Waiters end with the process, so their objects stay to its end.
    match way {
        Way::Threads => {
            let object = Box::leak(Box::new(store.attach::<Values>()?));
            threads(waiters, |at| object.values[at].wait_newer(0, LONG))?;
        }
        Way::ThreadsReadOnly => {
            let object = Box::leak(Box::new(store.attach_read_only::<Values>()?));
            threads(waiters, |at| object.values[at].wait_newer(0, LONG))?;
        }
    }
    thread::sleep(SETTLE);
    let (before, start) = (Usage::now()?, Instant::now());
    thread::sleep(time);
    let (used, taken) = (Usage::now()? - before, start.elapsed().as_secs_f64());
    println!("{} {}", used.wake_ups as f64 / taken, used.time.as_secs_f64() / taken);
    exit(0)
}

/// Starts waiting threads, and returns when all of them run.
fn threads(
    waiters: usize,
    wait: impl Fn(usize) -> Result<(u64, u64), WaitError> + Send + Copy + 'static,
) -> Result<(), Failure> {
    static STARTED: AtomicUsize = AtomicUsize::new(0);
    for at in 0..waiters {
        thread::Builder::new().stack_size(STACK).spawn(move || {
            STARTED.fetch_add(1, Relaxed);
            let ended = wait(at);
            eprintln!("error: a waiter has ended: {ended:?}");
            exit(1);
        })?;
    }
    while STARTED.load(Relaxed) < waiters {
        thread::sleep(Duration::from_millis(1));
    }
    Ok(())
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
