//! The messages of a recording, in the order of its files.

use std::ops::Range;

use mcap::records::{MessageHeader, Record, op};

use super::records::{self, InChunk, Records, parse};
use super::{Channel, MOST_DEFINITION, ReadError, Recording};

/// The bytes in front of the records of a chunk that is not compressed.
const CHUNK_HEAD: usize = 40;

/// Reads the messages of a [`Recording`].
#[derive(Debug)]
pub struct Messages<'r> {
    recording: &'r mut Recording,
    /// The number of the file that is read.
    file: usize,
    records: Option<Records>,
    body: Vec<u8>,
    /// The records of the chunk in `body` that were not read yet.
    chunk: Range<usize>,
    /// The offset of the chunk in the file.
    at: u64,
    until: u64,
}

/// What comes next in a recording.
#[derive(Debug)]
pub enum Event<'m> {
    /// A message of a part of an object.
    Message(Item<'m>),
    /// A chunk or a record that is damaged, and was skipped. The text names the file and the place.
    Damaged(String),
}

/// A message of a part of an object.
#[derive(Debug)]
#[non_exhaustive]
pub struct Item<'m> {
    /// The number of the channel in [`Recording::channels`].
    pub number: usize,
    /// The channel.
    pub channel: &'m Channel,
    /// The low half of a version, a position, or the number of a frame.
    pub sequence: u32,
    /// When the value was observed, in nanoseconds since 1970.
    pub log_time: u64,
    /// The encoded message.
    pub data: &'m [u8],
}

/// The next step of reading.
enum Step {
    End,
    /// Something that is no message of a part.
    Other,
    Damaged(String),
    Message(usize, MessageHeader, Range<usize>),
}

impl<'r> Messages<'r> {
    pub(super) fn of(recording: &'r mut Recording) -> Self {
        let (body, chunk) = (Vec::new(), 0..0);
        Self { recording, file: 0, records: None, body, chunk, at: 0, until: u64::MAX }
    }

    /// Skips chunks whose messages are all later than `time`, in nanoseconds since 1970. Single messages may be later.
    #[must_use]
    pub fn until(mut self, time: u64) -> Self {
        self.until = time;
        self
    }

    /// The recording.
    #[must_use]
    pub fn recording(&self) -> &Recording {
        self.recording
    }

    /// The next message. `None` after the last one.
    ///
    /// # Errors
    ///
    /// [`ReadError`] if the file cannot be read, or if its records are damaged so that the next one cannot be found.
    #[allow(clippy::should_implement_trait)] // An iterator cannot lend what it reads.
    pub fn next(&mut self) -> Result<Option<Event<'_>>, ReadError> {
        loop {
            let step = if self.chunk.is_empty() { self.record()? } else { self.in_chunk() };
            match step {
                Step::End => return Ok(None),
                Step::Other => {}
                Step::Damaged(why) => return Ok(Some(Event::Damaged(why))),
                Step::Message(number, header, range) => {
                    let (channel, data) = (&self.recording.channels.all[number], &self.body[range]);
                    let MessageHeader { sequence, log_time, .. } = header;
                    return Ok(Some(Event::Message(Item { number, channel, sequence, log_time, data })));
                }
            }
        }
    }

    /// Reads the next record of the file.
    fn record(&mut self) -> Result<Step, ReadError> {
        let records = match &mut self.records {
            Some(records) => records,
            None => match self.recording.files.get(self.file) {
                Some(file) => self.records.insert(Records::open(&file.path)?),
                None => return Ok(Step::End),
            },
        };
        let Some(head) = records.next()? else {
            (self.records, self.file) = (None, self.file + 1);
            return Ok(Step::Other);
        };
        self.at = head.at;
        match head.kind {
            op::CHUNK => {
                if records.peek_u64(head)?.is_some_and(|first| first > self.until) {
                    records.skip(head)?;
                    return Ok(Step::Other);
                }
                let len = records.body(head, records::MOST, &mut self.body)?.len();
                self.begin_chunk(len)
            }
            op::MESSAGE | op::SCHEMA | op::CHANNEL => {
                let most = if head.kind == op::MESSAGE { records::MOST } else { MOST_DEFINITION };
                let len = records.body(head, most, &mut self.body)?.len();
                Ok(self.known(head.kind, 0..len))
            }
            _ => {
                records.skip(head)?;
                Ok(Step::Other)
            }
        }
    }

    /// Checks the chunk in the first bytes of `body`.
    fn begin_chunk(&mut self, len: usize) -> Result<Step, ReadError> {
        let damaged =
            |why: String| ReadError::Damaged { path: self.recording.files[self.file].path.clone(), at: self.at, why };
        let (header, data) = match parse(op::CHUNK, &self.body[..len]) {
            Ok(Record::Chunk { header, data }) => (header, data.len()),
            Ok(_) => return Ok(Step::Other),
            Err(why) => return Ok(Step::Damaged(damaged(why).to_string())),
        };
        if !header.compression.is_empty() {
            let by = header.compression.escape_debug();
            return Err(damaged(format!("it is compressed by `{by}`. `mcap decompress` makes a file that is read")));
        }
        let chunk = CHUNK_HEAD..CHUNK_HEAD + data;
        let found = crc32fast::hash(&self.body[chunk.clone()]);
        if header.uncompressed_crc != 0 && header.uncompressed_crc != found {
            let why =
                format!("the checksum of the chunk is {:08x}, and {found:08x} was found", header.uncompressed_crc);
            return Ok(Step::Damaged(damaged(why).to_string()));
        }
        self.chunk = chunk;
        Ok(Step::Other)
    }

    /// Reads the next record of the chunk.
    fn in_chunk(&mut self) -> Step {
        let mut left = InChunk::of(&self.body[self.chunk.clone()]);
        match left.next() {
            Ok(Some((kind, body))) => {
                let len = body.len();
                let after = left.left();
                let end = self.chunk.end - after;
                self.chunk.start = end;
                self.known(kind, end - len..end)
            }
            Ok(None) => Step::Other,
            Err(why) => {
                self.chunk = 0..0;
                self.damaged(why)
            }
        }
    }

    /// Takes a record in `body`.
    fn known(&mut self, kind: u8, range: Range<usize>) -> Step {
        let body = &self.body[range.clone()];
        if kind != op::MESSAGE {
            return match kind {
                op::SCHEMA | op::CHANNEL => match self.recording.define(self.file, kind, body) {
                    Ok(()) => Step::Other,
                    Err(why) => self.damaged(&why),
                },
                _ => Step::Other,
            };
        }
        let (header, data) = match parse(kind, body) {
            Ok(Record::Message { header, data }) => (header, data.len()),
            Ok(_) => return Step::Other,
            Err(why) => return self.damaged(&why),
        };
        match self.recording.files[self.file].channels.get(&header.channel_id) {
            Some(Some(number)) => Step::Message(*number, header, range.end - data..range.end),
            Some(None) => Step::Other,
            None => self.damaged(&format!("nothing describes the channel {}", header.channel_id)),
        }
    }

    fn damaged(&self, why: &str) -> Step {
        let path = self.recording.files[self.file].path.clone();
        Step::Damaged(ReadError::Damaged { path, at: self.at, why: why.into() }.to_string())
    }
}
