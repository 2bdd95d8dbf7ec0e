//! One file of a recording: complete by itself, with all channels and metadata.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use mcap::records::{MessageHeader, Metadata};
use mcap::{McapError, WriteOptions, Writer};

use super::blocks::Block;
use super::settings::Channel;
use super::sink::{Medium, Place, Sink};

/// What each file has: channels and metadata, in the order in which they came.
#[derive(Clone, Default)]
pub(super) struct Contents {
    pub(super) channels: Vec<Arc<Channel>>,
    pub(super) metadata: Vec<Arc<Metadata>>,
}

impl Contents {
    /// Adds what came since.
    pub(super) fn catch_up(&mut self, all: &Self) {
        self.channels.extend(all.channels.iter().skip(self.channels.len()).cloned());
        self.metadata.extend(all.metadata.iter().skip(self.metadata.len()).cloned());
    }
}

/// A file that is being written.
pub(super) struct OutFile {
    pub(super) path: PathBuf,
    /// The messages that were put out.
    pub(super) messages: u64,
    writer: Writer<Sink>,
    medium: Arc<dyn Medium>,
    place: Arc<Place>,
    channels: usize,
    metadata: usize,
    /// Whether something was put out since the last sync.
    pub(super) is_dirty: bool,
}

impl OutFile {
    /// Begins a file, which is complete at once.
    pub(super) fn begin(path: &Path, medium: Arc<dyn Medium>) -> io::Result<Self> {
        let (sink, place) = Sink::new(Arc::clone(&medium));
        let mut writer = WriteOptions::new()
            .profile("ros2")
            .library(concat!("shmstore-record ", env!("CARGO_PKG_VERSION")))
            .compression(None)
            .chunk_size(None)
            .calculate_data_section_crc(false)
            .create(sink)
            .map_err(of_mcap)?;
        writer.flush().map_err(of_mcap)?;
        Ok(Self { path: path.to_owned(), messages: 0, writer, medium, place, channels: 0, metadata: 0, is_dirty: true })
    }

    /// The bytes that were put out.
    pub(super) fn bytes(&self) -> u64 {
        self.place.bytes()
    }

    /// Whether all metadata is in the file.
    pub(super) fn has_metadata(&self, count: usize) -> bool {
        self.metadata >= count
    }

    /// Puts out the metadata that the file lacks.
    pub(super) fn describe(&mut self, contents: &Contents) -> io::Result<()> {
        if self.has_metadata(contents.metadata.len()) {
            return Ok(());
        }
        for record in contents.metadata.iter().skip(self.metadata) {
            self.writer.write_metadata(record).map_err(of_mcap)?;
        }
        self.metadata = contents.metadata.len();
        self.flush()
    }

    /// Adds the channels that the file lacks to the chunk.
    fn declare(&mut self, contents: &Contents) -> Result<(), McapError> {
        for (index, channel) in contents.channels.iter().enumerate().skip(self.channels) {
            let Channel { topic, message_encoding, schema, metadata } = &**channel;
            let schema = match schema.encoding.as_str() {
                "" => 0,
                encoding => self.writer.add_schema(&schema.name, encoding, schema.text.as_bytes())?,
            };
            self.writer.add_channel_with_id(number(index as u32), schema, topic, message_encoding, metadata)?;
        }
        self.channels = contents.channels.len();
        Ok(())
    }

    /// Puts out the messages of a block that came at `from` or later as one chunk.
    pub(super) fn write(&mut self, contents: &Contents, block: &Block, from: u64) -> io::Result<()> {
        self.declare(contents).map_err(of_mcap)?;
        let mut messages = 0;
        for (entry, bytes) in block.messages().filter(|(entry, _)| entry.stamp.log_time >= from) {
            let header = MessageHeader {
                channel_id: number(entry.channel),
                sequence: entry.stamp.sequence,
                log_time: entry.stamp.log_time,
                publish_time: entry.stamp.publish_time,
            };
            self.writer.write_to_known_channel(&header, bytes).map_err(of_mcap)?;
            messages += 1;
        }
        self.flush()?;
        self.messages += messages;
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.is_dirty = true;
        self.writer.flush().map_err(of_mcap)
    }

    /// Lets the disk have what was put out.
    pub(super) fn sync(&mut self) -> io::Result<()> {
        if self.is_dirty {
            self.medium.sync()?;
        }
        self.is_dirty = false;
        Ok(())
    }

    /// Writes the summary. The second value is the bytes of the file.
    ///
    /// If that fails, the file is whole without its summary.
    pub(super) fn finish(mut self, contents: &Contents, gaps: &BTreeMap<String, String>) -> (io::Result<()>, u64) {
        let mut is_described = self.describe(contents).and_then(|()| self.declare(contents).map_err(of_mcap));
        if is_described.is_ok() && !gaps.is_empty() {
            let record = Metadata { name: "shmstore.gaps".to_owned(), metadata: gaps.clone() };
            is_described = self.writer.write_metadata(&record).map_err(of_mcap);
        }
        if let Err(error) = is_described.and_then(|()| self.flush()) {
            return (Err(error), self.abandon());
        }
        self.place.will_end();
        if let Err(error) = self.writer.finish().map_err(of_mcap) {
            return (Err(error), self.abandon());
        }
        (self.medium.sync(), self.place.bytes())
    }

    /// Cuts the file to what was put out whole, and returns its bytes.
    pub(super) fn abandon(self) -> u64 {
        let bytes = self.bytes();
        let medium = Arc::clone(&self.medium);
        // If this fails as well, the file has a torn end, which repair mends.
        let _ = self.writer.into_inner().cut().and_then(|()| medium.sync());
        bytes
    }
}

/// The number of a channel in the file.
fn number(index: u32) -> u16 {
    (index + 1) as u16
}

fn of_mcap(error: McapError) -> io::Error {
    match error {
        McapError::Io(error) => error,
        other => io::Error::other(other),
    }
}
