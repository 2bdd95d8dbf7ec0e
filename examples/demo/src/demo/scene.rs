//! The place and the time limit of the demo.

use std::fs;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use shmstore::{Shared, Store};
use tempfile::TempDir;

use crate::failure::Failure;
use crate::host_stats::HostStats;
use crate::stop::Stop;
use crate::writer::samples_taken;

/// The demo ends by itself within ten seconds, whatever happens: nothing in it is waited for any longer than this.
const LONGEST: Duration = Duration::from_secs(8);

/// Between two looks at a counter.
const LOOK_AGAIN: Duration = Duration::from_millis(1);

/// A place of the demo's own, with an object in it: both are gone when it is dropped.
pub(super) struct Scene {
    store: Store,
    _directory: TempDir,
}

impl Scene {
    /// Makes a directory, and in it a named anchor: its key is free, whatever else is on this machine.
    pub(super) fn set() -> Result<Self, Failure> {
        let directory = tempfile::Builder::new().prefix("shmstore-demo-").tempdir()?;
        let store = Store::open(directory.path())?.open_or_create_named("host")?;
        Ok(Self { store, _directory: directory })
    }

    pub(super) fn store(&self) -> &Store {
        &self.store
    }

    pub(super) fn path(&self) -> &Path {
        self.store.path()
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        // Not there, if the story was told to its end.
        let _ = self.store.remove::<HostStats>();
    }
}

/// The demo's patience, which lasts until it is told to stop or its time is over.
pub(super) struct Patience {
    stop: Stop,
    deadline: Instant,
}

impl Patience {
    pub(super) fn new(stop: Stop) -> Self {
        Self { stop, deadline: Instant::now() + LONGEST }
    }

    /// Fails if there is no more waiting for `what`.
    pub(super) fn check(&self, what: &str) -> Result<(), Failure> {
        if self.stop.asked_within(Duration::ZERO) {
            return Err("stopped before the end; all that the demo made is removed".into());
        }
        if Instant::now() >= self.deadline {
            return Err(format!("{what} took too long: the demo gives up after {LONGEST:?}").into());
        }
        Ok(())
    }

    /// Waits for `count` more samples.
    pub(super) fn let_pass(&self, count: u64, stats: &HostStats) -> Result<(), Failure> {
        let goal = samples_taken(stats) + count;
        self.wait_until("the writer", || samples_taken(stats) >= goal)
    }

    /// Waits until the kernel has no segment of this number any more.
    pub(super) fn wait_until_gone(&self, shmid: i32) -> Result<(), Failure> {
        self.wait_until("the segment's end", || !has_segment(shmid))
    }

    fn wait_until(&self, what: &str, holds: impl Fn() -> bool) -> Result<(), Failure> {
        while !holds() {
            self.check(what)?;
            thread::sleep(LOOK_AGAIN);
        }
        Ok(())
    }
}

/// The kernel's number of the segment.
pub(super) fn shmid(stats: &Shared<HostStats>) -> Result<i32, Failure> {
    Ok(Shared::info(stats).ok_or("the kernel does not tell of the object")?.shmid)
}

/// Looks for a segment in the kernel's table, as `ipcs -m` does: the second column.
fn has_segment(shmid: i32) -> bool {
    let (table, shmid) = (fs::read_to_string("/proc/sysvipc/shm").unwrap_or_default(), shmid.to_string());
    table.lines().any(|line| line.split_ascii_whitespace().nth(1) == Some(&shmid))
}
