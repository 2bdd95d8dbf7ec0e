//! Shows what is in the shared object.

use std::io::{Write, stdout};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use shmstore::{AttachError, Error, OpenError, Shared, Store};

use crate::failure::Failure;
use crate::host_stats::HostStats;
use crate::place::default_path;
use crate::screen::Screen;
use crate::snapshot::Snapshot;
use crate::writer::samples_taken;

/// The time between two looks for the first sample.
const LOOK_AGAIN: Duration = Duration::from_millis(2);

/// The options of the reader.
#[derive(Debug, Clone, clap::Args)]
pub struct ReaderArgs {
    /// Directory or file to meet at, the same as the writer's. If not given: $XDG_RUNTIME_DIR/shmstore-host, or
    /// /tmp/shmstore-host-UID
    #[arg(long, value_name = "PATH")]
    pub path: Option<PathBuf>,
    /// How many seconds to wait for a writer
    #[arg(long, default_value_t = 10, value_name = "SECONDS")]
    pub timeout: u32,
    /// Show one table, and end
    #[arg(long)]
    pub once: bool,
    /// Looks a second, 1 to 60
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..=60))]
    pub hz: u32,
}

/// Reasons to show nothing.
#[derive(Debug, thiserror::Error)]
enum NothingToRead {
    #[error("{source}\nhint: start a writer: `cargo run --example writer -- --path {}`", .path.display())]
    NobodyThere { path: PathBuf, source: Error },
    #[error(
        "the object at {} has no sample yet, after waiting {waited:?}\nhint: start a writer: `cargo run --example writer \
         -- --path {}`", .path.display(), .path.display()
    )]
    NoSample { path: PathBuf, waited: Duration },
}

/// Shows the object until it is removed, or once. Waits for a writer if there is none yet.
///
/// There is nothing to clean up: a reader can be killed at any time.
///
/// # Errors
///
/// If the store refuses, or if no writer has written in time.
pub fn read(args: &ReaderArgs) -> Result<(), Failure> {
    let path = args.path.clone().unwrap_or_else(default_path);
    let stats = attach(&path, Duration::from_secs(args.timeout.into()))?;
    let mut screen = Screen::of_stdout();
    if args.once {
        return Ok(screen.print(&Snapshot::of(&stats)?)?);
    }
    while !Shared::is_removed(&stats) {
        screen.refresh(&Snapshot::of(&stats)?)?;
        thread::sleep(Duration::from_secs(1) / args.hz);
    }
    let samples = samples_taken(&stats);
    writeln!(stdout(), "the object was removed, after {samples} samples; a new writer makes a new one")?;
    Ok(())
}

/// Attaches, and waits for the first sample, `timeout` in all.
fn attach(path: &Path, timeout: Duration) -> Result<Shared<HostStats>, Failure> {
    let deadline = Instant::now() + timeout;
    let attached = attach_before(path, Instant::now()).or_else(|error| {
        if !is_absence(&error) || timeout.is_zero() {
            return Err(error);
        }
        eprintln!("waiting up to {timeout:?} for `HostStats` at {}", path.display());
        attach_before(path, deadline)
    });
    let stats = attached.map_err(|error| match is_absence(&error) {
        true => Failure::from(NothingToRead::NobodyThere { path: path.into(), source: error }),
        false => error.into(),
    })?;
    while samples_taken(&stats) == 0 {
        if Instant::now() >= deadline {
            return Err(NothingToRead::NoSample { path: path.into(), waited: timeout }.into());
        }
        thread::sleep(LOOK_AGAIN);
    }
    Ok(stats)
}

fn attach_before(path: &Path, deadline: Instant) -> Result<Shared<HostStats>, Error> {
    let left = || deadline.saturating_duration_since(Instant::now());
    let store = Store::open_timeout(path, left())?;
    Ok(store.attach_timeout(left())?)
}

/// Returns `true` if waiting would help.
fn is_absence(error: &Error) -> bool {
    matches!(error, Error::Open(OpenError::NotFound { .. }) | Error::Attach(AttachError::NotFound { .. }))
}
