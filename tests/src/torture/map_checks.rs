//! What must hold of a map at any time, and when all is over.

use std::collections::HashSet;
use std::sync::atomic::Ordering::SeqCst;

use shmstore::map::InsertError;

use super::arena::Arena;
use super::job::Job;
use super::maps::{FOLLOWED_VALUE, Table};
use super::register::{Kind, Known, Register};
use super::stamp::Stamp;
use super::streams::Limit;
use crate::map_words::Counts;
use crate::raw::{Raw, field, find};
use crate::scratch::key_of;

/// The segment of the arena, by its bytes.
pub(super) struct Segment {
    raw: Raw,
    payload: usize,
    arena: usize,
}

impl Segment {
    pub(super) fn of(job: &Job<'_>, arena: &Arena) -> Option<Self> {
        let raw = find(key_of(job.common.path, 'A')).and_then(Raw::try_attach);
        let raw = job.expect("the segment of the arena", raw.ok_or("there is none"))?;
        Some(Self { payload: raw.get(field::PAYLOAD_OFFSET) as usize, raw, arena: std::ptr::from_ref(arena).addr() })
    }

    /// Checks the structure of a map as a whole, if nobody changes it meanwhile.
    fn check(&self, table: &dyn Table) -> Option<Result<Counts, String>> {
        table.words(&self.raw, self.payload + table.address() - self.arena).check_if_quiet()
    }

    fn bucket(&self, table: &dyn Table, key: u64) -> usize {
        table.words(&self.raw, self.payload + table.address() - self.arena).bucket(&key.to_le_bytes())
    }
}

/// Chooses the keys of all maps, and inserts those that stay. Most maps get keys of a few buckets only, so that their
/// chains are long.
pub(super) fn choose_keys(job: &Job<'_>, arena: &Arena) {
    let segment = Segment::of(job, arena).expect("the arena, which was just made");
    for (map, table) in arena.maps.all().into_iter().enumerate() {
        // The first insertion draws the seed.
        table.insert(1 << 63, Stamp::new(0, 1), Limit::Never).expect("a new map");
        table.remove(1 << 63, Limit::Never).expect("nobody else uses it");
        let most = if map == FOLLOWED_VALUE { usize::MAX } else { (table.capacity() / 8).max(1) };
        Known::of(&job.board().maps[map], map).choose(table, |key| segment.bucket(table, key) < most);
    }
}

/// Reads all keys and values. Each key that stays comes once, and so does each of the caller's place.
pub(super) fn iterate(job: &Job<'_>, table: &dyn Table, register: &Register, known: Known<'_>, place: Option<usize>) {
    let ours = place.map_or(0..0, |place| known.indexes(Kind::Of(place)));
    let is_there = |index: &usize| known.is_settled(*index) && known.done(*index) != 0;
    let expected = known.indexes(Kind::Staying).chain(ours.filter(is_there));
    let mut expected: HashSet<usize> = expected.collect();
    table.each(&mut |key, value| {
        let Some(index) = known.index(key) else { return job.violation(&format!("nobody inserts key {key:#x}")) };
        job.expect("iterate", value);
        let is_of_interest = match known.kind(index) {
            Kind::Staying => true,
            Kind::Of(of) => Some(of) == place && known.is_settled(index),
            Kind::OfAll => false,
        };
        if is_of_interest && !expected.remove(&index) {
            job.violation(&format!("key {key:#x} comes twice in an iteration, or is not there"));
        }
    });
    for missed in expected {
        job.violation(&format!("key {:#x} is missed by an iteration", known.key(missed)));
    }
    register.iterated.fetch_add(1, SeqCst);
}

/// Looks at the keys that stay, at those of all places, and at the structure. After each kill.
pub(super) fn check(job: &Job<'_>, arena: &Arena, segment: &Segment) {
    for (map, table) in arena.maps.all().into_iter().enumerate() {
        let register = &job.board().maps[map];
        let known = Known::of(register, map);
        let of_places = (0..super::board::PLACES).flat_map(|place| known.indexes(Kind::Of(place)));
        for index in known.indexes(Kind::Staying).chain(of_places) {
            let least = known.version(index);
            match table.get(known.key(index)) {
                Some((version, value)) => {
                    if let Some(stamp) = job.expect("get", value) {
                        known.note(job, index, least, version, stamp);
                    }
                }
                None if known.kind(index) != Kind::Staying => {}
                None => job.violation(&format!("map {map}: key {:#x}, which stays, is missed", known.key(index))),
            }
        }
        if table.len() > table.capacity() {
            job.violation(&format!("map {map}: {} keys", table.len()));
        }
        note_structure(job, map, register, segment.check(table));
    }
}

fn note_structure(job: &Job<'_>, map: usize, register: &Register, found: Option<Result<Counts, String>>) {
    match found {
        None => {}
        Some(Ok(Counts { longest, .. })) => {
            register.structures.fetch_add(1, SeqCst);
            register.longest.fetch_max(longest as u64, SeqCst);
        }
        Some(Err(error)) => job.violation(&format!("map {map}: {error}")),
    }
}

/// All workers are dead: each key that one place alone changes is as its last call left it, the number of keys is exact,
/// and each entry is there for a key.
pub(super) fn close(job: &Job<'_>, arena: &Arena, segment: &Segment) {
    for (map, table) in arena.maps.all().into_iter().enumerate() {
        let register = &job.board().maps[map];
        let known = Known::of(register, map);
        // As the dead have left it.
        let (len, keys) = (table.len(), table.keys().len());
        if len != keys {
            job.violation(&format!("map {map}: {len} keys at rest, and an iteration finds {keys}"));
        }
        for index in (0..super::board::PLACES).flat_map(|place| known.indexes(Kind::Of(place))) {
            let found = table.get(known.key(index)).map_or(Ok(0), |(_, value)| value.map(|stamp| stamp.0));
            let Some(found) = job.expect("the last get", found) else { continue };
            let before = known.done(index);
            if !known.settle(index, found) {
                let key = known.key(index);
                job.violation(&format!("map {map}: key {key:#x} has {found:#x} at rest, its writer left {before:#x}"));
            }
        }
        iterate(job, table, register, known, None);
        fill(job, map, table, len);
        check_at_rest(job, map, table, segment, len);
        // And without any key.
        table.retain(&mut |_, _| false);
        check_at_rest(job, map, table, segment, 0);
        fill(job, map, table, 0);
    }
}

fn check_at_rest(job: &Job<'_>, map: usize, table: &dyn Table, segment: &Segment, len: usize) {
    let found = segment.check(table).unwrap_or_else(|| Err("its lock is taken, or its intent is there".to_owned()));
    let Some(counts) = job.expect(&format!("map {map} at rest"), found) else { return };
    let Counts { live, free, unused, .. } = counts;
    if live != len || live + free + unused != table.capacity() || table.len() != len {
        job.violation(&format!("map {map}: {len} keys at rest, and {counts:?}"));
    }
    note_structure(job, map, &job.board().maps[map], Some(Ok(counts)));
}

/// Inserts new keys as long as there is room, and removes them: there is an entry for each.
fn fill(job: &Job<'_>, map: usize, table: &dyn Table, len: usize) {
    let probe = |number: usize| number as u64 | 1 << 63;
    let mut count = 0;
    while count <= table.capacity() {
        match table.insert(probe(count), Stamp::new(0, 1), Limit::Never) {
            Ok(_) => count += 1,
            Err(InsertError::Full { .. }) => break,
            Err(error) => return job.violation(&format!("map {map} at rest: {error}")),
        }
    }
    if count + len != table.capacity() {
        job.violation(&format!("map {map}: {count} keys found room beside {len}, an entry is lost"));
    }
    for number in 0..count {
        let removed = table.remove(probe(number), Limit::Never);
        job.expect(
            "remove at rest",
            removed.map_err(|error| error.to_string()).and_then(|old| old.ok_or("gone".into())),
        );
    }
}
