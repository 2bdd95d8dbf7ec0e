//! Reads the records of a file from the front, as far as they are complete, with little memory.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use mcap::records::{MessageIndexEntry, op};

use super::sink::{COVER, HEAD};

/// The private record that a damaged chunk becomes, so that readers skip it.
pub(super) const DAMAGED: u8 = 0xd4;
/// The bytes that are read at once.
const WINDOW: usize = 2 << 20;
/// The bytes that are handed out at once.
pub(super) const PIECE: usize = 1 << 20;
/// The most entries of one chunk's index that are kept: 64 MiB of them.
const ENTRIES: u64 = 4 << 20;
/// The most damaged chunks that are passed over.
const DAMAGES: usize = 1024;

/// A part of a file.
#[derive(Clone, Copy)]
pub(super) struct Span {
    pub(super) at: u64,
    pub(super) length: u64,
}

impl Span {
    pub(super) fn end(self) -> u64 {
        self.at + self.length
    }
}

/// A record, whose body lies within the file.
#[derive(Clone, Copy)]
pub(super) struct Found {
    pub(super) opcode: u8,
    /// Head and body.
    pub(super) whole: Span,
}

impl Found {
    pub(super) fn body(&self) -> Span {
        Span { at: self.whole.at + HEAD as u64, length: self.whole.length - HEAD as u64 }
    }
}

/// A file through a window.
pub(super) struct Source<'a> {
    file: &'a File,
    pub(super) length: u64,
    window: Vec<u8>,
    start: u64,
}

impl<'a> Source<'a> {
    pub(super) fn new(file: &'a File, length: u64) -> Self {
        Self { file, length, window: Vec::new(), start: 0 }
    }

    /// At most [`PIECE`] bytes, and fewer only at the file's end.
    pub(super) fn piece(&mut self, at: u64, length: usize) -> io::Result<&[u8]> {
        let length = length.min(PIECE).min(usize::try_from(self.length.saturating_sub(at)).unwrap_or(PIECE));
        let is_inside = at >= self.start && at + length as u64 <= self.start + self.window.len() as u64;
        if !is_inside {
            let wanted = (self.length - at).min(WINDOW as u64) as usize;
            self.window.resize(wanted, 0);
            self.start = at;
            if let Err(error) = self.file.read_exact_at(&mut self.window, at) {
                self.window.clear();
                return Err(error);
            }
        }
        let from = (at - self.start) as usize;
        Ok(&self.window[from..from + length])
    }

    /// Little-endian bytes as a number. `None` behind `end`.
    pub(super) fn number(&mut self, at: u64, size: usize, end: u64) -> io::Result<Option<u64>> {
        if at.checked_add(size as u64).is_none_or(|behind| behind > end) {
            return Ok(None);
        }
        let mut bytes = [0; 8];
        bytes[..size].copy_from_slice(self.piece(at, size)?);
        Ok(Some(u64::from_le_bytes(bytes)))
    }

    /// The record at `at`, if all of it lies before `end`.
    pub(super) fn record(&mut self, at: u64, end: u64) -> io::Result<Option<Found>> {
        let Some(opcode) = self.number(at, 1, end)? else { return Ok(None) };
        let Some(length) = self.number(at + 1, 8, end)? else { return Ok(None) };
        let whole = length.checked_add(HEAD as u64).filter(|&whole| whole <= end - at);
        Ok(whole.map(|length| Found { opcode: opcode as u8, whole: Span { at, length } }))
    }

    /// The CRC-32 of a part of the file.
    pub(super) fn sum(&mut self, span: Span) -> io::Result<u32> {
        let mut sum = crc32fast::Hasher::new();
        let mut at = span.at;
        while at < span.end() {
            let piece = self.piece(at, (span.end() - at).min(PIECE as u64) as usize)?;
            if piece.is_empty() {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            sum.update(piece);
            at += piece.len() as u64;
        }
        Ok(sum.finalize())
    }

    /// The bytes of a string and of the length before it. `None`: it does not end before `end`.
    pub(super) fn string(&mut self, at: u64, end: u64) -> io::Result<Option<Span>> {
        let length = self.number(at, 4, end)?.map(|length| length + 4).filter(|&length| length <= end - at);
        Ok(length.map(|length| Span { at, length }))
    }
}

/// The head of a chunk.
pub(super) struct Chunk {
    pub(super) start_time: u64,
    pub(super) end_time: u64,
    pub(super) uncompressed_size: u64,
    sum: u64,
    /// The compression's name with its length.
    pub(super) compression: Span,
    /// The records.
    pub(super) records: Span,
}

impl Chunk {
    /// `None`: the chunk contradicts itself.
    pub(super) fn read(source: &mut Source<'_>, body: Span) -> io::Result<Option<Self>> {
        let end = body.end();
        let Some(sum) = source.number(body.at + 24, 4, end)? else { return Ok(None) };
        let mut number = |offset| source.number(body.at + offset, 8, end).map(Option::unwrap_or_default);
        let (start_time, end_time, uncompressed_size) = (number(0)?, number(8)?, number(16)?);
        let Some(compression) = source.string(body.at + 28, end)? else { return Ok(None) };
        let Some(length) = source.number(compression.end(), 8, end)? else { return Ok(None) };
        let records = Span { at: compression.end() + 8, length };
        let is_whole = records.at.checked_add(length) == Some(end);
        Ok(is_whole.then_some(Self { start_time, end_time, uncompressed_size, sum, compression, records }))
    }

    pub(super) fn is_compressed(&self) -> bool {
        self.compression.length > 4
    }

    fn is_intact(&self, source: &mut Source<'_>) -> io::Result<bool> {
        Ok(self.uncompressed_size == self.records.length
            && (self.sum == 0 || u64::from(source.sum(self.records)?) == self.sum))
    }
}

/// What a file has up to its last complete record.
#[derive(Default)]
pub(super) struct Contents {
    /// Where the last complete record ends.
    pub(super) end: u64,
    /// The first schema and channel of each number.
    pub(super) schemas: BTreeMap<u16, Span>,
    pub(super) channels: BTreeMap<u16, Span>,
    pub(super) counts: BTreeMap<u16, u64>,
    /// The least and the greatest log time.
    pub(super) times: Option<(u64, u64)>,
    pub(super) chunks: u32,
    pub(super) attachments: u32,
    pub(super) metadata: u32,
    /// Chunks that are damaged, with complete records behind them.
    pub(super) damaged: Vec<u64>,
    /// Where the last chunk ends, if its index may be incomplete.
    pub(super) last_chunk: Option<u64>,
    /// The last chunk's messages. Empty if there are too many.
    pub(super) entries: BTreeMap<u16, Vec<MessageIndexEntry>>,
    /// How many channels of the last chunk have an index behind it.
    indexed: usize,
    /// Whether a channel or schema is used that nothing has defined.
    lacks_definition: bool,
}

/// Why the records of a file cannot be read.
pub(super) enum Unreadable {
    Io(u64, io::Error),
    Compressed(Span),
    /// Messages lack the channels that the damaged chunk at this place defines.
    Orphaned(u64),
}

impl Contents {
    /// Reads the records behind the header, which ends at `at`.
    pub(super) fn read(source: &mut Source<'_>, at: u64, is_ours: bool) -> Result<Self, Unreadable> {
        let mut contents = Self { end: at, ..Self::default() };
        let (mut at, mut damaged) = (at, Vec::new());
        loop {
            let failed = |error| Unreadable::Io(at, error);
            let Some(found) = source.record(at, source.length).map_err(failed)? else { break };
            let is_cover = found.opcode == COVER && is_ours;
            if matches!(found.opcode, 0 | op::DATA_END | op::FOOTER) || is_cover {
                break;
            }
            at = found.whole.end();
            let is_whole = contents.add(source, &found)?;
            if let (true, Some(&at)) = (contents.lacks_definition, contents.damaged.first().or(damaged.first())) {
                return Err(Unreadable::Orphaned(at));
            }
            if is_whole {
                contents.damaged.append(&mut damaged);
                contents.end = at;
            } else if found.opcode == op::CHUNK && damaged.len() < DAMAGES {
                damaged.push(found.whole.at);
                contents.last_chunk = None;
            } else {
                break;
            }
        }
        Ok(contents)
    }

    /// Whether the last chunk lacks a part of its index, which can be made again.
    pub(super) fn lacks_index(&self) -> bool {
        self.last_chunk.is_some() && self.indexed < self.entries.len()
    }

    /// Counts a record. `false`: it is damaged.
    fn add(&mut self, source: &mut Source<'_>, found: &Found) -> Result<bool, Unreadable> {
        let body = found.body();
        let failed = |error| Unreadable::Io(found.whole.at, error);
        if !matches!(found.opcode, op::CHUNK | op::MESSAGE_INDEX) {
            self.last_chunk = None;
        }
        Ok(match found.opcode {
            op::CHUNK => {
                let Some(chunk) = Chunk::read(source, body).map_err(failed)? else { return Ok(false) };
                if chunk.is_compressed() {
                    return Err(Unreadable::Compressed(chunk.compression));
                }
                if !chunk.is_intact(source).map_err(failed)? {
                    return Ok(false);
                }
                self.add_chunk(source, &chunk).map_err(failed)?
            }
            op::MESSAGE_INDEX => {
                let length = source.number(body.at + 2, 4, body.end()).map_err(failed)?;
                let is_whole = length.is_some_and(|length| length + 6 == body.length && length % 16 == 0);
                self.indexed += usize::from(is_whole);
                is_whole
            }
            op::METADATA => {
                let name = source.string(body.at, body.end()).map_err(failed)?;
                let pairs = match name {
                    Some(name) => source.string(name.end(), body.end()).map_err(failed)?,
                    None => None,
                };
                let is_whole = pairs.is_some_and(|pairs| pairs.end() == body.end());
                self.metadata += u32::from(is_whole);
                is_whole
            }
            op::ATTACHMENT => {
                let is_whole = attachment(source, body).map_err(failed)?.is_some();
                self.attachments += u32::from(is_whole);
                is_whole
            }
            _ => self.add_plain(source, found, None).map_err(failed)?,
        })
    }

    /// Counts what is within a chunk.
    fn add_chunk(&mut self, source: &mut Source<'_>, chunk: &Chunk) -> io::Result<bool> {
        self.chunks += 1;
        self.last_chunk = Some(chunk.records.end());
        (self.indexed, self.entries) = (0, BTreeMap::new());
        let (mut at, mut kept) = (chunk.records.at, ENTRIES);
        while at < chunk.records.end() {
            let Some(found) = source.record(at, chunk.records.end())? else { break };
            kept = kept.saturating_sub(u64::from(found.opcode == op::MESSAGE));
            let offset = (kept > 0).then_some(at - chunk.records.at);
            self.add_plain(source, &found, offset)?;
            at = found.whole.end();
        }
        if kept == 0 {
            self.entries.clear();
        }
        Ok(true)
    }

    /// Counts a schema, channel or message. Of a message in a chunk, the offset is known.
    fn add_plain(&mut self, source: &mut Source<'_>, found: &Found, offset: Option<u64>) -> io::Result<bool> {
        let body = found.body();
        let Some(id) = source.number(body.at, 2, body.end())? else { return Ok(found.opcode >= 0x80) };
        let id = id as u16;
        match found.opcode {
            op::SCHEMA => {
                self.schemas.entry(id).or_insert(found.whole);
            }
            op::CHANNEL => {
                let schema = source.number(body.at + 2, 2, body.end())?.unwrap_or_default() as u16;
                self.lacks_definition |= schema != 0 && !self.schemas.contains_key(&schema);
                self.channels.entry(id).or_insert(found.whole);
            }
            op::MESSAGE => {
                let Some(log_time) = source.number(body.at + 6, 8, body.end())? else { return Ok(false) };
                self.lacks_definition |= !self.channels.contains_key(&id);
                *self.counts.entry(id).or_default() += 1;
                let (first, last) = self.times.unwrap_or((log_time, log_time));
                self.times = Some((first.min(log_time), last.max(log_time)));
                if let Some(offset) = offset {
                    self.entries.entry(id).or_default().push(MessageIndexEntry { log_time, offset });
                }
            }
            _ => {}
        }
        Ok(true)
    }
}

/// The name and the media type of an attachment, and the size of its data. `None`: it contradicts itself.
pub(super) fn attachment(source: &mut Source<'_>, body: Span) -> io::Result<Option<(Span, u64)>> {
    let start = body.at + 16;
    let Some(name) = source.string(start, body.end())? else { return Ok(None) };
    let Some(kind) = source.string(name.end(), body.end())? else { return Ok(None) };
    let Some(size) = source.number(kind.end(), 8, body.end())? else { return Ok(None) };
    let is_whole = size.checked_add(kind.end() - body.at + 12) == Some(body.length);
    Ok(is_whole.then_some((Span { at: start, length: kind.end() - start }, size)))
}
