//! Changes by one process: new keys, new values, and removals.

use std::time::{Duration, Instant};

use super::{Full, Keys, key, maps, size, value};
use crate::Failure;
use crate::batch::{Contender, Sample, each};
use crate::row::Row;
use crate::systems::maps::Map;
use crate::systems::process_maps::{Locked, Papaya};
use crate::systems::shmstore_maps::{ByValue, Mapped};
use crate::work::{Ground, row, target};

/// The number of keys that are removed before as many are inserted, where one of the two is measured.
const BURST: u64 = 64;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Change {
    Insert,
    Remove,
}

macro_rules! with_floors {
    ($function:ident $arguments:tt: $($first:ty),*) => {{
        let mut contenders = maps!($function $arguments: $($first),*);
        contenders.push($function::<Locked> $arguments?);
        contenders.push($function::<Papaya> $arguments?);
        contenders
    }};
}

/// Inserts new keys into a map whose size stays the same.
pub(in crate::work) fn insert<const ENTRIES: usize>(ground: &Ground<'_>, name: &'static str) -> Result<Row, Failure> {
    let contenders = with_floors!(replacing(ground, name, ENTRIES, Change::Insert): Mapped<ENTRIES>);
    let work = format!("insert of a new key, beside {}", size(ENTRIES));
    Ok(row(ground, name, &work, contenders, vec![target("shmstore", "LMDB", 0.2)]))
}

/// Removes keys.
pub(in crate::work) fn remove<const ENTRIES: usize>(ground: &Ground<'_>, name: &'static str) -> Result<Row, Failure> {
    let contenders = with_floors!(replacing(ground, name, ENTRIES, Change::Remove): Mapped<ENTRIES>);
    let work = format!("remove of a key, of {}", size(ENTRIES));
    Ok(row(ground, name, &work, contenders, vec![target("shmstore", "LMDB", 0.2)]))
}

/// Stores new values of keys that are there.
pub(in crate::work) fn update<const ENTRIES: usize>(ground: &Ground<'_>, name: &'static str) -> Result<Row, Failure> {
    let mut contenders = with_floors!(updating(ground, name, ENTRIES): Mapped<ENTRIES>, ByValue<ENTRIES>);
    contenders[1].name = "shmstore, update";
    let work = format!("insert of a known key, of {}", size(ENTRIES));
    Ok(row(ground, name, &work, contenders, vec![target("shmstore", "LMDB", 0.2)]))
}

/// Removes keys, and inserts as many new ones.
fn replacing<T: Map>(
    ground: &Ground<'_>,
    row: &str,
    entries: usize,
    measured: Change,
) -> Result<Contender<'static>, Failure> {
    let full = Full::<T>::make(ground, row, entries)?;
    let (mut replace, mut keys) = (Replace::new(entries), full.keys(0));
    Ok(Contender::new(T::NAME, move |rounds| {
        let (mut taken, mut left) = (Duration::ZERO, rounds);
        while left > 0 {
            let keys = keys.next(left.min(BURST));
            left -= keys.len() as u64;
            let start = Instant::now();
            replace.remove(&full.map, keys);
            let middle = Instant::now();
            replace.insert(&full.map, keys);
            taken += if measured == Change::Insert { middle.elapsed() } else { middle - start };
        }
        Sample { nanoseconds: each(taken, rounds), rounds, ..Sample::default() }
    }))
}

/// Replaces keys by new ones.
pub(super) struct Replace {
    /// The number of the next new key.
    next: usize,
}

impl Replace {
    /// Keys with larger numbers than these are new.
    pub(super) fn new(numbers: usize) -> Self {
        Self { next: numbers }
    }

    #[inline]
    pub(super) fn remove<T: Map>(&self, map: &T, keys: &[u64]) {
        for key in keys {
            assert!(map.remove(*key), "{}: a key that is there", T::NAME);
        }
    }

    /// Inserts a new key in place of each of `keys`.
    #[inline]
    pub(super) fn insert<T: Map>(&mut self, map: &T, keys: &mut [u64]) {
        for old in keys {
            *old = key(self.next);
            self.next += 1;
            map.insert(*old, &value(*old, 0));
        }
    }
}

fn updating<T: Map>(ground: &Ground<'_>, row: &str, entries: usize) -> Result<Contender<'static>, Failure> {
    let full = Full::<T>::make(ground, row, entries)?;
    let (mut update, mut keys) = (Update::new(), full.keys(0));
    Ok(Contender::timed(T::NAME, move |mut rounds| {
        while rounds > 0 {
            rounds -= update.some(&full.map, &mut keys, rounds);
        }
    }))
}

/// Stores new values: the number of those before.
pub(super) struct Update(u64);

impl Update {
    pub(super) fn new() -> Self {
        Self(0)
    }

    /// Stores values of the next keys, of `most` at most. Returns their number.
    #[inline]
    pub(super) fn some<T: Map>(&mut self, map: &T, keys: &mut Keys, most: u64) -> u64 {
        let keys = keys.next(most);
        for &mut key in &mut *keys {
            self.0 += 1;
            map.insert(key, &value(key, self.0));
        }
        keys.len() as u64
    }
}
