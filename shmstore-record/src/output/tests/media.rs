//! What takes a file's place in tests.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};

use crate::output::sink::{COVER, END, HEAD, Medium, Opener, create};

/// A disk that writes only while its gate is open.
#[derive(Clone, Default)]
pub(super) struct Gate(Arc<(Mutex<bool>, Condvar)>);

impl Gate {
    pub(super) fn open(&self) {
        *self.0.0.lock().unwrap() = true;
        self.0.1.notify_all();
    }

    /// Opens the gate at the end of a test, also of one that fails: the recorder waits for its disk then.
    pub(super) fn opened_at_last(&self) -> OpenedAtLast {
        OpenedAtLast(self.clone())
    }

    /// The first write of each file passes, so that a recording can begin.
    pub(super) fn opener(&self) -> Opener {
        let gate = self.clone();
        Box::new(move |path| {
            Ok(Arc::new(Gated { file: create(path)?, gate: gate.clone(), has_begun: AtomicBool::new(false) }))
        })
    }
}

pub(super) struct OpenedAtLast(Gate);

impl Drop for OpenedAtLast {
    fn drop(&mut self) {
        self.0.open();
    }
}

struct Gated {
    file: Arc<dyn Medium>,
    gate: Gate,
    has_begun: AtomicBool,
}

impl Medium for Gated {
    fn write_at(&self, bytes: &[u8], at: u64) -> io::Result<()> {
        if self.has_begun.swap(true, Ordering::Relaxed) {
            let (is_open, bell) = &*self.gate.0;
            drop(bell.wait_while(is_open.lock().unwrap(), |is_open| !*is_open).unwrap());
        }
        self.file.write_at(bytes, at)
    }

    fn cut(&self, length: u64) -> io::Result<()> {
        self.file.cut(length)
    }

    fn sync(&self) -> io::Result<()> {
        self.file.sync()
    }
}

/// A disk on which one of the writes fails, after a part of it was done. Also counts syncs.
#[derive(Clone)]
pub(super) struct Faulty(Arc<Faults>);

struct Faults {
    /// The write that fails, and all later ones until the file is cut.
    nth: usize,
    error: io::ErrorKind,
    writes: AtomicUsize,
    syncs: AtomicUsize,
    is_cut: AtomicBool,
}

impl Faulty {
    pub(super) fn at(nth: usize, error: io::ErrorKind) -> Self {
        let count = AtomicUsize::default;
        Self(Arc::new(Faults { nth, error, writes: count(), syncs: count(), is_cut: AtomicBool::new(false) }))
    }

    pub(super) fn syncs(&self) -> usize {
        self.0.syncs.load(Ordering::SeqCst)
    }

    pub(super) fn opener(&self) -> Opener {
        let faulty = self.clone();
        Box::new(move |path| Ok(Arc::new(FaultyFile { file: create(path)?, faults: faulty.clone() })))
    }
}

struct FaultyFile {
    file: Arc<dyn Medium>,
    faults: Faulty,
}

impl Medium for FaultyFile {
    fn write_at(&self, bytes: &[u8], at: u64) -> io::Result<()> {
        let faults = &self.faults.0;
        let fails = faults.writes.fetch_add(1, Ordering::SeqCst) >= faults.nth && !faults.is_cut.load(Ordering::SeqCst);
        let bytes = if fails { &bytes[..bytes.len() / 2] } else { bytes };
        self.file.write_at(bytes, at)?;
        if fails { Err(faults.error.into()) } else { Ok(()) }
    }

    fn cut(&self, length: u64) -> io::Result<()> {
        self.faults.0.is_cut.store(true, Ordering::SeqCst);
        self.file.cut(length)
    }

    fn sync(&self) -> io::Result<()> {
        self.faults.0.syncs.fetch_add(1, Ordering::SeqCst);
        self.file.sync()
    }
}

/// A disk that remembers each write instead.
#[derive(Clone, Default)]
pub(super) struct Log(Arc<Mutex<Vec<Written>>>);

/// Bytes, and where they went.
type Written = (Vec<u8>, u64);

impl Log {
    pub(super) fn writes(&self) -> Vec<Written> {
        self.0.lock().unwrap().clone()
    }
}

impl Medium for Log {
    fn write_at(&self, bytes: &[u8], at: u64) -> io::Result<()> {
        self.0.lock().unwrap().push((bytes.to_vec(), at));
        Ok(())
    }

    fn cut(&self, _: u64) -> io::Result<()> {
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        Ok(())
    }
}

/// Whether this write puts the private record before a piece.
pub(super) fn is_cover(bytes: &[u8]) -> bool {
    bytes.len() == HEAD && bytes[0] == COVER
}

/// A disk that says in a second file when its file may be torn: while a write is under way, but not while the large
/// part of a piece is, as a private record covers that.
pub(super) struct Marked {
    file: Arc<dyn Medium>,
    mark: File,
    is_covered: AtomicBool,
}

impl Marked {
    pub(super) fn opener(mark: &Path) -> Opener {
        let mark = mark.to_owned();
        Box::new(move |path| {
            let mark = OpenOptions::new().write(true).create(true).truncate(false).open(&mark)?;
            mark.write_all_at(b"1", 0)?;
            Ok(Arc::new(Marked { file: create(path)?, mark, is_covered: AtomicBool::new(false) }))
        })
    }
}

impl Medium for Marked {
    fn write_at(&self, bytes: &[u8], at: u64) -> io::Result<()> {
        let is_covered = self.is_covered.swap(is_cover(bytes), Ordering::Relaxed);
        if !is_covered {
            self.mark.write_all_at(b"1", 0)?;
        }
        self.file.write_at(bytes, at)?;
        if is_covered || bytes == END { Ok(()) } else { self.mark.write_all_at(b"0", 0) }
    }

    fn cut(&self, length: u64) -> io::Result<()> {
        self.file.cut(length)
    }

    fn sync(&self) -> io::Result<()> {
        self.file.sync()
    }
}
