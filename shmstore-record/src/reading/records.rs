//! The records of an MCAP file, one after the other. Only the one that is looked at is in memory.

use std::fs::File;
use std::io::{BufRead, BufReader, ErrorKind, Read};
use std::path::{Path, PathBuf};

use mcap::records::{Record, op};

use super::ReadError;

/// The bytes in front of a record: its kind and its length.
const HEAD: u64 = 9;

/// The most bytes of a record: of a chunk, which may be one message.
pub(super) const MOST: u64 = 1 << 30;

/// The records of a file.
#[derive(Debug)]
pub(super) struct Records {
    path: PathBuf,
    file: BufReader<File>,
    len: u64,
    at: u64,
}

/// A record whose body was not read yet.
#[derive(Debug, Clone, Copy)]
pub(super) struct Head {
    /// Its kind, of [`mcap::records::op`].
    pub(super) kind: u8,
    /// The offset of the record in the file.
    pub(super) at: u64,
    /// The length of its body.
    pub(super) len: u64,
}

impl Records {
    pub(super) fn open(path: &Path) -> Result<Self, ReadError> {
        let error = |cause| ReadError::File { path: path.into(), cause };
        // An open of a pipe would wait for its writer.
        if !std::fs::metadata(path).map_err(error)?.is_file() {
            return Err(ReadError::NoFile { path: path.into() });
        }
        let file = File::open(path).map_err(error)?;
        let len = file.metadata().map_err(error)?.len();
        let mut records = Self { path: path.into(), file: BufReader::with_capacity(1 << 18, file), len, at: 0 };
        let mut magic = [0; mcap::MAGIC.len()];
        let is_there = len >= magic.len() as u64;
        if is_there {
            records.exact(&mut magic)?;
        }
        match magic == mcap::MAGIC {
            true => Ok(records),
            false => Err(ReadError::NotMcap { path: path.into() }),
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    fn exact(&mut self, to: &mut [u8]) -> Result<(), ReadError> {
        self.file.read_exact(to).map_err(|cause| match cause.kind() {
            // The file has become shorter meanwhile.
            ErrorKind::UnexpectedEof => self.truncated(format!("before byte {}", self.len)),
            _ => ReadError::File { path: self.path.clone(), cause },
        })?;
        self.at += to.len() as u64;
        Ok(())
    }

    fn truncated(&self, place: String) -> ReadError {
        ReadError::Truncated { path: self.path.clone(), place }
    }

    pub(super) fn damaged(&self, at: u64, why: impl ToString) -> ReadError {
        ReadError::Damaged { path: self.path.clone(), at, why: why.to_string() }
    }

    /// The head of the next record. Its body has to be read or skipped. After the footer and the magic bytes there is
    /// none.
    pub(super) fn next(&mut self) -> Result<Option<Head>, ReadError> {
        let at = self.at;
        let left = self.len - self.at;
        if left < HEAD {
            let mut end = [0; mcap::MAGIC.len()];
            if left != end.len() as u64 {
                return Err(self.truncated(format!("at byte {}, without the bytes that end an MCAP file", self.len)));
            }
            self.exact(&mut end)?;
            if end != mcap::MAGIC {
                return Err(self.truncated(format!("in the record at byte {at}")));
            }
            return Ok(None);
        }
        let mut head = [0; HEAD as usize];
        self.exact(&mut head)?;
        let len = u64::from_le_bytes(head[1..].try_into().expect("8 bytes"));
        if len > self.len - self.at {
            return Err(self.truncated(format!("in the record at byte {at}")));
        }
        Ok(Some(Head { kind: head[0], at, len }))
    }

    pub(super) fn skip(&mut self, head: Head) -> Result<(), ReadError> {
        let by = i64::try_from(head.len).map_err(|_| self.damaged(head.at, "it is larger than any file"))?;
        self.file.seek_relative(by).map_err(|cause| ReadError::File { path: self.path.clone(), cause })?;
        self.at += head.len;
        Ok(())
    }

    /// The first number of the body of a record, which is not read by this. `None` if it cannot be seen yet.
    pub(super) fn peek_u64(&mut self, head: Head) -> Result<Option<u64>, ReadError> {
        let cause = |cause| ReadError::File { path: self.path.clone(), cause };
        let seen = self.file.fill_buf().map_err(cause)?;
        Ok(seen.first_chunk().filter(|_| head.len >= 8).map(|bytes| u64::from_le_bytes(*bytes)))
    }

    /// Reads the body of a record to `to`, which grows and is kept for the next one.
    pub(super) fn body<'b>(&mut self, head: Head, most: u64, to: &'b mut Vec<u8>) -> Result<&'b [u8], ReadError> {
        self.start_of_body(head, most.min(MOST), most, to)
    }

    /// Reads at most `most` bytes of the body of a record, and skips the others.
    pub(super) fn beginning<'b>(&mut self, head: Head, most: u64, to: &'b mut Vec<u8>) -> Result<&'b [u8], ReadError> {
        self.start_of_body(head, u64::MAX, most, to)
    }

    fn start_of_body<'b>(
        &mut self,
        head: Head,
        allowed: u64,
        most: u64,
        to: &'b mut Vec<u8>,
    ) -> Result<&'b [u8], ReadError> {
        if head.len > allowed {
            return Err(
                self.damaged(head.at, format_args!("it has {} bytes, and at most {allowed} are read", head.len))
            );
        }
        let len = head.len.min(most);
        if to.len() < len as usize {
            to.resize(len as usize, 0);
        }
        self.exact(&mut to[..len as usize])?;
        self.skip(Head { len: head.len - len, ..head })?;
        Ok(&to[..len as usize])
    }
}

/// The records in the bytes of a chunk.
pub(super) struct InChunk<'c> {
    left: &'c [u8],
}

impl<'c> InChunk<'c> {
    pub(super) fn of(bytes: &'c [u8]) -> Self {
        Self { left: bytes }
    }

    /// The number of bytes that are left.
    pub(super) fn left(&self) -> usize {
        self.left.len()
    }

    /// The kind and the body of the next record.
    pub(super) fn next(&mut self) -> Result<Option<(u8, &'c [u8])>, &'static str> {
        const CUT: &str = "it ends in the middle of a record";
        if self.left.is_empty() {
            return Ok(None);
        }
        let (head, rest) = self.left.split_at_checked(HEAD as usize).ok_or(CUT)?;
        let len = u64::from_le_bytes(head[1..].try_into().expect("8 bytes"));
        let (body, rest) = usize::try_from(len).ok().and_then(|len| rest.split_at_checked(len)).ok_or(CUT)?;
        self.left = rest;
        Ok(Some((head[0], body)))
    }
}

/// Parses a record. Attachments are not parsed, because the library slices them without a check.
pub(super) fn parse(kind: u8, body: &[u8]) -> Result<Record<'_>, String> {
    debug_assert_ne!(kind, op::ATTACHMENT);
    if !texts_fit(kind, body) {
        return Err("a text in it is longer than the record".into());
    }
    mcap::read::parse_record(kind, body).map_err(|error| match std::error::Error::source(&error) {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    })
}

/// Returns `true` if the texts of a record lie within it. The library allocates the length of each before it reads it.
fn texts_fit(kind: u8, body: &[u8]) -> bool {
    let (before, texts, has_map) = match kind {
        op::HEADER => (0, 2, false),
        op::SCHEMA => (2, 2, false),
        op::CHANNEL => (4, 2, true),
        op::METADATA => (0, 1, true),
        op::CHUNK => (28, 1, false),
        _ => return true,
    };
    let text = |from: &mut &[u8]| {
        let (len, rest) = from.split_first_chunk::<4>()?;
        let (_, rest) = rest.split_at_checked(u32::from_le_bytes(*len) as usize)?;
        *from = rest;
        Some(())
    };
    let fits = || {
        let mut left = body.get(before..)?;
        (0..texts).try_for_each(|_| text(&mut left))?;
        if has_map {
            let (len, map) = left.split_first_chunk::<4>()?;
            let mut map = map.get(..u32::from_le_bytes(*len) as usize)?;
            while !map.is_empty() {
                text(&mut map)?;
            }
        }
        Some(())
    };
    fits().is_some()
}
