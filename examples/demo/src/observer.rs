//! Watches the shared object without the right to write to it.

use std::io::{Write, stdout};
use std::path::PathBuf;
use std::sync::atomic::Ordering::Acquire;
use std::time::{Duration, Instant};

use shmstore::{ReadOnly, Store};

use crate::failure::Failure;
use crate::host_stats::HostStats;
use crate::place::default_path;
use crate::snapshot::Snapshot;
use crate::stop::Stop;
use crate::table::line;

/// The time between two looks for a new sample.
const LOOK_AGAIN: Duration = Duration::from_millis(5);

/// The options of the observer.
#[derive(Debug, Clone, clap::Args)]
pub struct ObserverArgs {
    /// Directory or file to meet at, the same as the writer's. If not given: $XDG_RUNTIME_DIR/shmstore-host, or
    /// /tmp/shmstore-host-UID
    #[arg(long, value_name = "PATH")]
    pub path: Option<PathBuf>,
    /// Accept what the user with this number has made, besides our own and root's; may be given more than once
    #[arg(long, value_name = "UID")]
    pub trust: Vec<u32>,
    /// How many seconds to wait for a writer
    #[arg(long, default_value_t = 10, value_name = "SECONDS")]
    pub timeout: u32,
}

/// Prints each new sample until the object is removed, or until it is asked to stop.
///
/// # Errors
///
/// If the store refuses, or if there is no object in time.
pub fn observe(args: &ObserverArgs, stop: &Stop) -> Result<(), Failure> {
    let stats = attach(args)?;
    if let Some(info) = ReadOnly::info(&stats) {
        let (shmid, owner, mode) = (info.shmid, info.owner, info.mode);
        writeln!(stdout(), "reading `HostStats`, segment {shmid}, of uid {owner}, mode {mode:04o}")?;
    }
    let mut seen = 0;
    loop {
        // Asked first: what was stored before the removal is seen after it.
        let is_removed = ReadOnly::is_removed(&stats);
        if stats.samples.load(Acquire) != seen {
            let snapshot = Snapshot::of_seen(&stats)?;
            writeln!(stdout(), "{}", line(&snapshot))?;
            seen = snapshot.sample;
        }
        if is_removed {
            writeln!(stdout(), "the object was removed, after {seen} samples")?;
            return Ok(());
        }
        if stop.asked_within(LOOK_AGAIN) {
            return Ok(());
        }
    }
}

fn attach(args: &ObserverArgs) -> Result<ReadOnly<HostStats>, Failure> {
    let path = args.path.clone().unwrap_or_else(default_path);
    let deadline = Instant::now() + Duration::from_secs(args.timeout.into());
    let left = || deadline.saturating_duration_since(Instant::now());
    let trusting = args.trust.iter().fold(Store::options(), |options, &uid| options.trust(uid));
    let store = trusting.open_timeout(path, left())?;
    Ok(store.attach_read_only_timeout(left())?)
}
