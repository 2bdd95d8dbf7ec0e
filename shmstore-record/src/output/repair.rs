//! Mends a file whose recorder or machine died.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use mcap::MAGIC;
use mcap::records::{Header, op};
use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg};

use super::error::RepairError;
use super::scan::{Contents, DAMAGED, PIECE, Source, Span, Unreadable};
use super::sink::END;
use super::summary::{self, Tail};

/// A footer and the magic.
const FOOTER: u64 = 37;
/// A file that is torn within its header is no longer than this.
const TORN: u64 = 1024;

/// What [`repair`] found and did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Repaired {
    /// Whether the file had its summary. Nothing was changed then.
    pub was_whole: bool,
    /// The messages in the file.
    pub messages: u64,
    /// The bytes of incomplete records that were cut off.
    pub cut: u64,
    /// Damaged chunks between complete ones. Their bytes are still there, but readers skip them.
    pub damaged: usize,
}

/// Cuts a file after its last complete record and writes its summary. A file with a summary is left as it is.
///
/// A damaged chunk between complete ones, as a power cut may leave it, is made a record that readers skip.
/// The memory this needs does not depend on the file's size. If it is interrupted, it can be done again.
///
/// # Errors
///
/// * [`RepairError::NotMcap`], [`RepairError::Compressed`]: another program wrote the file.
/// * [`RepairError::Damaged`]: the file's first chunk is damaged, most often.
/// * [`RepairError::InUse`]: a recorder writes the file. End it first.
/// * [`RepairError::Open`], [`RepairError::Read`], [`RepairError::Write`]: the file or the disk cannot be used.
///
/// ```no_run
/// let repaired = shmstore_record::output::repair("rover.mcap".as_ref())?;
/// println!("{} messages, {} bytes cut off", repaired.messages, repaired.cut);
/// # Ok::<(), shmstore_record::output::RepairError>(())
/// ```
pub fn repair(path: &Path) -> Result<Repaired, RepairError> {
    let open = |source| RepairError::Open { path: path.to_owned(), source };
    let file = OpenOptions::new().read(true).write(true).open(path).map_err(open)?;
    let metadata = file.metadata().map_err(open)?;
    if !metadata.is_file() {
        return Err(RepairError::NotMcap { path: path.to_owned() });
    }
    match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
        Ok(file) => Mender { path, file: &file }.mend(),
        Err((_, Errno::EWOULDBLOCK)) => Err(RepairError::InUse { path: path.to_owned() }),
        // A file system without locks.
        Err((file, _)) => Mender { path, file: &file }.mend(),
    }
}

struct Mender<'a> {
    path: &'a Path,
    file: &'a File,
}

impl Mender<'_> {
    fn mend(&self) -> Result<Repaired, RepairError> {
        let length = self.file.metadata().map_err(|error| self.unread(0, error))?.len();
        let mut source = Source::new(self.file, length);
        if source.piece(0, MAGIC.len()).map_err(|error| self.unread(0, error))? != MAGIC {
            return Err(RepairError::NotMcap { path: self.path.to_owned() });
        }
        let summary = self.summary(&mut source).map_err(|error| self.unread(length, error))?;
        if let Some(messages) = summary {
            return Ok(Repaired { was_whole: true, messages, cut: 0, damaged: 0 });
        }
        let Some((from, is_ours)) = self.header(&mut source)? else { return self.begin_anew(length) };
        let mut contents = Contents::read(&mut source, from, is_ours).map_err(|error| match error {
            Unreadable::Io(at, error) => self.unread(at, error),
            Unreadable::Orphaned(at) => RepairError::Damaged { path: self.path.to_owned(), at },
            Unreadable::Compressed(name) => self.compressed(&mut source, name),
        })?;
        let lacks_index = contents.lacks_index();
        let end = contents.last_chunk.filter(|_| lacks_index).unwrap_or(contents.end);
        // An end without summary is no loss.
        let has_end = source.piece(end, END.len() + 1).map_err(|error| self.unread(end, error))? == END;
        let cut = if has_end { 0 } else { length - end };
        self.write(from, end, lacks_index, &mut contents).map_err(|error| {
            // Without its summary, the file is smaller, and readers can still open it.
            let _ = self.file.set_len(end).and_then(|()| self.file.write_all_at(&END, end));
            RepairError::Write { path: self.path.to_owned(), at: end, source: error }
        })?;
        let messages = contents.counts.values().sum();
        Ok(Repaired { was_whole: false, messages, cut, damaged: contents.damaged.len() })
    }

    fn write(&self, from: u64, end: u64, lacks_index: bool, contents: &mut Contents) -> io::Result<()> {
        for &at in &contents.damaged {
            self.file.write_all_at(&[DAMAGED], at)?;
        }
        let mut tail = Tail::cut(self.file, end)?;
        if lacks_index {
            summary::write_index(contents, &mut tail)?;
        }
        // What was read before may have changed.
        let mut source = Source::new(self.file, self.file.metadata()?.len());
        summary::write(&mut source, from, contents, &mut tail)?;
        self.file.sync_data()
    }

    /// The number of messages by the summary, if the file ends with one that is intact.
    fn summary(&self, source: &mut Source<'_>) -> io::Result<Option<u64>> {
        let Some(footer) = source.length.checked_sub(FOOTER) else { return Ok(None) };
        let bytes = source.piece(footer, FOOTER as usize)?;
        let is_footer = bytes[..9] == [op::FOOTER, 20, 0, 0, 0, 0, 0, 0, 0] && bytes[29..] == *MAGIC;
        let mut number = |at, size| source.number(footer + at, size, footer + FOOTER).map(Option::unwrap_or_default);
        let (start, sum) = (number(9, 8)?, number(25, 4)?);
        if !is_footer || start < MAGIC.len() as u64 || start > footer {
            return Ok(None);
        }
        let summed = Span { at: start, length: footer + 25 - start };
        if sum != 0 && u64::from(source.sum(summed)?) != sum {
            return Ok(None);
        }
        let (mut at, mut messages) = (start, None);
        while let Some(found) = source.record(at, footer)? {
            if found.opcode == op::STATISTICS {
                messages = source.number(found.body().at, 8, found.body().end())?;
            }
            at = found.whole.end();
        }
        // A summary may lack statistics, but not bytes.
        Ok((at == footer).then_some(messages.unwrap_or(0)))
    }

    /// Where the header ends, and whether a recorder of this crate wrote it. `None`: the file is torn within it.
    fn header(&self, source: &mut Source<'_>) -> Result<Option<(u64, bool)>, RepairError> {
        let at = MAGIC.len() as u64;
        let read = |error| self.unread(at, error);
        let opcode = source.number(at, 1, source.length).map_err(read)?;
        let found = source.record(at, source.length).map_err(read)?;
        let Some(found) = found.filter(|found| found.opcode == op::HEADER) else {
            let is_torn = source.length <= TORN && opcode.is_none_or(|opcode| opcode == u64::from(op::HEADER));
            return if is_torn { Ok(None) } else { Err(RepairError::NotMcap { path: self.path.to_owned() }) };
        };
        let body = found.body();
        let profile = source.string(body.at, body.end()).map_err(read)?;
        let is_ours = match profile {
            Some(profile) => {
                let wanted = (body.end() - profile.end()).min(PIECE as u64) as usize;
                let library = source.piece(profile.end(), wanted).map_err(read)?;
                library.get(4..).is_some_and(|library| library.starts_with(b"shmstore-record"))
            }
            None => false,
        };
        Ok(Some((found.whole.end(), is_ours)))
    }

    /// Writes a file without contents.
    fn begin_anew(&self, length: u64) -> Result<Repaired, RepairError> {
        let at = MAGIC.len() as u64;
        let failed = |source| RepairError::Write { path: self.path.to_owned(), at, source };
        let mut tail = Tail::cut(self.file, at).map_err(failed)?;
        let library = concat!("shmstore-record ", env!("CARGO_PKG_VERSION")).to_owned();
        tail.record(op::HEADER, &Header { profile: "ros2".to_owned(), library }).map_err(failed)?;
        tail.flush().map_err(failed)?;
        let end = self.file.metadata().map_err(failed)?.len();
        let mut source = Source::new(self.file, end);
        summary::write(&mut source, end, &Contents::default(), &mut tail).map_err(failed)?;
        self.file.sync_data().map_err(failed)?;
        Ok(Repaired { was_whole: false, messages: 0, cut: length - at, damaged: 0 })
    }

    fn unread(&self, at: u64, source: io::Error) -> RepairError {
        RepairError::Read { path: self.path.to_owned(), at, source }
    }

    fn compressed(&self, source: &mut Source<'_>, name: Span) -> RepairError {
        let name = source.piece(name.at + 4, name.length.min(20) as usize - 4).unwrap_or_default();
        let compression = String::from_utf8_lossy(name).escape_default().to_string();
        RepairError::Compressed { path: self.path.to_owned(), compression }
    }
}
