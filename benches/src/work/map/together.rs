//! Two processes, or two threads of one, at one map: two readers, and the writer beside a reader.

use std::path::Path;
use std::rc::Rc;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::time::Instant;

use super::change::{Replace, Update};
use super::look_up::{Relation, look_up};
use super::{FEW, Full, Keys, MANY, maps, room, shuffled, size};
use crate::Failure;
use crate::batch::{Contender, Sample, each};
use crate::partner::{self, Partner, Role, Stage};
use crate::payload::Aligned;
use crate::row::Row;
use crate::systems::Reads;
use crate::systems::maps::{Loop, Map, Value};
use crate::systems::process_maps::{Locked, Papaya};
use crate::systems::shmstore_maps::Mapped;
use crate::work::lock::of_either;
use crate::work::{Ground, Player, play, row, target};

/// The other side's work: it reads, stores new values of known keys, or removes keys and inserts new ones.
pub(super) const READ: &str = "map-read";
pub(super) const UPDATES: &str = "map-updates";
pub(super) const INSERTS: &str = "map-inserts";

/// The number of its operations between two reports.
const CHUNK: u64 = 16;

/// The salt of its keys.
const PARTNER: usize = 100;

/// The name of a row's series of one reader alone.
const ALONE: &str = "one reader";

/// Two processes look keys up. The time is the mean for a look-up of either.
pub(in crate::work) fn readers<const ENTRIES: usize>(ground: &Ground<'_>, name: &'static str) -> Result<Row, Failure> {
    let mut contenders = maps!(reading(ground, ENTRIES): Mapped<ENTRIES>);
    contenders.push(reading_in_process::<Locked>(ground, ENTRIES)?);
    contenders.push(reading_in_process::<Papaya>(ground, ENTRIES)?);
    let work = format!("get of {} keys, by two readers at once", size(ENTRIES));
    // 1.8 times the look-ups.
    let targets = vec![target("shmstore", "shmstore, one reader", 1.0 / 1.8)];
    Ok(row(ground, name, &work, contenders.into_iter().flatten().collect(), targets))
}

fn reading<T: Map>(ground: &Ground<'_>, entries: usize) -> Result<Vec<Contender<'static>>, Failure> {
    let full = Full::<T>::kept(ground, entries)?;
    let mut contenders = Vec::new();
    for (salt, &of) in T::LOOPS.iter().enumerate() {
        let mut partner = start(ground, &full, READ, of.name)?;
        let mut read = reader(&full, of, 2 * salt);
        contenders.push(Contender::new(of.name, move |rounds| of_either(partner.beside(rounds, &mut read))));
        contenders.push(alone(&full, of, 2 * salt + 1));
    }
    Ok(contenders)
}

fn reading_in_process<T: Map + Clone + Send>(
    ground: &Ground<'_>,
    entries: usize,
) -> Result<Vec<Contender<'static>>, Failure> {
    let full = Full::<T>::kept(ground, entries)?;
    let cpu = ground.partner_cpu;
    let two = |of: &Loop| {
        let (mut read, mut theirs) = (reader(&full, *of, 0), Other::new(full.map.clone(), entries, READ, *of));
        Contender::new(of.name, move |rounds| of_either(beside_thread(cpu, &mut theirs, rounds, &mut read)))
    };
    Ok(T::LOOPS.iter().flat_map(|of| [two(of), alone(&full, *of, 1)]).collect())
}

/// One reader, while the other side rests.
fn alone<T: Map>(full: &Rc<Full<T>>, of: Loop, salt: usize) -> Contender<'static> {
    let mut read = reader(full, of, salt);
    Contender::new(format!("{}, {ALONE}", of.name).leak(), move |rounds| {
        let start = Instant::now();
        let seen = read(rounds);
        Sample { nanoseconds: each(start.elapsed(), rounds), rounds, torn: seen.torn, ..Sample::default() }
    })
}

/// Looks up keys that are there.
fn reader<T: Map>(full: &Rc<Full<T>>, of: Loop, salt: usize) -> impl FnMut(u64) -> Reads + use<T> {
    let (full, mut keys, mut into) = (Rc::clone(full), full.keys(salt), room());
    move |rounds| {
        let seen = look_up(&full.map, of, Relation::Independent, &mut keys, rounds, &mut into.0);
        assert_eq!(seen.done, rounds, "{}: keys that are there", of.name);
        seen
    }
}

/// Starts the other process, which works at this map.
pub(super) fn start<T: Map>(ground: &Ground<'_>, full: &Full<T>, work: &str, system: &str) -> Result<Partner, Failure> {
    // The orders are in a directory of their own, so that there may be several partners.
    let orders = full.directory.0.join(system.replace([' ', ','], "-"));
    std::fs::create_dir(&orders)?;
    Partner::start(work, system, full.entries, &orders, ground.partner_cpu)
}

/// Works on this processor, and on the other one in another thread, as [`Partner::beside`] does with another process.
pub(super) fn beside_thread(
    cpu: usize,
    theirs: &mut Other<impl Map + Send>,
    rounds: u64,
    ours: impl FnOnce(u64) -> Reads,
) -> Sample {
    let (is_over, did) = (AtomicBool::new(false), AtomicU64::new(0));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            partner::pin(cpu).expect("a processor of this process");
            let mut all = 0;
            while !is_over.load(Relaxed) {
                all += theirs.some();
                did.store(all, Release);
            }
        });
        while did.load(Acquire) == 0 {
            std::hint::spin_loop();
        }
        let (before, start) = (did.load(Acquire), Instant::now());
        let Reads { done: rounds, torn, .. } = ours(rounds);
        let (taken, after) = (start.elapsed(), did.load(Acquire));
        is_over.store(true, Relaxed);
        let partner = Some(each(taken, (after - before).max(1)));
        Sample { nanoseconds: each(taken, rounds.max(1)), partner, rounds, torn, ..Sample::default() }
    })
}

/// The other side.
pub(super) struct Other<T> {
    map: T,
    of: Loop,
    keys: Keys,
    work: Work,
}

enum Work {
    Read(Box<Aligned<Value>>),
    Update(Update),
    Replace(Replace),
}

impl<T: Map> Other<T> {
    pub(super) fn new(map: T, entries: usize, work: &str, of: Loop) -> Self {
        let (work, numbers) = match work {
            READ => (Work::Read(room()), shuffled(0..entries, PARTNER)),
            UPDATES => (Work::Update(Update::new()), shuffled(0..entries, PARTNER)),
            _ => (Work::Replace(Replace::new(entries)), shuffled(leaving(entries), PARTNER)),
        };
        Self { map, of, keys: Keys::new(numbers), work }
    }

    /// Does some operations. Returns their number.
    pub(super) fn some(&mut self) -> u64 {
        let Self { map, of, keys, work } = self;
        match work {
            Work::Read(into) => {
                let seen = look_up(map, *of, Relation::Independent, keys, CHUNK, &mut into.0);
                assert_eq!((seen.done, seen.torn), (CHUNK, 0), "{}: keys that are there, and whole values", of.name);
                CHUNK
            }
            Work::Update(update) => update.some(map, keys, CHUNK),
            Work::Replace(replace) => {
                let keys = keys.next(CHUNK);
                for one in keys.chunks_mut(1) {
                    replace.remove(map, one);
                    replace.insert(map, one);
                }
                2 * keys.len() as u64
            }
        }
    }
}

/// The numbers of the keys that a writer may remove.
fn leaving(entries: usize) -> impl Iterator<Item = usize> {
    (1..entries).step_by(2)
}

/// The numbers of the keys that stay.
pub(super) fn staying(entries: usize) -> impl Iterator<Item = usize> {
    (0..entries).step_by(2)
}

/// The other process reads or writes.
pub(in crate::work) fn partner(role: &Role, stage: &Stage<'_>) -> Result<(), Failure> {
    match role.words {
        FEW => partner_of::<FEW>(role, stage),
        MANY => partner_of::<MANY>(role, stage),
        other => Err(format!("no map of {other} entries").into()),
    }
}

fn partner_of<const ENTRIES: usize>(role: &Role, stage: &Stage<'_>) -> Result<(), Failure> {
    play(role, stage, maps!(players(): Mapped<ENTRIES>).into_iter().flatten().collect())
}

fn players<T: Map>() -> Result<Vec<Player>, Failure> {
    Ok(T::LOOPS.iter().map(|of| (of.name, act::<T> as _)).collect())
}

fn act<T: Map>(role: &Role, stage: &Stage<'_>) -> Result<(), Failure> {
    let of = T::LOOPS.iter().find(|of| of.name == role.system).ok_or("no such loop")?;
    let map = T::open(role.directory.parent().unwrap_or(Path::new("")), role.words)?;
    let mut other = Other::new(map, role.words, &role.work, *of);
    stage.perform(|| other.some())
}
