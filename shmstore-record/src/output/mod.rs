//! Writes recordings: files in [MCAP](https://mcap.dev/spec), which are complete after each write.
//!
//! Read first: [`Recorder`]. Its caller's thread encodes messages into a bounded buffer, and another thread writes
//! them. [`repair`] mends a file whose recorder or machine died.
//!
//! A file can be read at any time, also after the death of its recorder. It lacks at most the last 100 ms then, and
//! the summary, which [`Recorder::finish`] or [`repair`] writes.

mod blocks;
mod buffer;
mod disk;
mod error;
mod file;
mod filler;
mod paths;
mod recorder;
mod repair;
mod scan;
mod series;
mod settings;
mod sink;
mod summary;
mod turns;

#[cfg(test)]
mod tests;

pub use error::{OutputError, RepairError};
pub use recorder::{ChannelId, Progress, Recorder, Stamp, Summary};
pub use repair::{Repaired, repair};
pub use settings::{Channel, Output, Schema, Split};
