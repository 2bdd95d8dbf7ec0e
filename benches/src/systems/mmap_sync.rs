//! mmap-sync: two files, and a word that names the newer one. Readers are counted, and the writer waits for them.
//!
//! In its favor: the bytes are stored as they are (`write_raw`, without serialization or checks), a read does not check
//! the archive, and a writer that waits for a reader does not sleep (by default it would, for a second).
//!
//! # Safety
//!
//! Assumes that no reader is delayed for longer than the writer's grace period, as `Synchronizer::read` asks. Promises
//! to drop every value at once.
#![allow(unsafe_code)]

use std::hint::black_box;
use std::path::Path;
use std::time::Duration;

use ::mmap_sync::instance::InstanceVersion;
use ::mmap_sync::locks::LockDisabled;
use ::mmap_sync::synchronizer::Synchronizer;
use ::shmstore::ShmValue;
use wyhash::WyHash;

use super::frames::{Fill, Hand, Hold, Publish, Sum, WORDS, fill_words, sum_words};
use super::{Board, Read, Whole, Write};
use crate::Failure;
use crate::payload::Payload;

/// Two files.
pub struct MmapSync;

/// Either side; a waiting writer spins.
pub struct Side(Synchronizer<WyHash, LockDisabled, 1024, 0>);

const NAME: &str = "mmap-sync";

/// The time that the writer waits for a reader.
const GRACE: Duration = Duration::from_secs(1);

impl Side {
    fn new(directory: &Path) -> Self {
        Self(Synchronizer::with_params(directory.join(NAME).as_os_str()))
    }
}

impl Board for MmapSync {
    const NAME: &'static str = NAME;
    type Writer<const WORDS: usize> = Side;
    type Reader<const WORDS: usize> = Side;

    fn create<const WORDS: usize>(directory: &Path) -> Result<Side, Failure> {
        let mut writer = Side::new(directory);
        // Both files, so that a reader finds either.
        writer.write(&Payload::<WORDS>::filled(1));
        writer.write(&Payload::<WORDS>::filled(1));
        Ok(writer)
    }

    fn open<const WORDS: usize>(directory: &Path) -> Result<Side, Failure> {
        Ok(Side::new(directory))
    }
}

impl<const WORDS: usize> Write<WORDS> for Side {
    #[inline]
    fn write(&mut self, value: &Payload<WORDS>) {
        self.0.write_raw::<[u64; WORDS]>(value.bytes(), GRACE).expect("one writer");
    }
}

impl<const WORDS: usize> Read<WORDS> for Side {
    #[inline]
    fn read(&mut self, into: &mut Payload<WORDS>) {
        // SAFETY: these files have archives of this type, whose bytes are the value's own; dropped at once.
        let value = unsafe { self.0.read::<[u64; WORDS]>(false) };
        into.0.copy_from_slice(&*value.expect("stored before"));
    }
}

/// A large value in its two files, which a reader reads in place. A writer has a copy of its own, because
/// `Synchronizer` takes the bytes of a whole value.
pub struct Mapping;

/// The write side.
pub struct Copying {
    side: Side,
    value: Box<Payload<WORDS>>,
}

/// The read side.
pub struct Borrowing {
    side: Side,
    seen: Option<InstanceVersion>,
}

impl Hand for Mapping {
    const NAME: &'static str = NAME;
    type Writer = Copying;
    type Reader = Borrowing;

    fn create(directory: &Path) -> Result<Copying, Failure> {
        Ok(Copying { side: Side::new(directory), value: Payload::zeroed_box() })
    }

    fn open(directory: &Path) -> Result<Borrowing, Failure> {
        Ok(Borrowing { side: Side::new(directory), seen: None })
    }
}

impl Publish for Copying {
    fn publish(&mut self, word: impl FnOnce() -> u64) {
        *self.value.word_mut() = word();
        self.side.write(&self.value);
    }
}

impl Fill for Copying {
    fn fill(&mut self, first: u64) {
        fill_words(&mut self.value.0, first);
        self.side.write(&self.value);
    }
}

impl Hold for Borrowing {
    #[inline]
    fn hold(&mut self) -> u64 {
        // SAFETY: these files have archives of this type, whose bytes are the value's own; dropped at once.
        let value = unsafe { self.side.0.read::<[u64; WORDS]>(false) };
        value.expect("stored before")[0]
    }
}

impl Sum for Borrowing {
    fn sum(&mut self) -> Option<u64> {
        let version = self.side.0.version().ok();
        if version.is_none() || version == self.seen {
            return None;
        }
        self.seen = version;
        // SAFETY: as in `hold`.
        let value = unsafe { self.side.0.read::<[u64; WORDS]>(false) };
        Some(sum_words(&*value.expect("stored before")))
    }
}

impl Whole for MmapSync {
    const NAME: &'static str = NAME;

    fn attaching(directory: &Path) -> Result<impl FnMut() + 'static, Failure> {
        let writer = Self::create::<8>(directory)?;
        let directory = directory.to_owned();
        let mut into = Payload::<8>::filled(0);
        Ok(move || {
            let _writer = &writer;
            Side::new(&directory).read(black_box(&mut into));
        })
    }

    fn creating(directory: &Path) -> Result<impl FnMut() + 'static, Failure> {
        let directory = directory.to_owned();
        Ok(move || {
            Side::new(&directory).write(&Payload::<8>::filled(1));
            for file in ["mmap-sync_state", "mmap-sync_data_0"] {
                std::fs::remove_file(directory.join(file)).expect("created above");
            }
        })
    }
}
