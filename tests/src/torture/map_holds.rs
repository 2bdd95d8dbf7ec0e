//! What the victim has of a map, and how the measurer gets it after the victim's death.

use std::thread;

use shmstore::Map;
use shmstore::error::BeginError;
use shmstore::map::{EntryError, InsertError};

use super::arena::Held;
use super::holds::{has_it, text};
use super::job::{Job, STUCK};
use super::maps::Keyed;
use super::op::Op;
use super::stamp::Stamp;
use super::victim::{Kind, keep_it};

type Measured = Map<u64, Keyed<64>, 7>;

/// The keys whose values are written: by an exclusive writer, in a transaction, and by updates.
const WRITTEN: u64 = 1;
const BEGUN: u64 = 2;
const UPDATED: u64 = 3;
/// The keys that come and go, of the victim and of the measurer. With the three above they fill the map.
const VICTIMS: [u64; 3] = [4, 5, 6];
const MEASURERS: u64 = 7;

/// Holds the map, or a key of it, until it is killed.
pub(super) fn hold(job: &mut Job<'_>, held: &Held, kind: Kind) {
    let held = &held.map;
    let value = |job: &mut Job<'_>, key| Keyed::of(key, job.next_stamp());
    let get_or_insert = |job: &mut Job<'_>, key| {
        let value = value(job, key);
        job.expect("insert", held.get_or_insert_with(key, || value));
        held.entry(&key).expect("a key that nobody removes")
    };
    match kind {
        Kind::Entry => {
            let entry = get_or_insert(job, WRITTEN);
            let Some(mut writer) = job.expect("writer", entry.writer()) else { return };
            has_it(job, Op::HoldEntry);
            loop {
                writer.store(value(job, WRITTEN));
                // Leaves the others of this machine some time.
                thread::yield_now();
            }
        }
        Kind::Value => {
            let entry = get_or_insert(job, BEGUN);
            let Some(_transaction) = job.expect("begin", entry.begin()) else { return };
            has_it(job, Op::HoldValue);
            keep_it();
        }
        Kind::Keys => {
            has_it(job, Op::HoldKeys);
            for round in 0.. {
                let key = VICTIMS[round % VICTIMS.len()];
                let value = value(job, key);
                job.expect("insert", held.insert(key, value));
                job.expect("remove", held.remove(&VICTIMS[(round + 1) % VICTIMS.len()]));
            }
        }
        _ => {
            get_or_insert(job, UPDATED);
            has_it(job, Op::HoldUpdates);
            loop {
                let value = value(job, UPDATED);
                job.expect("update", held.update(&UPDATED, |old| *old = value));
            }
        }
    }
}

/// Gets what the victim has once, and uses it. Says why not.
pub(super) fn acquire(held: &Held, kind: Kind, stamp: Stamp) -> Result<(), String> {
    let held = &held.map;
    match kind {
        Kind::Entry => {
            let entry = held.entry(&WRITTEN).ok_or("the key is not there")?;
            let version = entry.writer_timeout(STUCK).map_err(text)?.store(Keyed::of(WRITTEN, stamp));
            expect_newer(held, WRITTEN, version)
        }
        Kind::Value => {
            let entry = held.entry(&BEGUN).ok_or("the key is not there")?;
            let mut transaction = entry.begin_timeout(STUCK).map_err(text)?;
            transaction.check(BEGUN)?;
            *transaction = Keyed::of(BEGUN, stamp);
            let version = transaction.commit();
            expect_newer(held, BEGUN, version)
        }
        Kind::Keys => {
            // No key may be left of the last victim, or up to three.
            let inserted = held.insert_timeout(MEASURERS, Keyed::of(MEASURERS, stamp), STUCK);
            if inserted.map_err(|error: InsertError| text(error))?.is_some() {
                return Err("the key was there".to_owned());
            }
            let removed = held.remove_timeout(&MEASURERS, STUCK).map_err(|error: BeginError| text(error))?;
            let removed = removed.ok_or("the key was not there")?.check(MEASURERS)?;
            if removed == stamp { Ok(()) } else { Err(format!("the key had {removed:?}, and not {stamp:?}")) }
        }
        _ => {
            let old = held.insert_timeout(UPDATED, Keyed::of(UPDATED, stamp), STUCK).map_err(text)?;
            old.ok_or("the key was not there")?.check(UPDATED).map(drop)
        }
    }
}

/// The value of a key is whole, and not older than a version that was stored.
fn expect_newer(held: &Measured, key: u64, version: u64) -> Result<(), String> {
    let entry = held.entry(&key).ok_or("the key is gone")?;
    let (newest, value) = entry.load_versioned().map_err(|error: EntryError| text(error))?;
    value.check(key)?;
    if newest < version { Err(format!("version {newest} came after {version}")) } else { Ok(()) }
}
