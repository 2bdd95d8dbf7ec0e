//! The recorder as its caller sees it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::thread::JoinHandle;
use std::{io, mem};

use super::disk::{Disk, Shared};
use super::error::OutputError;
use super::filler::Filler;
use super::settings::{Channel, Output};
use super::sink::{self, Opener};
use super::turns::Turns;

/// The format numbers channels with 16 bits, and the number 0 is not used.
const CHANNELS: usize = u16::MAX as usize;

/// Records messages into files.
///
/// [`Recorder::message`] encodes into a bounded buffer and never waits for the disk. Another thread writes what the
/// buffer has: after 1 MiB, or 100 ms. Each write leaves a file that readers of MCAP open.
///
/// A caller with many messages calls [`hold`](Self::hold) before them and [`release`](Self::release) behind them. The
/// two threads share nothing in between, as long as blocks are not full.
///
/// A recorder that is dropped ends its file as [`Recorder::finish`] does, but returns no error.
///
/// ```
/// use std::collections::BTreeMap;
/// use shmstore_record::output::{Channel, Output, Recorder, Schema, Stamp};
///
/// # let directory = tempfile::tempdir()?;
/// # let path = directory.path().join("rover.mcap");
/// let mut recorder = Recorder::start(Output::to(&path))?;
/// let schema = Schema { name: "rover/msg/Speed".into(), encoding: "ros2msg".into(), text: "float64 speed\n".into() };
/// let channel = recorder.channel(Channel {
///     topic: "/rover/speed".into(),
///     message_encoding: "cdr".into(),
///     schema,
///     metadata: BTreeMap::new(),
/// })?;
/// let stamp = Stamp { sequence: 1, log_time: 1_700_000_000_000_000_000, publish_time: 1_700_000_000_000_000_000 };
/// assert!(recorder.message(channel, stamp, |message| {
///     message.extend_from_slice(&[0, 1, 0, 0, 0, 0, 0, 0]);
///     message.extend_from_slice(&1.5_f64.to_le_bytes());
/// }));
/// let summary = recorder.finish(BTreeMap::new())?;
/// assert_eq!((summary.messages, summary.dropped), (1, 0));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Recorder {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<Result<Summary, OutputError>>>,
    path: PathBuf,
    channels: Vec<Sent>,
    last: u64,
    filler: Filler,
    turns: Turns,
    /// Whether the caller has a batch of messages.
    is_batch: bool,
    /// Whether a message of the state was dropped, and whether the state was written a second time for that.
    is_lost: bool,
    is_second: bool,
    /// The number of the block which has the state of everything. Only a ring loses it.
    state_in: u64,
}

/// A channel as the caller's thread knows it.
#[derive(Default)]
struct Sent {
    /// The size of the last message, by which the next one finds a place.
    size: usize,
    dropped: u64,
    /// The number of the block of the last message.
    block: Option<u64>,
}

/// A channel of one [`Recorder`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ChannelId(pub(super) u32);

/// The head of a message. Times are nanoseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Stamp {
    /// A count by which gaps can be found.
    pub sequence: u32,
    /// When the message was observed. A time before the last message's counts as that message's time.
    pub log_time: u64,
    /// When the message was made.
    pub publish_time: u64,
}

/// How far a recording is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// The messages in files.
    pub messages: u64,
    /// The bytes in files, deleted ones included.
    pub bytes: u64,
    /// The messages that found the buffer full.
    pub dropped: u64,
    /// The newest file. `None`: no snapshot was asked for yet.
    pub path: Option<PathBuf>,
    /// How many snapshots were written.
    pub snapshots: u64,
    /// Why nothing is recorded any more. [`Recorder::finish`] returns the error itself.
    pub failure: Option<String>,
}

/// What was recorded.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Summary {
    /// The files that remain, the oldest first.
    pub files: Vec<PathBuf>,
    /// The messages in files, deleted ones included.
    pub messages: u64,
    /// The bytes in files, deleted ones included.
    pub bytes: u64,
    /// The messages that found the buffer full.
    pub dropped: u64,
}

impl Recorder {
    /// Creates the file and starts the thread that writes it. With `snapshot`, files are created later.
    ///
    /// # Errors
    ///
    /// * [`OutputError::Exists`]: choose another path, or set `force`.
    /// * [`OutputError::Create`]: the directory is missing, or cannot be written.
    /// * [`OutputError::Settings`]: the settings contradict each other.
    /// * [`OutputError::Thread`]: the system has no room for a thread.
    pub fn start(settings: Output) -> Result<Self, OutputError> {
        Self::start_on(settings, Box::new(sink::create))
    }

    /// As [`Recorder::start`], with files of any kind.
    pub(super) fn start_on(settings: Output, opener: Opener) -> Result<Self, OutputError> {
        settings.check()?;
        let path = settings.path.clone();
        let shared = Arc::new(Shared::new(&settings));
        let turns = Turns::new(settings.split);
        let disk = Disk::start(settings, opener, Arc::clone(&shared))?;
        let thread = std::thread::Builder::new()
            .name("record".to_owned())
            .spawn(move || disk.run())
            .map_err(|source| OutputError::Thread { path: path.clone(), source })?;
        Ok(Self {
            shared,
            thread: Some(thread),
            path,
            channels: Vec::new(),
            last: 0,
            filler: Filler::default(),
            turns,
            is_batch: false,
            is_lost: false,
            is_second: false,
            state_in: 0,
        })
    }

    /// Adds a channel. It is in each file from now on.
    ///
    /// # Errors
    ///
    /// [`OutputError::TooManyChannels`] above 65,535 channels.
    pub fn channel(&mut self, channel: Channel) -> Result<ChannelId, OutputError> {
        let index = self.channels.len();
        if index >= CHANNELS {
            return Err(OutputError::TooManyChannels { topic: channel.topic, limit: CHANNELS });
        }
        self.channels.push(Sent::default());
        self.turns.add_channel(&channel);
        self.shared.state().contents.channels.push(Arc::new(channel));
        Ok(ChannelId(index as u32))
    }

    /// Adds a metadata record. Each later file begins with all of them.
    pub fn metadata(&mut self, name: &str, pairs: BTreeMap<String, String>) {
        self.turns.add_metadata(&pairs);
        let record = mcap::records::Metadata { name: name.to_owned(), metadata: pairs };
        self.shared.state().contents.metadata.push(Arc::new(record));
        self.shared.bell.notify_one();
    }

    /// Sets what the metadata record `shmstore.gaps` has, if a file ends before [`Recorder::finish`].
    pub fn gaps(&mut self, gaps: BTreeMap<String, String>) {
        self.shared.state().gaps = gaps;
    }

    /// Encodes a message into the buffer. `encode` appends the message's bytes to what it is given.
    ///
    /// Returns `false` if the message was dropped, because the buffer is full or nothing can be written any more.
    /// Dropped messages are counted.
    pub fn message(&mut self, to: ChannelId, stamp: Stamp, encode: impl FnOnce(&mut Vec<u8>)) -> bool {
        let Some(channel) = self.channels.get_mut(to.0 as usize) else { return false };
        let stamp = Stamp { log_time: stamp.log_time.max(self.last), ..stamp };
        self.last = stamp.log_time;
        let pushed = self.filler.push(&self.shared, to.0, stamp, channel.size, encode);
        match &pushed {
            Some(pushed) => {
                let is_first = channel.block.replace(pushed.block) != Some(pushed.block);
                channel.size = pushed.size;
                self.turns.add(pushed, stamp.log_time, is_first);
            }
            None => {
                // Maybe a smaller message would have found a place.
                channel.size /= 2;
                channel.dropped += 1;
                self.shared.state().progress.dropped += 1;
                self.is_lost |= self.turns.is_state() && !self.is_second;
            }
        }
        if !self.is_batch {
            self.filler.put_back(&self.shared, self.last);
        }
        pushed.is_some()
    }

    /// Begins a batch of messages, which the other thread has only after [`Recorder::release`], or when they fill a
    /// block.
    pub fn hold(&mut self) {
        self.is_batch = true;
    }

    /// Ends a batch of messages.
    pub fn release(&mut self) {
        self.is_batch = false;
        self.filler.put_back(&self.shared, self.last);
    }

    /// How many messages of a channel found the buffer full.
    #[must_use]
    pub fn dropped(&self, channel: ChannelId) -> u64 {
        self.channels.get(channel.0 as usize).map_or(0, |sent| sent.dropped)
    }

    /// Returns `true` if the caller is to record the present state of everything now. The messages until the next call
    /// are this state.
    ///
    /// With [`Output::split`], the next file begins here, so that it has the state before all other messages. Otherwise
    /// a ring has lost the state that it had, or a file began because the disk was full. `now` is the time in
    /// nanoseconds since 1970.
    ///
    /// A caller asks often, because files only end here.
    pub fn wants_state(&mut self, now: u64) -> bool {
        if self.turns.end_state() {
            return false;
        }
        let is_due = self.turns.is_due(now);
        if is_due {
            self.filler.begin_file(&self.shared, self.last);
            (self.is_lost, self.is_second) = (false, false);
        }
        let wants = is_due || self.has_lost_state();
        if wants {
            self.turns.begin_state();
            self.state_in = self.filler.number().unwrap_or_else(|| self.shared.state().buffer.number());
        }
        wants
    }

    /// Whether the present file or ring lacks the state, or a part of it.
    fn has_lost_state(&mut self) -> bool {
        let has_begun = &self.shared.has_begun;
        if has_begun.load(Relaxed) && has_begun.swap(false, Relaxed) {
            return true;
        }
        if self.is_lost && self.shared.state().buffer.has_much_room() {
            (self.is_lost, self.is_second) = (false, true);
            return true;
        }
        self.shared.window.is_some() && self.shared.state().buffer.discarded > self.state_in
    }

    /// How far the recording is.
    #[must_use]
    pub fn progress(&self) -> Progress {
        self.shared.state().progress.clone()
    }

    /// Lets the thread write the messages of the last time into a new file. The buffer begins anew.
    ///
    /// Returns at once. [`Recorder::progress`] says when the file is complete. Returns `false` without
    /// [`Output::snapshot`], and if the snapshot before is not complete yet.
    pub fn save_snapshot(&mut self) -> bool {
        // What is being filled belongs to the snapshot.
        self.filler.end_block(&self.shared, self.last);
        let mut state = self.shared.state();
        let is_asked = state.buffer.window.is_some() && !state.snapshot && !state.is_over;
        state.snapshot |= is_asked;
        drop(state);
        self.shared.bell.notify_one();
        is_asked
    }

    /// Writes what the buffer has and the summary, and lets the disk have all of it.
    ///
    /// `gaps` become the metadata record `shmstore.gaps`.
    ///
    /// # Errors
    ///
    /// [`OutputError::Stopped`] if the disk was full or broken, also if that was earlier. It says how much was
    /// recorded.
    pub fn finish(mut self, gaps: BTreeMap<String, String>) -> Result<Summary, OutputError> {
        self.shared.state().gaps = gaps;
        self.end()
    }

    fn end(&mut self) -> Result<Summary, OutputError> {
        let Some(thread) = self.thread.take() else { return Ok(Summary::default()) };
        self.release();
        self.shared.state().is_ending = true;
        self.shared.bell.notify_one();
        thread.join().unwrap_or_else(|_| {
            let source = io::Error::other("it panicked");
            Err(OutputError::Thread { path: mem::take(&mut self.path), source })
        })
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        let _ = self.end();
    }
}
