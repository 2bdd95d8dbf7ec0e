//! A reader beside a writer that works flat out: the distribution of the times of single look-ups.
//!
//! Each look-up is timed alone. The time that the clock itself takes is measured in each batch, and subtracted.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::hint::black_box;
use std::rc::Rc;
use std::time::Instant;

use super::together::{INSERTS, Other, UPDATES, beside_thread, start, staying};
use super::{Full, Keys, is_wrong, maps, room, shuffled, size, warm};
use crate::Failure;
use crate::batch::{Contender, Sample, Series, alternate, each};
use crate::row::Row;
use crate::systems::Reads;
use crate::systems::maps::{Get, Loop, Map, Value};
use crate::systems::process_maps::{Locked, Papaya};
use crate::systems::shmstore_maps::Mapped;
use crate::work::{Ground, target};

/// The rows of one measurement: the median, and the times that one look-up of 100 and of 1,000 takes or exceeds.
pub(in crate::work) const P50: usize = 0;
pub(in crate::work) const P99: usize = 1;
pub(in crate::work) const P999: usize = 2;
const PARTS: [f64; 3] = [0.5, 0.99, 0.999];
const NAMES: [&str; 3] = ["median", "p99", "p99.9"];

/// The outcome of one measurement: the series of each of its rows.
type Tails = Rc<[Vec<Series>; 3]>;

thread_local! {
    /// Outcomes, by the writer's work and the number of entries.
    static MEASURED: RefCell<BTreeMap<(&'static str, usize), Tails>> = const { RefCell::new(BTreeMap::new()) };
}

/// One part of the distribution.
pub(in crate::work) fn beside<const ENTRIES: usize, const IS_UPDATES: bool, const PART: usize>(
    ground: &Ground<'_>,
    name: &'static str,
) -> Result<Row, Failure> {
    let writes = if IS_UPDATES { UPDATES } else { INSERTS };
    let tails = measured::<ENTRIES>(ground, name, writes)?;
    let does = if IS_UPDATES { "updates" } else { "inserts and removes" };
    let work = format!("single get of {} keys, a writer {does} flat out, {}", size(ENTRIES), NAMES[PART]);
    let (mut series, mut targets) = (tails[PART].clone(), Vec::new());
    if PART == P999 {
        let median = tails[P50].iter().find(|series| series.name == "shmstore");
        series.extend(median.map(|series| Series { name: "shmstore, median", ..series.clone() }));
        targets.push(target("shmstore", "shmstore, median", 3.0));
    }
    Ok(Row { name: name.into(), work, unit: "ns", series, targets })
}

fn measured<const ENTRIES: usize>(ground: &Ground<'_>, row: &str, writes: &'static str) -> Result<Tails, Failure> {
    if let Some(tails) = MEASURED.with_borrow(|all| all.get(&(writes, ENTRIES)).cloned()) {
        return Ok(tails);
    }
    let mut all = maps!(beside_process(ground, row, ENTRIES, writes): Mapped<ENTRIES>);
    all.insert(1, beside_nobody::<Mapped<ENTRIES>>(ground, ENTRIES, writes)?);
    all.push(beside_other_thread::<Locked>(ground, row, ENTRIES, writes)?);
    all.push(beside_other_thread::<Papaya>(ground, row, ENTRIES, writes)?);
    let (mut contenders, seen): (Vec<_>, Vec<_>) = all.into_iter().unzip();
    let series = alternate(ground.plan, &mut contenders);
    let tails = [P50, P99, P999].map(|part| {
        let of = |(series, seen): (&Series, &Seen)| {
            // The first ones were trials.
            let seen = seen.borrow();
            let seen = &seen[seen.len() - series.samples.len()..];
            let samples = series.samples.iter().zip(seen);
            let samples = samples.map(|(sample, seen)| Sample { nanoseconds: seen[part], ..*sample }).collect();
            Series { samples, ..series.clone() }
        };
        series.iter().zip(&seen).map(of).collect()
    });
    let tails = Rc::new(tails);
    MEASURED.with_borrow_mut(|all| all.insert((writes, ENTRIES), Rc::clone(&tails)));
    Ok(tails)
}

/// The distributions of a contender, batch by batch.
type Seen = Rc<RefCell<Vec<[f64; 3]>>>;

/// Shows how much of the distribution comes from the memory and the machine alone.
fn beside_nobody<T: Map>(
    ground: &Ground<'_>,
    entries: usize,
    writes: &'static str,
) -> Result<(Contender<'static>, Seen), Failure> {
    let full = Full::<T>::kept(ground, entries)?;
    let (mut contender, seen) = contender(full, writes, |rounds, read| {
        let start = Instant::now();
        let Reads { done: rounds, torn, .. } = read(rounds);
        Sample { nanoseconds: each(start.elapsed(), rounds), rounds, torn, ..Sample::default() }
    });
    contender.name = format!("{}, no writer", T::NAME).leak();
    Ok((contender, seen))
}

fn beside_process<T: Map>(
    ground: &Ground<'_>,
    row: &str,
    entries: usize,
    writes: &'static str,
) -> Result<(Contender<'static>, Seen), Failure> {
    let full = Rc::new(Full::<T>::make(ground, row, entries)?);
    let mut partner = start(ground, &full, writes, T::NAME)?;
    Ok(contender(full, writes, move |rounds, read| partner.beside(rounds, read)))
}

fn beside_other_thread<T: Map + Clone + Send>(
    ground: &Ground<'_>,
    row: &str,
    entries: usize,
    writes: &'static str,
) -> Result<(Contender<'static>, Seen), Failure> {
    let full = Rc::new(Full::<T>::make(ground, row, entries)?);
    let mut theirs = Other::new(full.map.clone(), entries, writes, Loop { name: T::NAME, is_one: false });
    let cpu = ground.partner_cpu;
    Ok(contender(full, writes, move |rounds, read| beside_thread(cpu, &mut theirs, rounds, read)))
}

fn contender<T: Map>(
    full: Rc<Full<T>>,
    writes: &str,
    mut beside: impl FnMut(u64, &mut dyn FnMut(u64) -> Reads) -> Sample + 'static,
) -> (Contender<'static>, Seen) {
    let seen = Seen::default();
    let mut keys = if writes == UPDATES { full.keys(0) } else { Keys::new(shuffled(staying(full.entries), 0)) };
    let (all, mut times, mut into) = (Rc::clone(&seen), Vec::new(), room());
    let contender = Contender::new(T::NAME, move |rounds| {
        let clock = clock();
        let sample = beside(rounds, &mut |rounds| single(&full.map, &mut keys, rounds, &mut into.0, &mut times));
        let parts = parts(&mut times).map(|time| (time - clock).max(0.0));
        all.borrow_mut().push(parts);
        Sample { nanoseconds: parts[P50], ..sample }
    });
    (contender, seen)
}

/// Looks keys up, and keeps the time of each look-up, in nanoseconds.
fn single<T: Map>(map: &T, keys: &mut Keys, rounds: u64, into: &mut Value, times: &mut Vec<u32>) -> Reads {
    let mut seen = Reads::default();
    let (mut left, before) = (warm(keys.all.len()) + rounds, warm(keys.all.len()) as usize);
    times.clear();
    times.reserve(left as usize);
    while left > 0 {
        let next = keys.next(left);
        left -= next.len() as u64;
        for &mut key in next {
            let start = Instant::now();
            let is_there = map.reader().get(key, black_box(&mut *into));
            let taken = start.elapsed();
            times.push(u32::try_from(taken.as_nanos()).unwrap_or(u32::MAX));
            assert!(is_there, "{}: a key that stays is there", T::NAME);
            seen.done += 1;
            seen.torn += u64::from(is_wrong(key, black_box(&*into)));
        }
    }
    times.drain(..before);
    seen
}

/// The median time of the clock itself, in nanoseconds.
fn clock() -> f64 {
    let mut times: Vec<u32> = (0..201).map(|_| Instant::now().elapsed().as_nanos() as u32).collect();
    parts(&mut times)[P50]
}

/// The times that a part of all others does not exceed.
fn parts(times: &mut [u32]) -> [f64; 3] {
    times.sort_unstable();
    PARTS.map(|part| f64::from(times[((times.len() - 1) as f64 * part).round() as usize]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_a_distribution_are_found() {
        let mut times: Vec<u32> = (0..=1000).rev().collect();
        assert_eq!(parts(&mut times), [500.0, 990.0, 999.0]);
        assert_eq!(parts(&mut [7]), [7.0; 3]);
    }
}
