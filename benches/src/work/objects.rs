//! Whole objects: one alone, thousands of them, and the memory of a small one.

use std::fs;
use std::hint::black_box;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Instant;

use shmstore::{Shared, ShmId, ShmObject, Store, Versioned};

use super::{Ground, row, target};
use crate::Failure;
use crate::batch::{Contender, Sample, Series, each};
use crate::payload::Payload;
use crate::row::{Other, Row, Target};
use crate::systems::Whole;
use crate::systems::bare::SystemCalls;
#[cfg(boost)]
use crate::systems::boost::Boost;
use crate::systems::iceoryx2::Iceoryx2;
use crate::systems::mmap_sync::MmapSync;
use crate::systems::ringfire::Ringfire;
use crate::systems::shmstore::Stored;
use crate::sysv;

/// The number of objects, if the machine has room. By default Linux allows 4,096 segments.
const MANY: usize = 4_000;
/// Their number in a quick run.
const SOME: usize = 400;
/// The number of segments that stay free for other programs.
const SPARE: usize = 32;

/// A small object.
#[derive(ShmObject)]
#[repr(C)]
#[shm(id = 'T')]
struct Small {
    count: AtomicU64,
    value: Versioned<Payload<3>>,
}

/// The type of an object that has grown, in an older program.
#[derive(ShmObject)]
#[repr(C)]
#[shm(id = 'G', name = "Growing", room = 1024)]
struct Older {
    value: Versioned<Payload<8>>,
}

/// The type in the program that has extended the object.
#[derive(ShmObject)]
#[repr(C)]
#[shm(id = 'G', name = "Growing", room = 1024)]
struct Newer {
    value: Versioned<Payload<8>>,
    count: AtomicU64,
}

macro_rules! systems {
    ($function:ident $arguments:tt) => {
        of_each!($function $arguments: SystemCalls, Stored, Ringfire, MmapSync, Iceoryx2; boost Boost)
    };
}

/// Attaches an existing object, reads it once, and lets it go.
pub(super) fn attach(ground: &Ground<'_>, name: &'static str) -> Result<Row, Failure> {
    let targets = vec![
        target("shmstore", "system calls", 1.25),
        target("shmstore", "Boost", 1.2),
        target("shmstore", "iceoryx2", 0.05),
        target(OLDER, "shmstore", 1.15),
    ];
    let mut contenders = systems!(attaching(ground, name));
    contenders.push(attaching_grown::<Newer>(ground, name, NEWER, |object| object.value.load())?);
    contenders.push(attaching_grown::<Older>(ground, name, OLDER, |object| object.value.load())?);
    Ok(row(ground, name, "attach + first load + let go", contenders, targets))
}

/// The programs that attach an object that has grown.
const NEWER: &str = "shmstore, grown object";
const OLDER: &str = "shmstore, grown object, older program";

/// Attaches an object that has grown.
fn attaching_grown<T: ShmObject + ShmId>(
    ground: &Ground<'_>,
    row: &str,
    name: &'static str,
    load: fn(&T) -> Payload<8>,
) -> Result<Contender<'static>, Failure> {
    let store = Store::open(ground.directory(row, name)?)?;
    store.create::<Older>()?.value.store(Payload::filled(1));
    store.attach::<Newer>()?;
    Ok(Contender::timed(name, move |rounds| {
        for _ in 0..rounds {
            black_box(load(&store.attach::<T>().expect("created before")));
        }
    }))
}

/// Creates an object, writes to it for the first time, lets it go, and removes it.
pub(super) fn create(ground: &Ground<'_>, name: &'static str) -> Result<Row, Failure> {
    let targets = vec![target("shmstore", "system calls", 1.5)];
    Ok(row(ground, name, "create + first store + let go + remove", systems!(creating(ground, name)), targets))
}

fn attaching<W: Whole>(ground: &Ground<'_>, row: &str) -> Result<Contender<'static>, Failure> {
    let mut attach = W::attaching(&ground.directory(row, W::NAME)?)?;
    Ok(Contender::timed(W::NAME, move |rounds| (0..rounds).for_each(|_| attach())))
}

fn creating<W: Whole>(ground: &Ground<'_>, row: &str) -> Result<Contender<'static>, Failure> {
    let mut create = W::creating(&ground.directory(row, W::NAME)?)?;
    Ok(Contender::timed(W::NAME, move |rounds| (0..rounds).for_each(|_| create())))
}

/// Attaches the first and the last of many named objects.
pub(super) fn attach_of_many(ground: &Ground<'_>, name: &'static str) -> Result<Row, Failure> {
    let many = Many::make(ground, name)?;
    let attach = |name, store: &'static str| {
        let store = many.0.open_named(store).expect("created above");
        Contender::timed(name, move |rounds| {
            for _ in 0..rounds {
                black_box(store.attach::<Small>().expect("created above").value.load());
            }
        })
    };
    let last: &'static str = many.1.last().expect("there are many").clone().leak();
    let contenders = vec![attach("shmstore, first", "object-0"), attach("shmstore, last", last)];
    let work = format!("attach + first load + let go, of {} named objects", many.1.len());
    Ok(row(ground, name, &work, contenders, vec![target("shmstore, last", "shmstore, first", 1.2)]))
}

/// Lists many named objects. The time is the mean for one object.
pub(super) fn list_of_many(ground: &Ground<'_>, name: &'static str) -> Result<Row, Failure> {
    let many = Many::make(ground, name)?;
    let objects = many.1.len();
    let list = Contender::new("shmstore", |rounds| {
        let start = Instant::now();
        for _ in 0..rounds {
            assert_eq!(black_box(many.0.list().expect("objects of this process")).len(), objects);
        }
        Sample { nanoseconds: each(start.elapsed(), rounds * objects as u64), ..Sample::default() }
    });
    let targets = vec![Target::new("shmstore", Other::Figure, 25_000.0)];
    Ok(row(ground, name, &format!("list of {objects} named objects, for each"), vec![list], targets))
}

/// The resident memory of a small object that one process has created and used, as the kernel counts it for the
/// segment.
pub(super) fn resident_memory(ground: &Ground<'_>, name: &'static str) -> Result<Row, Failure> {
    let store = Store::open(ground.directory(name, "shmstore")?)?;
    let object = store.create::<Small>()?;
    object.count.fetch_add(1, Relaxed);
    object.value.store(Payload::filled(1));
    black_box(object.value.load());
    let shmid = Shared::info(&object).ok_or("an object that is attached")?.shmid;
    let sample = Sample { nanoseconds: sysv::resident(shmid)? as f64 / 4096.0, ..Sample::default() };
    let series = vec![Series { name: "shmstore", samples: vec![sample], ..Series::default() }];
    let targets = vec![Target::new("shmstore", Other::Figure, 3.0)];
    let work = "resident memory of a small object".into();
    Ok(Row { name: name.into(), work, unit: "pages", series, targets })
}

/// A store with many named objects, and their names. The objects are removed when it is dropped.
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
            // A failed removal is repeated at the end of the run.
            drop(self.0.open_named(name).map(|named| named.remove::<Small>()));
        }
    }
}

/// The number of segments that there is room for.
fn room() -> Result<usize, Failure> {
    let limit: usize = fs::read_to_string("/proc/sys/kernel/shmmni")?.trim().parse()?;
    let there = fs::read_to_string("/proc/sysvipc/shm")?.lines().count().saturating_sub(1);
    Ok(limit.saturating_sub(there + SPARE))
}
