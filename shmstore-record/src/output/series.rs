//! The files of one recording, one after another.

use std::collections::{BTreeMap, VecDeque};
use std::path::{Path, PathBuf};
use std::{fs, io};

use super::blocks::Block;
use super::error::OutputError;
use super::file::{Contents, OutFile};
use super::paths;
use super::recorder::{Progress, Summary};
use super::settings::Output;
use super::sink::Opener;

pub(super) struct Series {
    settings: Output,
    opener: Opener,
    file: Option<OutFile>,
    /// The number of the newest file.
    number: u64,
    /// How many files have begun.
    pub(super) begun: u64,
    /// How many snapshots are complete.
    pub(super) snapshots: u64,
    /// The files that ended and were not deleted, the oldest first.
    ended: VecDeque<PathBuf>,
    /// The messages in files that ended.
    messages: u64,
    /// The bytes of files that ended.
    bytes: u64,
}

impl Series {
    pub(super) fn new(settings: Output, opener: Opener) -> Result<Self, OutputError> {
        if settings.is_numbered() && !settings.force {
            match paths::existing(&settings.path) {
                Ok(None) => {}
                Ok(Some(path)) => return Err(OutputError::Exists { path }),
                Err(source) => return Err(OutputError::Create { path: settings.path, source }),
            }
        }
        let ended = VecDeque::new();
        Ok(Self { settings, opener, file: None, number: 0, begun: 0, snapshots: 0, ended, messages: 0, bytes: 0 })
    }

    /// Begins the next file, and then deletes the oldest ones above the number to keep.
    pub(super) fn begin(&mut self) -> Result<(), OutputError> {
        let file = loop {
            self.number += 1;
            let path = match self.settings.is_numbered() {
                true => paths::numbered(&self.settings.path, self.number),
                false => self.settings.path.clone(),
            };
            match self.open(&path) {
                Ok(file) => break file,
                Err(source) if source.kind() == io::ErrorKind::AlreadyExists => {
                    // None was there at the start, so somebody else made it since. The next number is as good.
                    if self.begun == 0 || !self.settings.is_numbered() {
                        return Err(OutputError::Exists { path });
                    }
                }
                Err(source) if self.can_continue(&source) => {}
                Err(source) if self.begun == 0 => return Err(OutputError::Create { path, source }),
                Err(source) => return Err(self.stopped(path, source)),
            }
        };
        self.file = Some(file);
        self.begun += 1;
        if let Some(keep) = self.settings.keep {
            while self.ended.len() + 1 > keep {
                self.delete_oldest();
            }
        }
        Ok(())
    }

    fn open(&self, path: &Path) -> io::Result<OutFile> {
        // Only a regular file is replaced: no directory, device or link.
        if self.settings.force && fs::symlink_metadata(path).is_ok_and(|found| found.is_file()) {
            fs::remove_file(path)?;
        }
        let medium = (self.opener)(path)?;
        OutFile::begin(path, medium).inspect_err(|_| {
            // The file is ours and has nothing.
            let _ = fs::remove_file(path);
        })
    }

    /// Whether the present file has a message.
    pub(super) fn has_messages(&self) -> bool {
        self.file.as_ref().is_some_and(|file| file.messages > 0)
    }

    /// Ends the file and begins the next one.
    pub(super) fn turn(&mut self, contents: &Contents, gaps: &BTreeMap<String, String>) -> Result<(), OutputError> {
        match self.end_file(contents, gaps) {
            Err((path, source)) if !is_full(&source) => Err(self.stopped(path, source)),
            // A file that only lacks its summary is no reason to end, if there is room for the next one.
            _ => self.begin(),
        }
    }

    /// Writes a block's messages, into a new file if the disk is full and an old one may be deleted.
    pub(super) fn write(&mut self, contents: &Contents, block: &Block, from: u64) -> Result<(), OutputError> {
        while let Some(file) = &mut self.file {
            match file.describe(contents).and_then(|()| file.write(contents, block, from)) {
                Ok(()) => break,
                Err(error) => self.recover(error)?,
            }
        }
        Ok(())
    }

    /// Writes metadata that came without messages.
    pub(super) fn describe(&mut self, contents: &Contents) -> Result<(), OutputError> {
        let described = self.file.as_mut().map_or(Ok(()), |file| file.describe(contents));
        described.or_else(|error| self.recover(error))
    }

    pub(super) fn sync(&mut self) -> Result<(), OutputError> {
        let synced = self.file.as_mut().map_or(Ok(()), OutFile::sync);
        synced.or_else(|error| self.recover(error))
    }

    /// Ends the file after an error, and begins the next one if the disk has room for it.
    fn recover(&mut self, error: io::Error) -> Result<(), OutputError> {
        let Some(file) = self.file.take() else { return Ok(()) };
        let (path, messages) = (file.path.clone(), file.messages);
        let bytes = file.abandon();
        if messages == 0 && !self.ended.is_empty() {
            let _ = fs::remove_file(&path);
        } else {
            self.count(path.clone(), messages, bytes);
        }
        if self.can_continue(&error) { self.begin() } else { Err(self.stopped(path, error)) }
    }

    /// Makes room on a full disk, if that is allowed. The newest complete file remains.
    fn can_continue(&mut self, error: &io::Error) -> bool {
        let may = is_full(error) && self.settings.keep.is_some() && self.ended.len() > 1;
        if may {
            self.delete_oldest();
        }
        may
    }

    fn delete_oldest(&mut self) {
        if let Some(oldest) = self.ended.pop_front() {
            // A file that was moved away or cannot be deleted is no longer ours to count.
            let _ = fs::remove_file(oldest);
        }
    }

    /// Ends the last file.
    pub(super) fn end(&mut self, contents: &Contents, gaps: &BTreeMap<String, String>) -> Result<(), OutputError> {
        self.end_file(contents, gaps).map_err(|(path, source)| self.stopped(path, source))
    }

    fn end_file(&mut self, contents: &Contents, gaps: &BTreeMap<String, String>) -> Result<(), (PathBuf, io::Error)> {
        let Some(file) = self.file.take() else { return Ok(()) };
        let (path, messages) = (file.path.clone(), file.messages);
        let (done, bytes) = file.finish(contents, gaps);
        self.count(path.clone(), messages, bytes);
        done.map_err(|error| (path, error))
    }

    fn count(&mut self, path: PathBuf, messages: u64, bytes: u64) {
        self.ended.push_back(path);
        self.messages += messages;
        self.bytes += bytes;
    }

    fn stopped(&self, path: PathBuf, source: io::Error) -> OutputError {
        OutputError::Stopped { path, messages: self.messages, bytes: self.bytes, source }
    }

    pub(super) fn is_dirty(&self) -> bool {
        self.file.as_ref().is_some_and(|file| file.is_dirty)
    }

    /// Whether the file has less than `count` metadata records.
    pub(super) fn lacks_metadata(&self, count: usize) -> bool {
        self.file.as_ref().is_some_and(|file| !file.has_metadata(count))
    }

    pub(super) fn progress(&self, counted: Progress) -> Progress {
        let file = self.file.as_ref();
        Progress {
            messages: self.messages + file.map_or(0, |file| file.messages),
            bytes: self.bytes + file.map_or(0, OutFile::bytes),
            path: file.map(|file| &file.path).or(self.ended.back()).cloned(),
            snapshots: self.snapshots,
            ..counted
        }
    }

    pub(super) fn summary(&self, dropped: u64) -> Summary {
        let files = self.ended.iter().cloned().collect();
        Summary { files, messages: self.messages, bytes: self.bytes, dropped }
    }
}

fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}
