//! What a worker does with the maps.

use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use shmstore::error::BeginError;
use shmstore::map::{EntryError, InsertError};

use super::arena::Arena;
use super::board::MAPS;
use super::job::Job;
use super::maps::{FOLLOWED_KEYS, FOLLOWED_VALUE, Table, Way};
use super::op::Op;
use super::os::now;
use super::register::{Kind, Known, Register};
use super::stamp::Stamp;
use super::streams::Limit;

/// A map, and what is known of it.
pub(super) struct Use<'m> {
    pub(super) map: usize,
    pub(super) table: &'m dyn Table,
    pub(super) register: &'m Register,
    pub(super) known: Known<'m>,
}

/// One operation on a map.
pub(super) fn one(job: &mut Job<'_>, arena: &Arena) {
    let map = job.random.within(0..MAPS);
    let register = &job.board().maps[map];
    let it = Use { map, table: arena.maps.all()[map], register, known: Known::of(register, map) };
    let us = Kind::Of(job.number);
    match job.random.within(0..32) {
        0..8 => it.on_key_of_ours(job, us),
        8..13 => it.on_key_that_stays(job),
        13..26 => it.on_key_of_all(job),
        26..28 => it.iterate(job),
        28 => it.count(job),
        29 if is_ebb() => it.retain(job),
        30 if job.random.one_in(8) => it.wait(job),
        30 => it.rush(job),
        _ => it.on_key_that_is_not_there(job),
    }
}

/// For so long keys are inserted by most workers, and then removed: so maps are neither always full nor always empty.
const TIDE: u32 = 30;

fn is_ebb() -> bool {
    now() >> TIDE & 1 == 1
}

pub(super) fn limit(job: &mut Job<'_>) -> Limit {
    match job.random.within(0..8) {
        0 => Limit::Never,
        1..4 => Limit::Within(Duration::from_micros(job.random.within(0..2000) as u64)),
        _ => Limit::Forever,
    }
}

/// A limit for the lock of a value, which another worker may keep for as long.
pub(super) const FOR_A_VALUE: Duration = Duration::from_millis(2);

impl Use<'_> {
    pub(super) fn choose(&self, job: &mut Job<'_>, kind: Kind) -> Option<usize> {
        let indexes = self.known.indexes(kind);
        (!indexes.is_empty()).then(|| job.random.within(indexes))
    }

    /// Looks a key up. Returns its version and its stamp.
    pub(super) fn look(&self, job: &Job<'_>, index: usize) -> Option<(u64, Stamp)> {
        let least = self.known.version(index);
        let (version, value) = self.table.get(self.known.key(index))?;
        let stamp = job.expect("get", value)?;
        self.known.note(job, index, least, version, stamp);
        self.register.read.fetch_add(1, SeqCst);
        Some((version, stamp))
    }

    /// Returns `true` if the value is stored.
    pub(super) fn count_insertion(&self, job: &Job<'_>, inserted: Result<(), InsertError>, is_new: bool) -> bool {
        match inserted {
            Ok(()) => {
                let count = if is_new { &self.register.inserted } else { &self.register.stored };
                count.fetch_add(1, SeqCst);
                self.acknowledge_changes(job);
                true
            }
            Err(InsertError::Full { .. }) => {
                self.register.was_full.fetch_add(1, SeqCst);
                if !is_new {
                    job.violation(&format!("map {}: full for a key that is there", self.map));
                }
                false
            }
            Err(InsertError::Busy(_)) => false,
            Err(error) => {
                job.violation(&format!("insert: {error}"));
                false
            }
        }
    }

    pub(super) fn acknowledge_changes(&self, job: &Job<'_>) {
        if self.map == FOLLOWED_KEYS {
            job.board().map_changes.acknowledge(self.table.changes(), None);
        }
    }

    fn on_key_that_stays(&self, job: &mut Job<'_>) {
        let Some(index) = self.choose(job, Kind::Staying) else { return self.on_key_of_all(job) };
        job.enter(Op::MapGet);
        if self.look(job, index).is_none() {
            job.violation(&format!("map {}: key {:#x}, which stays, is missed", self.map, self.known.key(index)));
        }
        if job.random.one_in(2) {
            self.store(job, index);
        }
    }

    /// Stores to a key that others use, too. Returns `false` if it is not there, or busy.
    fn store(&self, job: &mut Job<'_>, index: usize) -> bool {
        let key = self.known.key(index);
        if job.random.one_in(3) {
            job.enter(Op::MapUpdate);
            let stamp = job.next_stamp();
            let old = self.table.update(key, stamp, &mut || job.dawdle());
            let is_there = old.is_some();
            old.map(|old| job.expect("update", old));
            return is_there;
        }
        let way = way(job);
        let mut stamps = stamps(job, way);
        job.enter(Op::MapStore);
        let least = self.known.version(index);
        let followed = (self.map == FOLLOWED_VALUE && index == 0).then(|| &job.board().map_value);
        let written = self.table.write(key, way, FOR_A_VALUE, &mut || stamps.next(), &mut |version, stamp| {
            self.known.note(job, index, least + 1, version, stamp);
            self.register.stored.fetch_add(1, SeqCst);
            followed.inspect(|followed| followed.acknowledge(version, Some(stamp)));
        });
        match written {
            Ok(written) => written.is_some(),
            Err(EntryError::Removed(_)) if self.known.kind(index) == Kind::Staying => {
                job.violation(&format!("map {}: key {key:#x}, which stays, was removed", self.map));
                false
            }
            Err(EntryError::Removed(_) | EntryError::Busy(_)) => false,
            Err(error) => {
                job.violation(&format!("store: {error}"));
                false
            }
        }
    }

    pub(super) fn on_key_of_all(&self, job: &mut Job<'_>) {
        let index = self.choose(job, Kind::OfAll).expect("each map has such keys");
        let key = self.known.key(index);
        match job.random.within(0..12) {
            0..5 => {
                let (stamp, limit) = (job.next_stamp(), limit(job));
                job.enter(Op::MapInsert);
                let mut is_new = true;
                let inserted = self.table.insert(key, stamp, limit).map(|old| {
                    is_new = old.is_none();
                    old.map(|old| job.expect("insert", old));
                });
                self.count_insertion(job, inserted, is_new);
            }
            5..8 if is_ebb() => {
                let limit = limit(job);
                job.enter(Op::MapRemove);
                match self.table.remove(key, limit) {
                    Ok(Some(old)) => {
                        job.expect("remove", old);
                        self.register.removed.fetch_add(1, SeqCst);
                        self.acknowledge_changes(job);
                    }
                    Ok(None) | Err(BeginError::Busy(_)) => {}
                    Err(error) => job.violation(&format!("remove: {error}")),
                }
            }
            5..9 => {
                let stamp = job.next_stamp();
                job.enter(Op::MapInsert);
                let value = self.table.get_or_insert(key, stamp);
                let inserted = value.map(|value| {
                    job.expect("get or insert", value);
                });
                self.count_insertion(job, inserted, true);
            }
            9..11 => drop(self.store(job, index)),
            _ => {
                job.enter(Op::MapGet);
                self.look(job, index);
            }
        }
    }

    /// Has a few keys take turns in the same entries as fast as it can, or looks for them, and for those that stay, as
    /// fast: so that one worker reads what another is just about to remove and to use again.
    fn rush(&self, job: &mut Job<'_>) {
        let (others, staying) = (self.known.indexes(Kind::OfAll), self.known.indexes(Kind::Staying));
        let is_reader = job.random.one_in(2);
        job.enter(if is_reader { Op::MapGet } else { Op::MapInsert });
        let mut index = others.start;
        for round in 0..job.random.within(1..1000) {
            let last = std::mem::replace(&mut index, others.start + job.random.within(0..others.len().min(4)));
            if is_reader && round & 1 == 0 && !staying.is_empty() {
                let index = job.random.within(staying.clone());
                if self.look(job, index).is_none() {
                    job.violation(&format!(
                        "map {}: key {:#x}, which stays, is missed",
                        self.map,
                        self.known.key(index)
                    ));
                }
            } else if is_reader {
                self.look(job, index);
            } else {
                let (last, key, stamp) = (self.known.key(last), self.known.key(index), job.next_stamp());
                // There may be no room, or another worker has the lock.
                let _ = self.table.remove(last, Limit::Never).map(|old| old.map(|old| job.expect("remove", old)));
                let _ = self.table.insert(key, stamp, Limit::Never).map(|old| old.map(|old| job.expect("insert", old)));
            }
        }
    }

    fn on_key_that_is_not_there(&self, job: &mut Job<'_>) {
        job.enter(Op::MapGet);
        let key = job.random.number() | 1 << 63;
        if self.table.get(key).is_some() || self.table.contains(key) {
            job.violation(&format!("map {}: there is a key {key:#x}", self.map));
        }
    }

    fn iterate(&self, job: &mut Job<'_>) {
        job.enter(Op::MapEach);
        super::map_checks::iterate(job, self.table, self.register, self.known, Some(job.number));
    }

    fn count(&self, job: &mut Job<'_>) {
        job.enter(Op::MapEach);
        let (len, keys) = (self.table.len(), self.table.keys());
        if len > self.table.capacity() || len < self.known.indexes(Kind::Staying).len() {
            job.violation(&format!("map {}: {len} keys", self.map));
        }
        if let Some(unknown) = keys.iter().find(|key| self.known.index(**key).is_none()) {
            job.violation(&format!("map {}: nobody inserts key {unknown:#x}", self.map));
        }
    }

    /// Removes some of the keys that all may remove.
    fn retain(&self, job: &mut Job<'_>) {
        job.enter(Op::MapRemove);
        let chosen = job.random.within(0..4);
        let is_of_all = |key| self.known.index(key).is_some_and(|index| self.known.kind(index) == Kind::OfAll);
        self.table.retain(&mut |key, value| {
            job.expect("retain", value);
            !is_of_all(key) || (key >> 10) as usize % 4 != chosen
        });
    }

    fn wait(&self, job: &mut Job<'_>) {
        job.enter(Op::Wait);
        let timeout = Duration::from_micros(job.random.within(0..3000) as u64);
        if job.random.one_in(2) {
            // The outcome does not matter.
            let _ = self.table.wait_changed(self.table.changes(), timeout);
            return;
        }
        let kind = if job.random.one_in(2) { Kind::OfAll } else { Kind::Staying };
        let Some(index) = self.choose(job, kind) else { return };
        let least = self.known.version(index);
        if let Ok((version, value)) = self.table.wait_newer(self.known.key(index), least, timeout) {
            if let Some(stamp) = job.expect("wait", value) {
                self.known.note(job, index, least + 1, version, stamp);
            }
        }
    }
}

pub(super) fn way(job: &mut Job<'_>) -> Way {
    [Way::Store, Way::Store, Way::Update, Way::Writer, Way::Writer, Way::Transaction, Way::RolledBack]
        [job.random.within(0..7)]
}

pub(super) fn stamps(job: &mut Job<'_>, way: Way) -> std::vec::IntoIter<Stamp> {
    let count = if way == Way::Writer { job.random.within(1..20) } else { 1 };
    let stamps: Vec<_> = (0..count).map(|_| job.next_stamp()).collect();
    stamps.into_iter()
}
