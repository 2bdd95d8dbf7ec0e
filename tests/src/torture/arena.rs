//! The objects that are tortured.

use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use shmstore::error::Busy;
use shmstore::{Broadcast, Event, Lock, Map, Queue, ReadOnly, ShmObject, ShmValue, Versioned, WaitError};

use super::board::PARTS;
use super::ledger::Ledger;
use super::maps::{Keyed, Maps};
use super::stamp::{Stamp, Stamped};
use super::streams::Streams;

/// The object that stays while everybody who uses it is killed.
#[derive(ShmObject)]
#[repr(C)]
#[shm(id = 'A')]
pub(super) struct Arena {
    pub(super) small: Versioned<Stamped<1>>,
    pub(super) line: Versioned<Stamped<8>>,
    pub(super) page: Versioned<Stamped<512>>,
    pub(super) large: Versioned<Stamped<8192>>,
    pub(super) accounts: Versioned<Accounts>,
    pub(super) ledger: Ledger,
    pub(super) streams: Streams,
    pub(super) maps: Maps,
    pub(super) news: Event,
    /// What the victim takes and the measurer waits for.
    pub(super) measured: Held,
}

/// One part of each kind, for one holder and one who waits for it.
#[derive(ShmObject)]
#[repr(C)]
pub(super) struct Held {
    pub(super) lock: Lock,
    pub(super) transaction: Versioned<Stamped<8>>,
    pub(super) writer: Versioned<Stamped<512>>,
    pub(super) store: Versioned<Stamped<8192>>,
    pub(super) producer: Queue<Stamped<6>, 7>,
    pub(super) consumer: Queue<Stamped<6>, 7>,
    /// Has one item, which is taken and never done.
    pub(super) job: Queue<Stamped<6>, 1>,
    pub(super) queue: Queue<Stamped<512>, 2>,
    pub(super) sender: Broadcast<Stamped<6>, 7>,
    pub(super) broadcast: Broadcast<Stamped<512>, 2>,
    pub(super) map: Map<u64, Keyed<64>, 7>,
}

/// Money that only moves, and how often it did: as often as there were versions.
#[derive(Clone, Copy, ShmValue)]
#[repr(C)]
pub(super) struct Accounts {
    pub(super) updates: u64,
    pub(super) money: [i64; 8],
}

/// An object that comes and goes. Whoever sees it sees all of it filled.
#[derive(ShmObject)]
#[repr(C)]
#[shm(id = 'C')]
pub(super) struct Made {
    first: AtomicU64,
    pub(super) value: Versioned<Stamped<8>>,
    last: AtomicU64,
}

const MADE: u64 = 0x6d61_6465;

impl Made {
    pub(super) fn fill(&self, stamp: Stamp) {
        self.first.store(MADE, Relaxed);
        self.value.store(Stamped::of(stamp));
        self.last.store(MADE, Relaxed);
    }

    pub(super) fn check(&self) -> Result<(), String> {
        let (version, value) = self.value.load_versioned();
        let ends = [self.first.load(Relaxed), self.last.load(Relaxed)];
        if version == 0 || ends != [MADE; 2] {
            return Err(format!("an object was seen half-made: version {version}, {ends:x?}"));
        }
        value.check(version).map(drop)
    }
}

impl Accounts {
    pub(super) fn transfer(&mut self, from: usize, to: usize, amount: i64) -> u64 {
        self.money[from % 8] -= amount;
        self.money[to % 8] += amount;
        self.updates += 1;
        self.updates
    }

    /// What must hold of the accounts at a version.
    pub(super) fn check(&self, version: u64) -> Result<(), String> {
        let sum: i64 = self.money.iter().sum();
        if sum != 0 {
            return Err(format!("the accounts of version {version} sum up to {sum}: {:?}", self.money));
        }
        if self.updates != version {
            return Err(format!("version {version} of the accounts counts {} updates", self.updates));
        }
        Ok(())
    }
}

/// A part whose values carry stamps, whatever their size.
pub(super) trait Part {
    fn load(&self) -> (u64, Result<Stamp, String>);
    fn store(&self, stamp: Stamp);
    fn store_within(&self, stamp: Stamp, timeout: Duration) -> Result<(), Busy>;
    fn commit(&self, stamp: Stamp, commit: bool) -> u64;
    /// Stores by a lease for as long as there are stamps, and tells the version of each.
    fn lease(&self, next: &mut dyn FnMut() -> Option<Stamp>, stored: &mut dyn FnMut(u64, Stamp));
    fn version(&self) -> u64;
    fn wait(&self, version: u64, timeout: Duration) -> Result<(u64, Result<Stamp, String>), WaitError>;
}

impl<const WORDS: usize> Part for Versioned<Stamped<WORDS>> {
    fn load(&self) -> (u64, Result<Stamp, String>) {
        let mut value = Stamped::zeroed();
        let version = self.load_into(&mut value);
        (version, value.check(version))
    }

    fn store(&self, stamp: Stamp) {
        self.store_from(&Stamped::of(stamp));
    }

    fn store_within(&self, stamp: Stamp, timeout: Duration) -> Result<(), Busy> {
        self.writer_timeout(timeout)?.store_from(&Stamped::of(stamp));
        Ok(())
    }

    fn commit(&self, stamp: Stamp, commit: bool) -> u64 {
        let mut transaction = self.begin();
        *transaction = Stamped::of(stamp);
        let before = transaction.version();
        if commit {
            transaction.commit()
        } else {
            // What nobody may ever see.
            *transaction = Stamped::broken();
            transaction.rollback();
            before
        }
    }

    fn lease(&self, next: &mut dyn FnMut() -> Option<Stamp>, stored: &mut dyn FnMut(u64, Stamp)) {
        let mut writer = self.writer();
        while let Some(stamp) = next() {
            stored(writer.store_from(&Stamped::of(stamp)), stamp);
        }
    }

    fn version(&self) -> u64 {
        Versioned::version(self)
    }

    fn wait(&self, version: u64, timeout: Duration) -> Result<(u64, Result<Stamp, String>), WaitError> {
        let (version, value) = self.wait_newer(version, timeout)?;
        Ok((version, value.check(version)))
    }
}

impl Arena {
    /// The parts of each size: 8 bytes, 64, 4 KiB, 64 KiB.
    pub(super) fn parts(&self) -> [&dyn Part; PARTS] {
        [&self.small, &self.line, &self.page, &self.large]
    }
}

/// The part of each size as one who only reads sees it.
pub(super) fn load_read_only(arena: &ReadOnly<Arena>, part: usize) -> (u64, Result<Stamp, String>) {
    fn load<const WORDS: usize>((version, value): (u64, Stamped<WORDS>)) -> (u64, Result<Stamp, String>) {
        (version, value.check(version))
    }
    match part {
        0 => load(arena.small.load_versioned()),
        1 => load(arena.line.load_versioned()),
        2 => load(arena.page.load_versioned()),
        _ => load(arena.large.load_versioned()),
    }
}
