//! The thread that writes: what it shares with the thread that encodes, and what it waits for.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::blocks::Block;
use super::buffer::Buffer;
use super::error::OutputError;
use super::file::Contents;
use super::recorder::{Progress, Summary};
use super::series::Series;
use super::settings::Output;
use super::sink::Opener;

/// The longest time that a message waits for others to fill a chunk.
const CHUNK_TIME: Duration = Duration::from_millis(100);

/// A ring's block ends after this part of the ring's time, so that the oldest messages leave in small steps.
const STEPS: u64 = 16;

/// What both threads use. Neither keeps the lock while it waits for anything.
pub(super) struct Shared {
    state: Mutex<State>,
    /// Rung when there is something to write.
    pub(super) bell: Condvar,
    /// Whether a file has begun that the caller's thread does not know of.
    pub(super) has_begun: AtomicBool,
    /// The time of a ring, in nanoseconds.
    pub(super) window: Option<u64>,
}

pub(super) struct State {
    pub(super) buffer: Buffer,
    pub(super) contents: Contents,
    pub(super) gaps: BTreeMap<String, String>,
    pub(super) progress: Progress,
    pub(super) is_ending: bool,
    /// Whether nothing is written any more.
    pub(super) is_over: bool,
    /// Whether a snapshot was asked for.
    pub(super) snapshot: bool,
}

/// What the thread does next.
enum Work {
    Write(Block),
    /// Write what channels and metadata are new, and sync if it is time.
    Describe,
    Snapshot,
    End,
}

impl Shared {
    pub(super) fn new(settings: &Output) -> Self {
        let window = settings.snapshot.map(|time| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX));
        Self {
            state: Mutex::new(State {
                buffer: Buffer::new(settings.buffer, window),
                contents: Contents::default(),
                gaps: BTreeMap::new(),
                progress: Progress::default(),
                is_ending: false,
                is_over: false,
                snapshot: false,
            }),
            bell: Condvar::new(),
            has_begun: AtomicBool::new(false),
            window,
        }
    }

    /// An encoder that panics leaves the state whole.
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns `true` if a ring's block is to end.
    pub(super) fn is_old(&self, block: &Block, now: u64) -> bool {
        let is_old = |window| block.first_time().is_some_and(|time| time.saturating_add(window / STEPS) < now);
        self.window.is_some_and(is_old)
    }
}

/// The thread's own part.
pub(super) struct Disk {
    shared: Arc<Shared>,
    series: Series,
    contents: Contents,
    /// How many files have begun that the caller's thread knows of.
    begun: u64,
    window: Option<u64>,
    sync: Option<Duration>,
    synced: Instant,
}

impl Disk {
    /// Creates the first file.
    pub(super) fn start(settings: Output, opener: Opener, shared: Arc<Shared>) -> Result<Self, OutputError> {
        let sync = settings.sync;
        let is_ring = settings.snapshot.is_some();
        let mut series = Series::new(settings, opener)?;
        if !is_ring {
            series.begin()?;
        }
        let window = shared.window;
        shared.state().progress = series.progress(Progress::default());
        let begun = series.begun;
        Ok(Self { shared, series, contents: Contents::default(), begun, window, sync, synced: Instant::now() })
    }

    /// Writes until the recording ends, or nothing can be written any more.
    pub(super) fn run(mut self) -> Result<Summary, OutputError> {
        let mut outcome = Ok(());
        while outcome.is_ok() {
            outcome = match self.next() {
                Work::Write(block) => self.write(block),
                Work::Describe => self.describe(),
                Work::Snapshot => self.save(),
                Work::End => break,
            };
            self.report();
        }
        let gaps = {
            let mut state = self.shared.state();
            state.is_over = true;
            state.gaps.clone()
        };
        let outcome = outcome.and_then(|()| self.series.end(&self.contents, &gaps));
        self.report();
        let mut state = self.shared.state();
        if let Err(error) = &outcome {
            let source = std::error::Error::source(error).map(|source| format!(": {source}")).unwrap_or_default();
            state.progress.failure = Some(format!("{error}{source}"));
        }
        outcome.map(|()| self.series.summary(state.progress.dropped))
    }

    /// Waits for something to do.
    fn next(&mut self) -> Work {
        let shared = Arc::clone(&self.shared);
        let mut state = shared.state();
        loop {
            self.contents.catch_up(&state.contents);
            let now = Instant::now();
            let mut until = None;
            if state.snapshot {
                return Work::Snapshot;
            }
            if self.window.is_none() {
                let due = state.buffer.since().map(|since| since + CHUNK_TIME);
                let is_due = state.is_ending || due.is_some_and(|due| due <= now);
                let block = if is_due { state.buffer.take_any() } else { state.buffer.take() };
                if let Some(block) = block {
                    return Work::Write(block);
                }
                until = due.filter(|_| !is_due);
            }
            if state.is_ending {
                return Work::End;
            }
            let to_sync = self.sync.filter(|_| self.series.is_dirty()).map(|sync| self.synced + sync);
            if self.series.lacks_metadata(state.contents.metadata.len()) || to_sync.is_some_and(|at| at <= now) {
                return Work::Describe;
            }
            state = match until.into_iter().chain(to_sync).min() {
                Some(until) => {
                    let waited = shared.bell.wait_timeout(state, until.saturating_duration_since(now));
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
                None => shared.bell.wait(state).unwrap_or_else(PoisonError::into_inner),
            };
        }
    }

    fn write(&mut self, block: Block) -> Result<(), OutputError> {
        if block.begins && self.series.has_messages() {
            let gaps = self.shared.state().gaps.clone();
            self.series.turn(&self.contents, &gaps)?;
            // The block has the state.
            self.begun = self.series.begun;
        }
        let outcome = self.series.write(&self.contents, &block, 0);
        self.shared.state().buffer.give_back(block);
        outcome.and_then(|()| self.sync_if_due())
    }

    fn describe(&mut self) -> Result<(), OutputError> {
        self.series.describe(&self.contents)?;
        self.sync_if_due()
    }

    fn sync_if_due(&mut self) -> Result<(), OutputError> {
        if self.sync.is_some_and(|sync| self.synced.elapsed() >= sync) && self.series.is_dirty() {
            self.series.sync()?;
            self.synced = Instant::now();
        }
        Ok(())
    }

    /// Writes a file of its own with what the ring has.
    fn save(&mut self) -> Result<(), OutputError> {
        let (blocks, gaps) = {
            let mut state = self.shared.state();
            (state.buffer.take_all(), state.gaps.clone())
        };
        let newest = blocks.last().and_then(Block::last_time).unwrap_or(0);
        let from = newest.saturating_sub(self.window.unwrap_or(0));
        let mut outcome = self.series.begin();
        for block in blocks {
            outcome = outcome.and_then(|()| self.series.write(&self.contents, &block, from));
            self.shared.state().buffer.give_back(block);
        }
        outcome.and_then(|()| self.series.end(&self.contents, &gaps))?;
        self.series.snapshots += 1;
        self.shared.state().snapshot = false;
        Ok(())
    }

    /// Lets the other thread know how far the recording is.
    fn report(&mut self) {
        let mut state = self.shared.state();
        let Progress { dropped, failure, .. } = std::mem::take(&mut state.progress);
        state.progress = self.series.progress(Progress { dropped, failure, ..Progress::default() });
        if self.series.begun > self.begun {
            self.shared.has_begun.store(true, Relaxed);
        }
        self.begun = self.series.begun;
    }
}
