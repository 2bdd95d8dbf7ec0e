//! What a recorder is told: where and how it writes, and what its channels are.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use super::error::OutputError;

/// Where and how a [`Recorder`](super::Recorder) writes.
///
/// ```
/// use shmstore_record::output::{Output, Split};
///
/// let settings = Output { split: Some(Split::Size(1 << 30)), keep: Some(10), ..Output::to("rover.mcap") };
/// assert_eq!(settings.buffer, 64 << 20);
/// ```
#[derive(Debug, Clone)]
pub struct Output {
    /// The file. With `split` or `snapshot`, `x.mcap` stands for `x_0001.mcap`, `x_0002.mcap` and so on.
    pub path: PathBuf,
    /// When the next file begins: in [`wants_state`](super::Recorder::wants_state). `None`: never.
    pub split: Option<Split>,
    /// How many files remain, at least 1. The oldest is deleted when the next one has begun. Only with `split`.
    pub keep: Option<usize>,
    /// The most bytes that wait for the disk. Values below 4 MiB count as 4 MiB.
    ///
    /// A message that is larger than the whole buffer is taken if nothing else waits.
    pub buffer: usize,
    /// The longest time until the disk has what was written. `None`: until the end of each file.
    pub sync: Option<Duration>,
    /// Keeps the messages of the last such time in memory, as many as the buffer holds, and writes them on demand
    /// only. See [`Recorder::save_snapshot`](super::Recorder::save_snapshot).
    pub snapshot: Option<Duration>,
    /// Replaces files that exist.
    pub force: bool,
}

/// When the next file begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Split {
    /// Before a file would grow above this many bytes, its summary not counted.
    ///
    /// The state with which a file begins counts as at most half of it. A file is larger if more comes between two calls
    /// of [`wants_state`](super::Recorder::wants_state) than before.
    Size(u64),
    /// When the first message of a file is this old, by the log times. A file that has nothing but its state goes on.
    Time(Duration),
}

/// What the messages of one topic are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Channel {
    /// The topic's name.
    pub topic: String,
    /// How messages are encoded, `cdr` or `json`.
    pub message_encoding: String,
    /// What messages consist of.
    pub schema: Schema,
    /// Pairs for readers.
    pub metadata: BTreeMap<String, String>,
}

/// The definition of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schema {
    /// The message's name, `rover/msg/Position`.
    pub name: String,
    /// How the text is to be read, `ros2msg` or `jsonschema`. A channel without schema has nothing here.
    pub encoding: String,
    /// The definition.
    pub text: String,
}

impl Output {
    /// One file with a buffer of 64 MiB, which must not exist yet.
    pub fn to(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), split: None, keep: None, buffer: 64 << 20, sync: None, snapshot: None, force: false }
    }

    pub(super) fn check(&self) -> Result<(), OutputError> {
        let refused = |reason| Err(OutputError::Settings { reason });
        match (self.keep, self.split, self.snapshot) {
            (Some(0), ..) => refused("at least one file must remain, and none is asked for"),
            (Some(_), None, _) => {
                refused("a number of files to keep needs a size or time at which the next one begins")
            }
            (_, Some(_), Some(_)) => refused("a snapshot is one file and cannot be split"),
            (_, Some(Split::Size(0)), _) => refused("the size at which the next file begins must be above zero"),
            (_, Some(Split::Time(Duration::ZERO)), _) => {
                refused("the time at which the next file begins must be above zero")
            }
            (_, _, Some(Duration::ZERO)) => refused("the time of a snapshot must be above zero"),
            _ => Ok(()),
        }
    }

    /// Whether the files' names have numbers.
    pub(super) fn is_numbered(&self) -> bool {
        self.split.is_some() || self.snapshot.is_some()
    }
}
