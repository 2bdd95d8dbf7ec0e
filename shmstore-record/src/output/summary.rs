//! Writes the summary of a file that lacks it, from the file itself.

use std::fs::File;
use std::io::{self, Cursor};
use std::os::unix::fs::FileExt;

use binrw::BinWrite;
use mcap::MAGIC;
use mcap::records::{ChunkIndex, DataEnd, MessageIndex, Statistics, SummaryOffset, op};

use super::scan::{Chunk, Contents, Found, PIECE, Source, Span, attachment};

/// Bytes on their way to the end of a file.
pub(super) struct Tail<'a> {
    file: &'a File,
    at: u64,
    pending: Vec<u8>,
    sum: crc32fast::Hasher,
}

impl<'a> Tail<'a> {
    /// Cuts the file to `at`, and continues there.
    pub(super) fn cut(file: &'a File, at: u64) -> io::Result<Self> {
        file.set_len(at)?;
        Ok(Self { file, at, pending: Vec::new(), sum: crc32fast::Hasher::new() })
    }

    fn position(&self) -> u64 {
        self.at + self.pending.len() as u64
    }

    pub(super) fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.pending.extend_from_slice(bytes);
        if self.pending.len() < PIECE { Ok(()) } else { self.flush() }
    }

    pub(super) fn flush(&mut self) -> io::Result<()> {
        self.file.write_all_at(&self.pending, self.at)?;
        self.sum.update(&self.pending);
        self.at += self.pending.len() as u64;
        self.pending.clear();
        Ok(())
    }

    pub(super) fn record<R>(&mut self, opcode: u8, record: &R) -> io::Result<()>
    where
        for<'r> R: BinWrite<Args<'r> = ()>,
    {
        let mut body = Cursor::new(Vec::new());
        record.write_le(&mut body).map_err(io::Error::other)?;
        self.head(opcode, body.get_ref().len() as u64)?;
        self.put(body.get_ref())
    }

    fn head(&mut self, opcode: u8, length: u64) -> io::Result<()> {
        self.put(&[opcode])?;
        self.put(&length.to_le_bytes())
    }

    /// Puts a part of the file again.
    fn copy(&mut self, source: &mut Source<'_>, span: Span) -> io::Result<()> {
        let mut at = span.at;
        while at < span.end() {
            let piece = source.piece(at, (span.end() - at).min(PIECE as u64) as usize)?;
            if piece.is_empty() {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            self.put(piece)?;
            at += piece.len() as u64;
        }
        Ok(())
    }
}

/// Writes the index of the last chunk.
pub(super) fn write_index(contents: &mut Contents, tail: &mut Tail<'_>) -> io::Result<()> {
    for (channel_id, records) in std::mem::take(&mut contents.entries) {
        tail.record(op::MESSAGE_INDEX, &MessageIndex { channel_id, records })?;
    }
    tail.flush()
}

/// Writes everything behind the data of the file, whose records begin at `from`.
pub(super) fn write(source: &mut Source<'_>, from: u64, contents: &Contents, tail: &mut Tail<'_>) -> io::Result<()> {
    let end = tail.position();
    tail.record(op::DATA_END, &DataEnd::default())?;
    tail.flush()?;
    tail.sum = crc32fast::Hasher::new();
    let summary_start = tail.position();
    let mut offsets = Vec::new();
    let mut group = |opcode, start, tail: &Tail<'_>| {
        let group_length = tail.position() - start;
        if group_length > 0 {
            offsets.push(SummaryOffset { group_opcode: opcode, group_start: start, group_length });
        }
    };
    for (opcode, spans) in [(op::SCHEMA, &contents.schemas), (op::CHANNEL, &contents.channels)] {
        let start = tail.position();
        for &span in spans.values() {
            tail.copy(source, span)?;
        }
        group(opcode, start, tail);
    }
    let start = tail.position();
    tail.record(op::STATISTICS, &statistics(contents))?;
    group(op::STATISTICS, start, tail);
    let indexes =
        [(op::CHUNK_INDEX, op::CHUNK), (op::ATTACHMENT_INDEX, op::ATTACHMENT), (op::METADATA_INDEX, op::METADATA)];
    for (opcode, of) in indexes {
        let start = tail.position();
        index(source, from, end, of, tail)?;
        group(opcode, start, tail);
    }
    let summary_offset_start = tail.position();
    for offset in &offsets {
        tail.record(op::SUMMARY_OFFSET, offset)?;
    }
    // The sum runs over the footer's first two fields too.
    tail.head(op::FOOTER, 20)?;
    tail.put(&summary_start.to_le_bytes())?;
    tail.put(&summary_offset_start.to_le_bytes())?;
    tail.flush()?;
    let sum = tail.sum.clone().finalize();
    tail.put(&sum.to_le_bytes())?;
    tail.put(MAGIC)?;
    tail.flush()
}

fn statistics(contents: &Contents) -> Statistics {
    let (message_start_time, message_end_time) = contents.times.unwrap_or_default();
    Statistics {
        message_count: contents.counts.values().sum(),
        schema_count: contents.schemas.len() as u16,
        channel_count: contents.channels.len() as u32,
        attachment_count: contents.attachments,
        metadata_count: contents.metadata,
        chunk_count: contents.chunks,
        message_start_time,
        message_end_time,
        channel_message_counts: contents.counts.clone(),
    }
}

/// Writes an index record for each record with one opcode. The file is read for it once more, but not into chunks.
fn index(source: &mut Source<'_>, from: u64, end: u64, of: u8, tail: &mut Tail<'_>) -> io::Result<()> {
    let mut chunk: Option<ChunkIndex> = None;
    let mut at = from;
    while let Some(found) = source.record(at, end)? {
        at = found.whole.end();
        if let (op::MESSAGE_INDEX, Some(chunk)) = (found.opcode, &mut chunk) {
            let channel = source.number(found.body().at, 2, end)?.unwrap_or_default();
            chunk.message_index_offsets.insert(channel as u16, found.whole.at);
            chunk.message_index_length += found.whole.length;
            continue;
        }
        if let Some(chunk) = chunk.take() {
            tail.record(op::CHUNK_INDEX, &chunk)?;
        }
        if found.opcode == of {
            match of {
                op::CHUNK => chunk = chunk_index(source, &found)?,
                op::ATTACHMENT => attachment_index(source, &found, tail)?,
                _ => metadata_index(source, &found, tail)?,
            }
        }
    }
    chunk.map_or(Ok(()), |chunk| tail.record(op::CHUNK_INDEX, &chunk))
}

fn chunk_index(source: &mut Source<'_>, found: &Found) -> io::Result<Option<ChunkIndex>> {
    Ok(Chunk::read(source, found.body())?.map(|chunk| ChunkIndex {
        message_start_time: chunk.start_time,
        message_end_time: chunk.end_time,
        chunk_start_offset: found.whole.at,
        chunk_length: found.whole.length,
        message_index_offsets: Default::default(),
        message_index_length: 0,
        compression: String::new(),
        compressed_size: chunk.records.length,
        uncompressed_size: chunk.uncompressed_size,
    }))
}

fn attachment_index(source: &mut Source<'_>, found: &Found, tail: &mut Tail<'_>) -> io::Result<()> {
    let Some((names, size)) = attachment(source, found.body())? else { return Ok(()) };
    tail.head(op::ATTACHMENT_INDEX, 40 + names.length)?;
    tail.put(&found.whole.at.to_le_bytes())?;
    tail.put(&found.whole.length.to_le_bytes())?;
    tail.copy(source, Span { length: 16, ..found.body() })?;
    tail.put(&size.to_le_bytes())?;
    tail.copy(source, names)
}

fn metadata_index(source: &mut Source<'_>, found: &Found, tail: &mut Tail<'_>) -> io::Result<()> {
    let Some(name) = source.string(found.body().at, found.body().end())? else { return Ok(()) };
    tail.head(op::METADATA_INDEX, 16 + name.length)?;
    tail.put(&found.whole.at.to_le_bytes())?;
    tail.put(&found.whole.length.to_le_bytes())?;
    tail.copy(source, name)
}
