//! Where the bytes of a file go: a sink that collects what the writer of MCAP writes, and puts it out so that the file
//! is complete again.
//!
//! A file ends with [`END`]. What is put out begins where that end began. A piece that crosses a page is put out in
//! four steps. The process may die at any time in between, and readers still open the file:
//!
//! 1. A new end is written where the piece is going to end.
//! 2. The first 9 bytes of the old end become the head of a private record, which readers skip. It reaches to the new
//!    end.
//! 3. The piece is written, except its first 9 bytes.
//! 4. These 9 bytes replace the head of the private record.
//!
//! Only between the first and the second step, which are a few microseconds apart, is the file one that strict readers
//! refuse.

use std::fs::{File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::ops::Deref;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use nix::fcntl::{Flock, FlockArg};

/// What a file ends with that has no summary: a record `DataEnd` and a record `Footer` without sums, and the magic.
pub(super) const END: [u8; 50] = [
    0x0f, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, // DataEnd
    0x02, 20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, // Footer
    0x89, b'M', b'C', b'A', b'P', 0x30, b'\r', b'\n',
];
/// The private record that covers a piece while it is written.
pub(super) const COVER: u8 = 0xd3;
/// An opcode and a length.
pub(super) const HEAD: usize = 9;
/// A write within such a part of the file is not torn when the process is killed.
const PAGE: u64 = 4096;
/// What the collecting memory keeps at most.
const KEPT: usize = 8 << 20;

/// A file, or what a test puts in its place.
pub(super) trait Medium: Send + Sync {
    fn write_at(&self, bytes: &[u8], at: u64) -> io::Result<()>;
    fn cut(&self, length: u64) -> io::Result<()>;
    fn sync(&self) -> io::Result<()>;
}

/// Creates a file that does not exist.
pub(super) type Opener = Box<dyn Fn(&Path) -> io::Result<Arc<dyn Medium>> + Send>;

/// Creates a file, which is locked against repair.
pub(super) fn create(path: &Path) -> io::Result<Arc<dyn Medium>> {
    let file = OpenOptions::new().write(true).create_new(true).open(path)?;
    // A file system without locks is no reason to record nothing.
    Ok(match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
        Ok(locked) => Arc::new(locked),
        Err((file, _)) => Arc::new(Box::new(file)),
    })
}

/// A file, locked or not.
impl<F: Deref<Target = File> + Send + Sync> Medium for F {
    fn write_at(&self, bytes: &[u8], at: u64) -> io::Result<()> {
        self.write_all_at(bytes, at)
    }

    fn cut(&self, length: u64) -> io::Result<()> {
        self.set_len(length)
    }

    fn sync(&self) -> io::Result<()> {
        self.sync_data()
    }
}

/// What the owner of a sink knows of it, while the writer of MCAP has the sink.
#[derive(Default)]
pub(super) struct Place {
    /// Where the file's end begins, which the next piece replaces.
    base: AtomicU64,
    /// Whether the next piece has an end of its own.
    is_last: AtomicBool,
}

impl Place {
    /// The bytes of the file.
    pub(super) fn bytes(&self) -> u64 {
        self.base.load(Ordering::Relaxed) + END.len() as u64
    }

    /// What is collected from now on is the last piece, and ends with an end of its own.
    pub(super) fn will_end(&self) {
        self.is_last.store(true, Ordering::Relaxed);
    }
}

/// Collects bytes and puts them out with [`Write::flush`].
pub(super) struct Sink {
    medium: Arc<dyn Medium>,
    place: Arc<Place>,
    pending: Vec<u8>,
    /// Where in `pending` the next byte goes.
    at: usize,
    /// Whether the file has an end.
    is_ended: bool,
}

impl Sink {
    pub(super) fn new(medium: Arc<dyn Medium>) -> (Self, Arc<Place>) {
        let place = Arc::new(Place::default());
        let sink = Self { medium, place: Arc::clone(&place), pending: Vec::new(), at: 0, is_ended: false };
        (sink, place)
    }

    /// Puts out what was collected, and `tail` behind it, which is as long as [`END`].
    fn put(&mut self, tail: &[u8]) -> io::Result<()> {
        let base = self.place.base.load(Ordering::Relaxed);
        let end = base + self.pending.len() as u64;
        let is_within_page = base / PAGE == (end + tail.len() as u64 - 1) / PAGE;
        if !self.is_ended || is_within_page || self.pending.len() < END.len() {
            self.pending.extend_from_slice(tail);
            self.medium.write_at(&self.pending, base)?;
            self.is_ended = true;
        } else {
            self.medium.write_at(&END, end)?;
            let mut head = [COVER; HEAD];
            head[1..].copy_from_slice(&(end - base - HEAD as u64).to_le_bytes());
            self.medium.write_at(&head, base)?;
            self.medium.write_at(&self.pending[HEAD..], base + HEAD as u64)?;
            if tail != END {
                self.medium.write_at(tail, end)?;
            }
            self.medium.write_at(&self.pending[..HEAD], base)?;
        }
        self.place.base.store(end, Ordering::Relaxed);
        self.pending.clear();
        self.pending.shrink_to(KEPT);
        self.at = 0;
        Ok(())
    }

    /// Cuts the file to what was put out whole, after a piece that failed.
    pub(super) fn cut(&mut self) -> io::Result<()> {
        self.pending.clear();
        let base = self.place.base.load(Ordering::Relaxed);
        // The place of the old end is not given back to the system, as there may be no other.
        self.medium.cut(base + END.len() as u64)?;
        self.medium.write_at(&END, base)
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.at == self.pending.len() {
            self.pending.extend_from_slice(bytes);
        } else {
            let over = bytes.len().min(self.pending.len() - self.at);
            self.pending[self.at..self.at + over].copy_from_slice(&bytes[..over]);
            self.pending.extend_from_slice(&bytes[over..]);
        }
        self.at += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.pending.is_empty() {
            return Ok(());
        }
        if self.place.is_last.load(Ordering::Relaxed) {
            let tail = self.pending.split_off(self.pending.len().saturating_sub(END.len()));
            return self.put(&tail);
        }
        self.put(&END)
    }
}

impl Seek for Sink {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let base = self.place.base.load(Ordering::Relaxed);
        let at = match to {
            SeekFrom::Start(at) => at.checked_sub(base),
            SeekFrom::End(by) => (self.pending.len() as u64).checked_add_signed(by),
            SeekFrom::Current(by) => (self.at as u64).checked_add_signed(by),
        };
        match at.map(|at| at as usize) {
            Some(at) if at <= self.pending.len() => self.at = at,
            _ => return Err(io::Error::new(io::ErrorKind::InvalidInput, "the place was put out already")),
        }
        Ok(base + self.at as u64)
    }
}
