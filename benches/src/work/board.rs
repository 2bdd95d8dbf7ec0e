//! The newest value of something: loads and stores of several sizes, with the writer at rest, at a pace, and flat out.

use std::path::Path;
use std::time::{Duration, Instant};

use super::Ground;
use crate::Failure;
use crate::batch::{Contender, alternate};
use crate::partner::{Partner, Role, Stage};
use crate::payload::Payload;
use crate::row::{Other, Row, Target, Unit};
use crate::systems::memcpy::Memcpy;
use crate::systems::ringfire::Ringfire;
use crate::systems::shmstore::{Leased, Stored};
use crate::systems::{Board, Read, Write};

/// How far apart the stores of a paced writer are.
const PACE: Duration = Duration::from_micros(1);

/// Loads while the writer rests.
pub(super) fn load<const WORDS: usize>(ground: &Ground<'_>, name: &'static str) -> Result<Row, Failure> {
    let contenders = vec![
        reader_at_rest::<Memcpy, WORDS>(ground, name)?,
        reader_at_rest::<Stored, WORDS>(ground, name)?,
        reader_at_rest::<Ringfire, WORDS>(ground, name)?,
    ];
    let targets = if WORDS == 8 {
        vec![target("shmstore", "ringfire", 1.0), target("shmstore", "iceoryx2", 0.25)]
    } else {
        vec![target("shmstore", "memcpy", 1.3)]
    };
    let series = alternate(ground.plan, contenders);
    Ok(Row {
        name: name.into(),
        work: format!("load {}, idle", size::<WORDS>()),
        unit: Unit::Nanoseconds,
        series,
        targets,
    })
}

/// Loads while the writer stores flat out.
pub(super) fn load_busy<const WORDS: usize>(ground: &Ground<'_>, name: &'static str) -> Result<Row, Failure> {
    let contenders = vec![
        reader_beside::<Leased, WORDS>(ground, name, "write")?,
        reader_beside::<Stored, WORDS>(ground, name, "write")?,
        reader_beside::<Ringfire, WORDS>(ground, name, "write")?,
    ];
    let at_most = if WORDS == 8 { 0.5 } else { 0.7 };
    let targets = vec![Target { ours: Leased::NAME, other: Other::BestPeer, at_most }];
    let series = alternate(ground.plan, contenders);
    let work = format!("load {}, a writer flat out", size::<WORDS>());
    Ok(Row { name: name.into(), work, unit: Unit::Nanoseconds, series, targets })
}

/// Loads while the writer stores at a pace, and while it rests.
pub(super) fn load_paced<const WORDS: usize>(ground: &Ground<'_>, name: &'static str) -> Result<Row, Failure> {
    let mut idle = reader_at_rest::<Leased, WORDS>(ground, name)?;
    idle.rename("shmstore, idle");
    let contenders = vec![
        idle,
        reader_beside::<Stored, WORDS>(ground, name, "write-paced")?,
        reader_beside::<Ringfire, WORDS>(ground, name, "write-paced")?,
    ];
    let targets = vec![target("shmstore", "shmstore, idle", 1.2)];
    let series = alternate(ground.plan, contenders);
    let work = format!("load {}, a writer at 1 MHz", size::<WORDS>());
    Ok(Row { name: name.into(), work, unit: Unit::Nanoseconds, series, targets })
}

/// Stores while nobody reads.
pub(super) fn store<const WORDS: usize>(ground: &Ground<'_>, name: &'static str) -> Result<Row, Failure> {
    let contenders = vec![
        writer::<Memcpy, WORDS>(ground, name)?,
        writer::<Leased, WORDS>(ground, name)?,
        writer::<Stored, WORDS>(ground, name)?,
        writer::<Ringfire, WORDS>(ground, name)?,
    ];
    let targets = if WORDS == 8 {
        vec![target("shmstore, leased", "ringfire", 1.0), target("shmstore", "iceoryx2", 1.0)]
    } else {
        vec![target("shmstore", "memcpy", 1.3)]
    };
    let series = alternate(ground.plan, contenders);
    Ok(Row {
        name: name.into(),
        work: format!("store {}, idle", size::<WORDS>()),
        unit: Unit::Nanoseconds,
        series,
        targets,
    })
}

fn target(ours: &'static str, other: &'static str, at_most: f64) -> Target {
    Target { ours, other: Other::Named(other), at_most }
}

fn size<const WORDS: usize>() -> String {
    match Payload::<WORDS>::BYTES {
        bytes if bytes < 1024 => format!("{bytes} B"),
        bytes => format!("{} KiB", bytes / 1024),
    }
}

/// One that loads what another process has stored, which rests.
fn reader_at_rest<B: Board, const WORDS: usize>(ground: &Ground<'_>, row: &str) -> Result<Contender<'static>, Failure> {
    let directory = ground.directory(row, &format!("{}-idle", B::NAME))?;
    let writer = Partner::start("write", B::NAME, WORDS, &directory, ground.partner_cpu)?;
    let mut reader = B::open::<WORDS>(&directory)?;
    let mut into = Box::new(Payload::filled(0));
    Ok(Contender::timed(B::NAME, move |rounds| {
        let _writer = &writer;
        reader.read_rounds(&mut into, rounds);
    }))
}

/// One that loads what another process stores meanwhile.
fn reader_beside<B: Board, const WORDS: usize>(
    ground: &Ground<'_>,
    row: &str,
    work: &'static str,
) -> Result<Contender<'static>, Failure> {
    let directory = ground.directory(row, B::NAME)?;
    let mut writer = Partner::start(work, B::NAME, WORDS, &directory, ground.partner_cpu)?;
    let mut reader = B::open::<WORDS>(&directory)?;
    let mut into = Box::new(Payload::filled(0));
    Ok(Contender::new(B::NAME, move |rounds| writer.beside(rounds, |rounds| reader.read_rounds(&mut into, rounds))))
}

/// One that stores.
fn writer<B: Board, const WORDS: usize>(ground: &Ground<'_>, row: &str) -> Result<Contender<'static>, Failure> {
    let directory = ground.directory(row, B::NAME)?;
    let mut writer = B::create::<WORDS>(&directory)?;
    let values = Payload::in_turn();
    Ok(Contender::timed(B::NAME, move |rounds| writer.write_rounds(&values, rounds)))
}

/// The other process: the writer.
pub(super) fn partner(role: &Role, directory: &Path, stage: &Stage<'_>) -> Result<(), Failure> {
    match role.words {
        8 => partner_of_size::<8>(role, directory, stage),
        512 => partner_of_size::<512>(role, directory, stage),
        8192 => partner_of_size::<8192>(role, directory, stage),
        other => Err(format!("no values of {other} words").into()),
    }
}

fn partner_of_size<const WORDS: usize>(role: &Role, directory: &Path, stage: &Stage<'_>) -> Result<(), Failure> {
    match role.system.as_str() {
        Memcpy::NAME => write::<Memcpy, WORDS>(role, directory, stage),
        Stored::NAME => write::<Stored, WORDS>(role, directory, stage),
        Leased::NAME => write::<Leased, WORDS>(role, directory, stage),
        Ringfire::NAME => write::<Ringfire, WORDS>(role, directory, stage),
        other => Err(format!("no system `{other}`").into()),
    }
}

fn write<B: Board, const WORDS: usize>(role: &Role, directory: &Path, stage: &Stage<'_>) -> Result<(), Failure> {
    const CHUNK: u64 = 64;
    let mut writer = B::create::<WORDS>(directory)?;
    let values = Payload::in_turn();
    if role.work == "write-paced" {
        let mut next = Instant::now();
        let mut at = 0;
        return stage.perform(|| {
            next = next.max(Instant::now()) + PACE;
            writer.write(&values[at % 4]);
            at += 1;
            while Instant::now() < next {
                std::hint::spin_loop();
            }
            1
        });
    }
    stage.perform(|| {
        writer.write_rounds(&values, CHUNK);
        CHUNK
    })
}
