//! Maps as a whole: all entries in turn, memory, and making and opening an empty map.

use std::time::Instant;

use super::{Full, MANY, is_wrong, maps, room, size};
use crate::Failure;
use crate::batch::{Contender, Sample, Series, each};
use crate::row::Row;
use crate::systems::maps::{Map, WholeMap};
use crate::systems::process_maps::{Locked, Papaya};
use crate::systems::shmstore_maps::Mapped;
use crate::work::{Ground, row, target};

/// Copies each entry. The time is for one entry, so that maps of both sizes can be compared.
pub(in crate::work) fn iterate<const ENTRIES: usize>(ground: &Ground<'_>, name: &'static str) -> Result<Row, Failure> {
    let mut contenders = maps!(iterating(ground, ENTRIES): Mapped<ENTRIES>);
    contenders.push(iterating::<Locked>(ground, ENTRIES)?);
    contenders.push(iterating::<Papaya>(ground, ENTRIES)?);
    let work = format!("iteration over {} entries, for each", size(ENTRIES));
    let mut row = row(ground, name, &work, contenders, Vec::new());
    for sample in row.series.iter_mut().flat_map(|series| &mut series.samples) {
        sample.nanoseconds /= ENTRIES as f64;
        sample.rounds *= ENTRIES as u64;
    }
    Ok(row)
}

/// One round is a pass over all entries.
fn iterating<T: Map>(ground: &Ground<'_>, entries: usize) -> Result<Contender<'static>, Failure> {
    let (full, mut into) = (Full::<T>::kept(ground, entries)?, room());
    Ok(Contender::new(T::NAME, move |rounds| {
        let (start, mut count, mut torn) = (Instant::now(), 0, 0);
        for _ in 0..rounds {
            full.map.each(&mut into.0, |key, value| {
                count += 1;
                torn += u64::from(is_wrong(key, value));
            });
        }
        let nanoseconds = each(start.elapsed(), rounds);
        assert_eq!(count, rounds * full.entries as u64, "{}: each entry once", T::NAME);
        Sample { nanoseconds, rounds, torn, ..Sample::default() }
    }))
}

/// The memory of a full map, for each entry.
pub(in crate::work) fn memory(ground: &Ground<'_>, name: &'static str) -> Result<Row, Failure> {
    let series = maps!(sizes(ground, MANY): Mapped<MANY>).concat();
    let work = "memory of a full map of 1 M entries of 8 + 64 bytes, for each".into();
    Ok(Row { name: name.into(), work, unit: "bytes", series, targets: Vec::new() })
}

fn sizes<T: WholeMap>(ground: &Ground<'_>, entries: usize) -> Result<Vec<Series>, Failure> {
    let memory = Full::<T>::kept(ground, entries)?.map.memory()?;
    let series = |name, bytes: usize| {
        let sample = Sample { nanoseconds: bytes as f64 / entries as f64, ..Sample::default() };
        Series { name, samples: vec![sample], ..Series::default() }
    };
    let mapped = format!("{}, mapped", T::NAME).leak();
    Ok(vec![series(T::NAME, memory.resident), series(mapped, memory.mapped)])
}

/// Creates an empty map, and removes it.
pub(in crate::work) fn create(ground: &Ground<'_>, name: &'static str) -> Result<Row, Failure> {
    let mut contenders = maps!(creating(ground, name, MANY): Mapped<MANY>);
    let mut one = creating::<Mapped<1>>(ground, name, 1)?;
    one.name = "shmstore, N = 1";
    contenders.insert(1, one);
    let work = "create + let go + remove of an empty map for 1 M entries";
    Ok(row(ground, name, work, contenders, vec![target("shmstore", "shmstore, N = 1", 1.2)]))
}

/// Opens an empty map, and looks a key up.
pub(in crate::work) fn attach(ground: &Ground<'_>, name: &'static str) -> Result<Row, Failure> {
    let mut contenders = maps!(attaching(ground, name, MANY): Mapped<MANY>);
    let mut one = attaching::<Mapped<1>>(ground, name, 1)?;
    one.name = "shmstore, N = 1";
    contenders.insert(1, one);
    let work = "attach + first get + let go of an empty map for 1 M entries";
    Ok(row(ground, name, work, contenders, vec![target("shmstore", "shmstore, N = 1", 1.2)]))
}

fn creating<T: WholeMap>(ground: &Ground<'_>, row: &str, entries: usize) -> Result<Contender<'static>, Failure> {
    let mut create = T::creating(&ground.directory(row, &format!("{}-{entries}", T::NAME))?, entries)?;
    Ok(Contender::timed(T::NAME, move |rounds| (0..rounds).for_each(|_| create())))
}

fn attaching<T: WholeMap>(ground: &Ground<'_>, row: &str, entries: usize) -> Result<Contender<'static>, Failure> {
    let mut attach = T::attaching(&ground.directory(row, &format!("{}-{entries}", T::NAME))?, entries)?;
    Ok(Contender::timed(T::NAME, move |rounds| (0..rounds).for_each(|_| attach())))
}
