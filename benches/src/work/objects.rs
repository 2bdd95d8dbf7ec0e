//! Objects by the thousand, and the memory that a small one takes.

use std::fs;
use std::hint::black_box;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Instant;

use shmstore::{Shared, ShmObject, Store, Versioned};

use super::{Ground, row, target};
use crate::Failure;
use crate::batch::{Contender, Sample, Series, each};
use crate::payload::Payload;
use crate::row::{Other, Row, Target, Unit};

/// How many objects there are, if the machine has room: Linux allows 4,096 segments unless it is told otherwise.
const MANY: usize = 4_000;
/// In a quick run.
const SOME: usize = 400;
/// Segments left to others.
const SPARE: usize = 32;

/// A small object.
#[derive(ShmObject)]
#[repr(C)]
#[shm(id = 'T')]
struct Small {
    count: AtomicU64,
    value: Versioned<Payload<3>>,
}

/// Attaching the first and the last of many named objects.
pub(super) fn attach_of_many(ground: &Ground<'_>, name: &'static str) -> Result<Row, Failure> {
    let many = Many::make(ground, name)?;
    let attach = |name, store: &'static str| {
        let store = many.0.open_named(store).expect("made above");
        Contender::timed(name, move |rounds| {
            for _ in 0..rounds {
                black_box(store.attach::<Small>().expect("made above").value.load());
            }
        })
    };
    let last: &'static str = many.1.last().expect("there are many").clone().leak();
    let contenders = vec![attach("shmstore, first", "object-0"), attach("shmstore, last", last)];
    let work = format!("attach + first load + let go, of {} named objects", many.1.len());
    Ok(row(ground, name, work, contenders, vec![target("shmstore, last", "shmstore, first", 1.2)]))
}

/// Listing many named objects, for each of them.
pub(super) fn list_of_many(ground: &Ground<'_>, name: &'static str) -> Result<Row, Failure> {
    let many = Many::make(ground, name)?;
    let objects = many.1.len();
    let list = Contender::new("shmstore", |rounds| {
        let start = Instant::now();
        for _ in 0..rounds {
            assert_eq!(black_box(many.0.list().expect("our own")).len(), objects);
        }
        Sample { nanoseconds: each(start.elapsed(), rounds * objects as u64), ..Sample::default() }
    });
    let targets = vec![Target::new("shmstore", Other::Figure, 25_000.0)];
    Ok(row(ground, name, format!("list of {objects} named objects, for each"), vec![list], targets))
}

/// The resident memory of a small object that one process has made and used, as the kernel counts it for the segment.
pub(super) fn resident_memory(ground: &Ground<'_>, name: &'static str) -> Result<Row, Failure> {
    let store = Store::open(ground.directory(name, "shmstore")?)?;
    let object = store.create::<Small>()?;
    object.count.fetch_add(1, Relaxed);
    object.value.store(Payload::filled(1));
    black_box(object.value.load());
    let shmid = Shared::info(&object).ok_or("an object that is attached")?.shmid;
    let sample = Sample { nanoseconds: resident_pages(shmid)?, ..Sample::default() };
    let series = vec![Series { name: "shmstore", samples: vec![sample], ..Series::default() }];
    let targets = vec![Target::new("shmstore", Other::Figure, 3.0)];
    let work = "resident memory of a small object".into();
    Ok(Row { name: name.into(), work, unit: Unit::Number("pages"), series, targets })
}

/// Many named objects, gone when dropped: the store, and the names.
struct Many(Store, Vec<String>);

impl Many {
    fn make(ground: &Ground<'_>, row: &str) -> Result<Self, Failure> {
        let mut many = Self(Store::open(ground.directory(row, "shmstore")?)?, Vec::new());
        for index in 0..room()?.min(if ground.is_quick { SOME } else { MANY }) {
            let name = format!("object-{index}");
            drop(many.0.open_or_create_named(&name)?.create::<Small>()?);
            many.1.push(name);
        }
        if many.1.is_empty() { Err("no room for one more segment: `ipcs -m -l`".into()) } else { Ok(many) }
    }
}

impl Drop for Many {
    fn drop(&mut self) {
        for name in &self.1 {
            // What is left shows in `ipcs -m`, and the place is cleaned at the end.
            drop(self.0.open_named(name).map(|named| named.remove::<Small>()));
        }
    }
}

/// How many segments may be made.
fn room() -> Result<usize, Failure> {
    let limit: usize = fs::read_to_string("/proc/sys/kernel/shmmni")?.trim().parse()?;
    let there = fs::read_to_string("/proc/sysvipc/shm")?.lines().count().saturating_sub(1);
    Ok(limit.saturating_sub(there + SPARE))
}

/// The `rss` column of a segment, in pages.
fn resident_pages(shmid: i32) -> Result<f64, Failure> {
    let table = fs::read_to_string("/proc/sysvipc/shm")?;
    let mut lines = table.lines().map(|line| line.split_ascii_whitespace().collect::<Vec<_>>());
    let column = |names: Vec<&str>| names.iter().position(|name| *name == "rss");
    let rss = lines.next().and_then(column).ok_or("no column `rss` in /proc/sysvipc/shm")?;
    let line = lines.find(|line| line.get(1).is_some_and(|id| id.parse() == Ok(shmid))).ok_or("no such segment")?;
    Ok(line.get(rss).ok_or("a short line")?.parse::<f64>()? / 4096.0)
}
