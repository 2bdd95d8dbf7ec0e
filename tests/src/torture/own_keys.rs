//! What a worker does with the keys of a map that it alone changes. It knows what must be there: the value of its last
//! call, or of the call in which the last worker of its place was killed.

use std::sync::atomic::Ordering::SeqCst;

use shmstore::error::BeginError;
use shmstore::map::EntryError;

use super::job::Job;
use super::mapping::{FOR_A_VALUE, Use, limit, stamps, way};
use super::maps::Way;
use super::op::Op;
use super::register::Kind;
use super::stamp::Stamp;
use super::streams::Checked;

impl Use<'_> {
    /// A key that this worker alone changes. It knows what must be there.
    pub(super) fn on_key_of_ours(&self, job: &mut Job<'_>, us: Kind) {
        let Some(index) = self.choose(job, us) else { return self.on_key_of_all(job) };
        let key = self.known.key(index);
        job.enter(Op::MapGet);
        let found = self.look(job, index).map_or(0, |(_, stamp)| stamp.0);
        let before = self.known.done(index);
        if !self.known.settle(index, found) {
            job.violation(&format!("map {}: key {key:#x} has {found:#x}, its only writer left {before:#x}", self.map));
        }
        if self.table.contains(key) != (found != 0) {
            job.violation(&format!("map {}: key {key:#x} with {found:#x} comes and goes by itself", self.map));
        }
        match job.random.within(0..10) {
            0..4 => self.insert_ours(job, index, found),
            4..7 => self.remove_ours(job, index, found),
            7 => self.update_ours(job, index, found),
            _ => self.write_ours(job, index, found),
        }
        job.enter(Op::MapGet);
        let after = self.look(job, index).map_or(0, |(_, stamp)| stamp.0);
        let expected = self.known.done(index);
        if after != expected {
            job.violation(&format!("map {}: key {key:#x} has {after:#x}, and not {expected:#x}", self.map));
        }
    }

    fn expect_old(&self, job: &Job<'_>, index: usize, old: Option<Checked>, expected: u64) {
        let old = old.map_or(Some(0), |old| job.expect("old value", old).map(|stamp| stamp.0));
        if old.is_some_and(|old| old != expected) {
            let key = self.known.key(index);
            job.violation(&format!("map {}: key {key:#x} had {old:x?}, and not {expected:#x}", self.map));
        }
    }

    fn insert_ours(&self, job: &mut Job<'_>, index: usize, before: u64) {
        let (stamp, limit, key) = (job.next_stamp(), limit(job), self.known.key(index));
        job.enter(Op::MapInsert);
        self.known.begin(index, stamp.0);
        let is_stored = if job.random.one_in(4) {
            let inserted = self.table.insert_from(key, stamp);
            let inserted = inserted.map(|is_new| {
                if is_new != (before == 0) {
                    job.violation(&format!("map {}: key {key:#x} is new: {is_new}, after {before:#x}", self.map));
                }
            });
            self.count_insertion(job, inserted, before == 0)
        } else {
            let inserted = self.table.insert(key, stamp, limit);
            let inserted = inserted.map(|old| self.expect_old(job, index, old, before));
            self.count_insertion(job, inserted, before == 0)
        };
        self.known.finish(index, if is_stored { stamp.0 } else { before });
    }

    fn remove_ours(&self, job: &mut Job<'_>, index: usize, before: u64) {
        let (limit, key) = (limit(job), self.known.key(index));
        job.enter(Op::MapRemove);
        self.known.begin(index, 0);
        let is_removed = match self.table.remove(key, limit) {
            Ok(old) => {
                self.expect_old(job, index, old, before);
                self.register.removed.fetch_add(u64::from(before != 0), SeqCst);
                self.acknowledge_changes(job);
                true
            }
            Err(BeginError::Busy(_)) => false,
            Err(error) => {
                job.violation(&format!("remove: {error}"));
                false
            }
        };
        self.known.finish(index, if is_removed { 0 } else { before });
    }

    fn update_ours(&self, job: &mut Job<'_>, index: usize, before: u64) {
        let (stamp, key) = (job.next_stamp(), self.known.key(index));
        job.enter(Op::MapUpdate);
        self.known.begin(index, if before == 0 { 0 } else { stamp.0 });
        let old = self.table.update(key, stamp, &mut || job.dawdle());
        self.expect_old(job, index, old, before);
        self.known.finish(index, if before == 0 { 0 } else { stamp.0 });
    }

    fn write_ours(&self, job: &mut Job<'_>, index: usize, before: u64) {
        let way = way(job);
        let mut stamps = stamps(job, way);
        job.enter(Op::MapStore);
        let (known, mut begun) = (self.known, None);
        let is_stored = !matches!(way, Way::RolledBack);
        // Of the stamp before this one it is known that it is stored.
        let mut next = || {
            if let Some(stamp) = begun.take().filter(|_| is_stored) {
                known.finish(index, stamp);
            }
            let stamp: Stamp = stamps.next()?;
            known.begin(index, if is_stored { stamp.0 } else { before });
            begun = Some(stamp.0);
            Some(stamp)
        };
        let least = known.version(index);
        let written = self.table.write(known.key(index), way, FOR_A_VALUE, &mut next, &mut |version, stamp| {
            known.note(job, index, least + 1, version, stamp);
        });
        let is_there = match written {
            Ok(is_there) => is_there.is_some(),
            // Another one that has found the entry before it was freed may have its lock for a moment.
            Err(EntryError::Busy(_)) => true,
            Err(error) => return job.violation(&format!("map {}: store to a key of ours: {error}", self.map)),
        };
        if is_there != (before != 0) {
            job.violation(&format!("map {}: an entry of {before:#x}: {is_there}", self.map));
        }
        known.finish(index, known.done(index));
    }
}
