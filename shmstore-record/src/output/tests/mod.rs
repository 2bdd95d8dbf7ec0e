//! Tests of files, with the reader of the `mcap` crate, whose strictest checks are on.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use mcap::records::{Metadata, Record};
use mcap::sans_io::linear_reader::{LinearReadEvent, LinearReader, LinearReaderOptions};

use super::{Channel, ChannelId, Output, Recorder, Schema, Stamp};

mod failing;
mod files;
mod killed;
mod media;
mod recording;
mod repairing;
mod snapshots;

/// In memory where possible, as most tests let the disk have each file.
fn directory() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}

fn channel(topic: &str) -> Channel {
    Channel {
        topic: topic.to_owned(),
        message_encoding: "cdr".to_owned(),
        schema: Schema {
            name: "test/msg/Body".to_owned(),
            encoding: "ros2msg".to_owned(),
            text: "uint8[] data\n".to_owned(),
        },
        metadata: BTreeMap::from([("offered_qos_profiles".to_owned(), String::new())]),
    }
}

fn pairs(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|&(key, value)| (key.to_owned(), value.to_owned())).collect()
}

fn stamp(sequence: u32) -> Stamp {
    Stamp { sequence, log_time: u64::from(sequence), publish_time: u64::from(sequence) }
}

fn put(recorder: &mut Recorder, to: ChannelId, sequence: u32, body: &[u8]) -> bool {
    recorder.message(to, stamp(sequence), |message| message.extend_from_slice(body))
}

/// A message as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Read {
    topic: String,
    sequence: u32,
    log_time: u64,
    body: Vec<u8>,
}

/// What a strict reader finds in a file from the front.
#[derive(Debug, Default)]
struct Contents {
    profile: String,
    library: String,
    channels: Vec<String>,
    schemas: usize,
    messages: Vec<Read>,
    metadata: Vec<Metadata>,
    /// The sizes of the chunks.
    chunks: Vec<u64>,
    /// From the summary.
    counted: Option<u64>,
}

impl Contents {
    fn sequences(&self) -> Vec<u32> {
        self.messages.iter().map(|message| message.sequence).collect()
    }

    fn metadata(&self, name: &str) -> Vec<&BTreeMap<String, String>> {
        self.metadata.iter().filter(|record| record.name == name).map(|record| &record.metadata).collect()
    }
}

fn read(path: &Path) -> Contents {
    match strictly(&std::fs::read(path).unwrap()) {
        Ok(contents) => contents,
        Err(error) => panic!("{} cannot be read: {error}", path.display()),
    }
}

/// Reads a file as a strict reader does: from the front with every sum, and from the back by its summary.
fn strictly(file: &[u8]) -> Result<Contents, String> {
    let say = |error: mcap::McapError| error.to_string();
    mcap::read::footer(file).map_err(say)?;
    let summary = mcap::Summary::read(file).map_err(say)?;
    let counted = summary.as_ref().and_then(|summary| summary.stats.as_ref()).map(|stats| stats.message_count);
    let mut contents = Contents { counted, ..Contents::default() };
    let options = LinearReaderOptions::default()
        .with_check_finishes_after_end_magic(true)
        .with_prevalidate_chunk_crcs(true)
        .with_validate_data_section_crc(true)
        .with_validate_summary_section_crc(true)
        .with_record_length_limit(file.len());
    let mut reader = LinearReader::new_with_options(options);
    let (mut rest, mut topics, mut is_data) = (file, BTreeMap::new(), true);
    while let Some(event) = reader.next_event() {
        match event.map_err(say)? {
            LinearReadEvent::ReadRequest(need) => {
                let (now, behind) = rest.split_at(need.min(rest.len()));
                reader.insert(now.len())[..now.len()].copy_from_slice(now);
                reader.notify_read(now.len());
                rest = behind;
            }
            LinearReadEvent::Record { opcode, data } => match mcap::parse_record(opcode, data).map_err(say)? {
                Record::Header(header) => (contents.profile, contents.library) = (header.profile, header.library),
                Record::Schema { .. } if is_data => contents.schemas += 1,
                Record::Channel(channel) if is_data => {
                    contents.channels.push(channel.topic.clone());
                    topics.insert(channel.id, channel.topic);
                }
                Record::Message { header, data } => contents.messages.push(Read {
                    topic: topics.get(&header.channel_id).ok_or("a message of no channel")?.clone(),
                    sequence: header.sequence,
                    log_time: header.log_time,
                    body: data.into_owned(),
                }),
                Record::Metadata(metadata) => contents.metadata.push(metadata),
                Record::DataEnd(_) => is_data = false,
                _ => {}
            },
        }
    }
    let Some(summary) = summary else { return Ok(contents) };
    contents.chunks = summary.chunk_indexes.iter().map(|index| index.uncompressed_size).collect();
    let mut indexed = 0;
    for index in &summary.chunk_indexes {
        let by_channel = summary.read_message_indexes(file, index).map_err(say)?;
        indexed += by_channel.values().map(Vec::len).sum::<usize>();
        for entry in by_channel.values().flat_map(|entries| entries.first().into_iter().chain(entries.last())) {
            summary.seek_message(file, index, entry).map_err(say)?;
        }
    }
    for index in &summary.metadata_indexes {
        mcap::read::metadata(file, index).map_err(say)?;
    }
    let has_all = indexed == contents.messages.len()
        && contents.counted == Some(indexed as u64)
        && summary.metadata_indexes.len() == contents.metadata.len()
        && summary.channels.len() == topics.len();
    if has_all { Ok(contents) } else { Err(format!("the summary is another file's: {summary:?}")) }
}

/// Waits until something is so.
fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !is_so() {
        assert!(Instant::now() < deadline, "still not: {what}");
        std::thread::yield_now();
    }
}

/// The files of a directory, sorted.
fn files(directory: &Path) -> Vec<PathBuf> {
    let mut files: Vec<_> = directory.read_dir().unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

/// Numbers that look random, and are the same each time.
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }
}
