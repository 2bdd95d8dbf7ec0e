//! Look-ups by one process.
//!
//! Where look-ups are independent, the processor overlaps them. Where they come in turn, the next key depends on the
//! value that was read, or, if none was, a fence waits for the end of the look-up.

use std::hint::black_box;
use std::rc::Rc;
use std::time::{Duration, Instant};

use super::{FEW, Full, Keys, LOCKED, MANY, PAPAYA, is_wrong, maps, room, shuffled, size, warm};
use crate::Failure;
use crate::batch::{Contender, Sample, each};
use crate::row::{Row, Target};
use crate::systems::Reads;
use crate::systems::bare::wait_for_loads;
#[cfg(boost)]
use crate::systems::boost_maps::BoostMap;
use crate::systems::lmdb_maps::LmdbMap;
use crate::systems::maps::{Get, Loop, Map, Value};
use crate::systems::process_maps::{Locked, Papaya};
use crate::systems::shmstore_maps::{ByValue, Mapped};
use crate::work::{Ground, row, target};

const ONE: &str = LmdbMap::LOOPS[0].name;

/// The relation of a look-up to the next one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Relation {
    Independent,
    Chained,
    Fenced,
}

/// Looks up keys that are there.
pub(in crate::work) fn get<const ENTRIES: usize>(ground: &Ground<'_>, name: &'static str) -> Result<Row, Failure> {
    let work = format!("get of {} keys, independent", size(ENTRIES));
    Ok(row(ground, name, &work, looking::<ENTRIES>(ground, Relation::Independent, true)?, targets(ENTRIES)))
}

/// The same, each depending on the one before.
pub(in crate::work) fn get_in_turn<const ENTRIES: usize>(
    ground: &Ground<'_>,
    name: &'static str,
) -> Result<Row, Failure> {
    let work = format!("get of {} keys, the next key depends on the value", size(ENTRIES));
    Ok(row(ground, name, &work, looking::<ENTRIES>(ground, Relation::Chained, true)?, targets(ENTRIES)))
}

/// Looks up keys that are not there.
pub(in crate::work) fn miss<const ENTRIES: usize>(ground: &Ground<'_>, name: &'static str) -> Result<Row, Failure> {
    let work = format!("get of absent keys beside {}, independent", size(ENTRIES));
    Ok(row(ground, name, &work, looking::<ENTRIES>(ground, Relation::Independent, false)?, targets(ENTRIES)))
}

/// The same, with a fence after each.
pub(in crate::work) fn miss_in_turn<const ENTRIES: usize>(
    ground: &Ground<'_>,
    name: &'static str,
) -> Result<Row, Failure> {
    let work = format!("get of absent keys beside {}, a fence after each", size(ENTRIES));
    Ok(row(ground, name, &work, looking::<ENTRIES>(ground, Relation::Fenced, false)?, targets(ENTRIES)))
}

/// The time at the larger size, divided by the time at the smaller one.
pub(in crate::work) fn growth(ground: &Ground<'_>, name: &'static str) -> Result<Row, Failure> {
    let mut contenders = vec![growing::<Mapped<FEW>, Mapped<MANY>>(ground)?];
    contenders.push(growing::<LmdbMap, LmdbMap>(ground)?);
    #[cfg(boost)]
    contenders.push(growing::<BoostMap, BoostMap>(ground)?);
    contenders.push(growing::<Locked, Locked>(ground)?);
    contenders.push(growing::<Papaya, Papaya>(ground)?);
    let targets = vec![target("shmstore", LOCKED, 1.0), target("shmstore", PAPAYA, 1.0)];
    let work = "get of 1 M keys, by the time of 10 k keys, independent";
    Ok(Row { unit: "times", ..row(ground, name, work, contenders.into_iter().flatten().collect(), targets) })
}

fn targets(entries: usize) -> Vec<Target> {
    let floor = if entries == FEW { 1.75 } else { 1.0 };
    let mut targets = vec![target("shmstore", LOCKED, floor), target("shmstore", PAPAYA, floor)];
    if entries == MANY {
        targets.insert(0, target("shmstore", ONE, 0.25));
    }
    targets
}

/// All systems. `is_there`: the keys are in the map.
fn looking<const ENTRIES: usize>(
    ground: &Ground<'_>,
    relation: Relation,
    is_there: bool,
) -> Result<Vec<Contender<'static>>, Failure> {
    let mut contenders = maps!(alone(ground, ENTRIES, relation, is_there): Mapped<ENTRIES>);
    if relation == Relation::Independent && is_there {
        contenders.insert(1, alone::<ByValue<ENTRIES>>(ground, ENTRIES, relation, is_there)?);
    }
    contenders.push(alone::<Locked>(ground, ENTRIES, relation, is_there)?);
    contenders.push(alone::<Papaya>(ground, ENTRIES, relation, is_there)?);
    Ok(contenders.into_iter().flatten().collect())
}

/// One system, with a contender for each kind of loop.
fn alone<T: Map>(
    ground: &Ground<'_>,
    entries: usize,
    relation: Relation,
    is_there: bool,
) -> Result<Vec<Contender<'static>>, Failure> {
    let full = Full::<T>::kept(ground, entries)?;
    let contender = |(salt, of): (usize, &Loop)| {
        let (full, of) = (Rc::clone(&full), *of);
        let mut keys = Keys::new(shuffled(if is_there { 0..entries } else { entries..2 * entries }, salt));
        let mut into = room();
        Contender::new(of.name, move |rounds| {
            look_up(&full.map, of, relation, &mut keys, warm(entries), &mut into.0);
            let start = Instant::now();
            let seen = look_up(&full.map, of, relation, &mut keys, rounds, &mut into.0);
            let nanoseconds = each(start.elapsed(), rounds);
            assert_eq!(seen.done, if is_there { rounds } else { 0 }, "{}: keys that are there", of.name);
            Sample { nanoseconds, rounds, torn: seen.torn, ..Sample::default() }
        })
    };
    Ok(T::LOOPS.iter().enumerate().map(contender).collect())
}

/// The number of look-ups between two looks at the clock.
const CHUNK: u64 = 1024;

fn growing<Few: Map, Many: Map>(ground: &Ground<'_>) -> Result<Vec<Contender<'static>>, Failure> {
    let few = Full::<Few>::kept(ground, FEW)?;
    let many = Full::<Many>::kept(ground, MANY)?;
    // A ratio is no time, so the clock ends a batch, which is a little longer than others: then one is enough to see
    // that it is full.
    let time = ground.plan.time * 3 / 4;
    let contender = |(salt, of): (usize, &Loop)| {
        let [mut of_few, mut of_many] = [few.keys(salt), many.keys(salt)];
        let (few, many, of) = (Rc::clone(&few), Rc::clone(&many), *of);
        Contender::new(of.name, move |_| {
            let few = for_a_time(&few.map, of, &mut of_few, time);
            let many = for_a_time(&many.map, of, &mut of_many, time);
            let nanoseconds = many.nanoseconds / few.nanoseconds;
            Sample { nanoseconds, rounds: few.rounds + many.rounds, torn: few.torn + many.torn, ..Sample::default() }
        })
    };
    Ok(Many::LOOPS.iter().enumerate().map(contender).collect())
}

/// Looks up keys that are there, for a time.
fn for_a_time<T: Map>(map: &T, of: Loop, keys: &mut Keys, time: Duration) -> Sample {
    let (mut rounds, mut torn, mut into) = (0, 0, room());
    look_up(map, of, Relation::Independent, keys, warm(keys.all.len()), &mut into.0);
    let start = Instant::now();
    while start.elapsed() < time {
        let seen = look_up(map, of, Relation::Independent, keys, CHUNK, &mut into.0);
        assert_eq!(seen.done, CHUNK, "{}: keys that are there", of.name);
        rounds += CHUNK;
        torn += seen.torn;
    }
    Sample { nanoseconds: each(start.elapsed(), rounds), rounds, torn, ..Sample::default() }
}

/// Looks keys up. Returns the number of those that are there, and of wrong values.
pub(super) fn look_up<T: Map>(
    map: &T,
    of: Loop,
    relation: Relation,
    keys: &mut Keys,
    rounds: u64,
    into: &mut Value,
) -> Reads {
    const INDEPENDENT: u8 = Relation::Independent as u8;
    const CHAINED: u8 = Relation::Chained as u8;
    const FENCED: u8 = Relation::Fenced as u8;
    match (of.is_one, relation) {
        (true, Relation::Independent) => turns::<INDEPENDENT>(map.reader(), keys, rounds, into),
        (true, Relation::Chained) => turns::<CHAINED>(map.reader(), keys, rounds, into),
        (true, Relation::Fenced) => turns::<FENCED>(map.reader(), keys, rounds, into),
        (false, Relation::Independent) => turns::<INDEPENDENT>(Anew(map), keys, rounds, into),
        (false, Relation::Chained) => turns::<CHAINED>(Anew(map), keys, rounds, into),
        (false, Relation::Fenced) => turns::<FENCED>(Anew(map), keys, rounds, into),
    }
}

/// A reader for each look-up.
struct Anew<'a, T>(&'a T);

impl<T: Map> Get for Anew<'_, T> {
    #[inline]
    fn get(&mut self, key: u64, into: &mut Value) -> bool {
        self.0.reader().get(key, into)
    }
}

#[inline]
fn turns<const RELATION: u8>(mut reader: impl Get, keys: &mut Keys, mut rounds: u64, into: &mut Value) -> Reads {
    let (mut seen, nothing) = (Reads::default(), black_box(0));
    while rounds > 0 {
        let next = keys.next(rounds);
        rounds -= next.len() as u64;
        for &mut key in next {
            let key = if RELATION == Relation::Chained as u8 { key ^ (into.word() & nothing) } else { key };
            if reader.get(key, black_box(&mut *into)) {
                seen.done += 1;
                seen.torn += u64::from(is_wrong(key, black_box(&*into)));
            }
            if RELATION == Relation::Fenced as u8 {
                wait_for_loads();
            }
        }
    }
    seen
}
