//! Puts samples of this machine into the shared object.

use std::io::{Write, stdout};
use std::num::ParseIntError;
use std::path::PathBuf;
use std::process;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use shmstore::{FixedString, FixedVec, RemoveError, Shared, Store};

use crate::failure::Failure;
use crate::host::{Sample, Sampler, host_name};
use crate::host_stats::{HostStats, MAX_CPUS, WriterState};
use crate::place::default_path;
use crate::stop::Stop;

/// The options of the writer.
#[derive(Debug, Clone, clap::Args)]
pub struct WriterArgs {
    /// Directory or file to meet at; a directory is made if nothing is there. If not given:
    /// $XDG_RUNTIME_DIR/shmstore-host, or /tmp/shmstore-host-UID
    #[arg(long, value_name = "PATH")]
    pub path: Option<PathBuf>,
    /// Samples a second, 1 to 1000
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub hz: u32,
    /// End after so many seconds; if not given, at Ctrl-C
    #[arg(long)]
    pub seconds: Option<u32>,
    /// Permission bits of what this writer makes, octal: 644 lets every user look, with `observe`
    #[arg(long, default_value = "600", value_parser = octal)]
    pub mode: u32,
    /// Start over with a new object, also if the old one has another layout
    #[arg(long)]
    pub replace: bool,
    /// Remove the object at the end
    #[arg(long)]
    pub remove: bool,
}

/// Takes samples until it is asked to stop, its time is over, or the object is removed.
///
/// # Errors
///
/// If the store or the kernel refuses.
pub fn write(args: &WriterArgs, stop: &Stop) -> Result<(), Failure> {
    let path = args.path.clone().unwrap_or_else(default_path);
    let store = Store::options().mode(args.mode).open_or_create(path)?;
    for warning in store.warnings() {
        eprintln!("warning: {warning}");
    }
    let stats = if args.replace { store.replace::<HostStats>()? } else { store.attach_or_create::<HostStats>()? };
    introduce(&stats, args)?;

    let taken = sample_until_stopped(&stats, args, stop)?;
    stats.writer.store(WriterState::Ended, Relaxed);
    let fate = if Shared::is_removed(&stats) {
        "another process removed the object"
    } else if args.remove {
        remove(&store)?;
        "removed the object"
    } else {
        "the object stays, with the last of them: a writer with --remove takes it away"
    };
    writeln!(stdout(), "took {taken} samples; {fate}")?;
    Ok(())
}

fn octal(digits: &str) -> Result<u32, ParseIntError> {
    u32::from_str_radix(digits, 8)
}

fn introduce(stats: &Shared<HostStats>, args: &WriterArgs) -> Result<(), Failure> {
    let did = if Shared::was_created(stats) {
        "created".to_owned()
    } else {
        format!("going on after sample {} of", stats.samples.load(Relaxed))
    };
    let place = Shared::info(stats).map(|info| format!(", segment {}, at {}", info.shmid, info.path.display()));
    writeln!(stdout(), "{did} `HostStats`{}; {} samples a second", place.unwrap_or_default(), args.hz)?;
    Ok(())
}

/// Returns how many samples it took.
fn sample_until_stopped(stats: &Shared<HostStats>, args: &WriterArgs, stop: &Stop) -> Result<u64, Failure> {
    let period = Duration::from_secs(1) / args.hz;
    let started = Instant::now();
    let end = args.seconds.map(|seconds| started + Duration::from_secs(seconds.into()));
    let mut sampler = Sampler::start()?;
    store_name(stats);
    let (mut next, mut taken) = (started + period, 0);
    while end.is_none_or(|end| next <= end) && !stop.asked_before(next) {
        publish(stats, sampler.sample()?)?;
        taken += 1;
        if Shared::is_removed(stats) {
            break;
        }
        // After a pause (a suspended machine, a stopped process) it goes on in time, and does not catch up.
        next = (next + period).max(Instant::now());
    }
    Ok(taken)
}

fn store_name(stats: &HostStats) {
    let name = FixedString::from_truncated(&host_name());
    if stats.host_name.load() != name {
        stats.host_name.store(name);
    }
}

fn publish(stats: &HostStats, sample: Sample) -> Result<(), Failure> {
    let Sample { uptime, load, memory, cpus } = sample;
    let room_for = cpus.len().min(MAX_CPUS);
    stats.cpus.store(FixedVec::try_from(&cpus[..room_for])?);
    stats.cpus_left_out.store(u32::try_from(cpus.len() - room_for)?, Relaxed);
    stats.load.store(load);
    stats.memory.store(memory);
    stats.uptime.store(uptime, Relaxed);
    stats.writer_pid.store(process::id(), Relaxed);
    stats.writer.store(WriterState::Running, Relaxed);
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH)?;
    stats.taken_at.store(u64::try_from(since_1970.as_millis())?, Relaxed);
    // Last, so that a process that sees this number sees all of its sample, or of a later one.
    stats.samples.fetch_add(1, Release);
    Ok(())
}

/// Removes the object, unless another process has done it meanwhile.
fn remove(store: &Store) -> Result<(), RemoveError> {
    match store.remove::<HostStats>() {
        Err(RemoveError::NotFound { .. }) => Ok(()),
        removed => removed,
    }
}

/// Returns the number of samples. All of the last one is visible then.
#[must_use]
pub fn samples_taken(stats: &HostStats) -> u64 {
    stats.samples.load(Acquire)
}
