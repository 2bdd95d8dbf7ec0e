//! The newest value of something: loads and stores of several sizes, with the writer at rest, at a pace, and flat out.

use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};

use super::{Ground, row, target};
use crate::Failure;
use crate::batch::{Checked, Contender, Plan, Series, alternate};
use crate::partner::{Partner, Role, Stage};
use crate::payload::Payload;
use crate::row::{Other, Row, Target, best_peer};
use crate::systems::iceoryx2::Iceoryx2;
use crate::systems::lmdb::Lmdb;
use crate::systems::memcpy::Memcpy;
use crate::systems::mmap_sync::MmapSync;
use crate::systems::ringfire::Ringfire;
use crate::systems::shmstore::{Leased, Stored};
use crate::systems::{Board, Read, Reads, Write};

/// For how many batches' time all words are looked at.
const CHECK: u32 = 10;

/// How far apart the stores of a paced writer are, in nanoseconds.
const PACE: u64 = 1_000;

/// What a writer is to do: to store flat out.
const WRITE: &str = "write";
/// To store so many nanoseconds apart, as the rest says.
const WRITE_EVERY: &str = "write-every-";
/// To store nothing, but to keep its processor as busy.
const SPIN: &str = "spin";

/// What the other process plays here.
pub(super) fn is_role(work: &str) -> bool {
    work == WRITE || work == SPIN || work.starts_with(WRITE_EVERY)
}

fn at_every(nanoseconds: u64) -> String {
    format!("{WRITE_EVERY}{nanoseconds}")
}

/// One contender for each peer.
macro_rules! peers {
    ($contender:ident($($argument:expr),*)) => {{
        #[cfg_attr(not(boost), allow(unused_mut))]
        let mut all = vec![
            $contender::<Ringfire, WORDS>($($argument),*)?,
            $contender::<Iceoryx2, WORDS>($($argument),*)?,
            $contender::<MmapSync, WORDS>($($argument),*)?,
            $contender::<Lmdb, WORDS>($($argument),*)?,
        ];
        #[cfg(boost)]
        all.push($contender::<crate::systems::boost::Boost, WORDS>($($argument),*)?);
        all
    }};
}

/// Loads while the writer rests.
pub(super) fn load<const WORDS: usize>(ground: &Ground<'_>, name: &'static str) -> Result<Row, Failure> {
    let mut contenders =
        vec![reader_at_rest::<Memcpy, WORDS>(ground, name)?, reader_at_rest::<Stored, WORDS>(ground, name)?];
    contenders.extend(peers!(reader_at_rest(ground, name)));
    let targets = if WORDS == 8 {
        vec![target("shmstore", <Ringfire as Board>::NAME, 1.0), target("shmstore", <Iceoryx2 as Board>::NAME, 0.25)]
    } else {
        vec![target("shmstore", "memcpy", 1.3)]
    };
    Ok(row(ground, name, format!("load {}, idle", size::<WORDS>()), contenders, targets))
}

/// Loads while the writer stores flat out.
pub(super) fn load_busy<const WORDS: usize>(ground: &Ground<'_>, name: &'static str) -> Result<Row, Failure> {
    let mut contenders = vec![
        reader_beside::<Leased, WORDS>(ground, name, WRITE)?,
        reader_beside::<Stored, WORDS>(ground, name, WRITE)?,
    ];
    contenders.extend(peers!(reader_beside(ground, name, WRITE)));
    let at_most = if WORDS == 8 { 0.5 } else { 0.7 };
    // The writer is to be no slower than that peer's, so that no system looks fast by starving its writer.
    let ours = <Leased as Board>::NAME;
    let mut targets =
        vec![Target::new(ours, Other::BestPeer, at_most), Target::new(ours, Other::BestPeer, 1.0).of_partners()];
    if let Some(pace) = pace_of_the_best_peer(ground, &mut contenders) {
        let mut paced = reader_beside::<Leased, WORDS>(ground, &format!("{name}-paced"), &at_every(pace))?;
        paced.rename(AS_FAST);
        contenders.push(paced);
        targets.push(Target::new(AS_FAST, Other::BestPeer, at_most));
    }
    Ok(row(ground, name, format!("load {}, a writer flat out", size::<WORDS>()), contenders, targets))
}

/// Whose writer stores as often as that of the peer with the fastest reader.
const AS_FAST: &str = "shmstore, as often as the best peer";

/// How far apart the stores of the peer with the fastest reader are, in nanoseconds, if ours are closer: then its reader
/// meets fewer of them, and the two can only be compared at one pace.
fn pace_of_the_best_peer(ground: &Ground<'_>, contenders: &mut [Contender<'_>]) -> Option<u64> {
    let series = alternate(Plan { batches: 3, ..ground.plan }, contenders);
    let [ours, peer] = [series.first(), best_peer(&series)].map(|series| series.and_then(Series::partner));
    (ours? < peer?).then_some(peer? as u64)
}

/// Loads while the writer stores at a pace, and while it rests.
pub(super) fn load_paced<const WORDS: usize>(ground: &Ground<'_>, name: &'static str) -> Result<Row, Failure> {
    let mut idle = reader_at_rest::<Leased, WORDS>(ground, name)?;
    idle.rename("shmstore, idle");
    // Tells how much of a difference is due to the other processor's being busy at all.
    let mut unwritten = reader_beside::<Leased, WORDS>(ground, name, SPIN)?;
    unwritten.rename("shmstore, no writer but a spinner");
    let mut contenders = vec![idle, unwritten, reader_beside::<Stored, WORDS>(ground, name, &at_every(PACE))?];
    contenders.extend(peers!(reader_beside(ground, name, &at_every(PACE))));
    let targets = vec![target("shmstore", "shmstore, idle", 1.2)];
    Ok(row(ground, name, format!("load {}, a writer at 1 MHz", size::<WORDS>()), contenders, targets))
}

/// Stores while nobody reads.
pub(super) fn store<const WORDS: usize>(ground: &Ground<'_>, name: &'static str) -> Result<Row, Failure> {
    let mut contenders = vec![
        writer::<Memcpy, WORDS>(ground, name)?,
        writer::<Leased, WORDS>(ground, name)?,
        writer::<Stored, WORDS>(ground, name)?,
    ];
    contenders.extend(peers!(writer(ground, name)));
    let targets = if WORDS == 8 {
        vec![
            target("shmstore, leased", <Ringfire as Board>::NAME, 1.0),
            target("shmstore", <Iceoryx2 as Board>::NAME, 1.0),
        ]
    } else {
        vec![target("shmstore, leased", "memcpy", 1.3), target("shmstore", "memcpy", 1.3)]
    };
    Ok(row(ground, name, format!("store {}, idle", size::<WORDS>()), contenders, targets))
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
    let writer = Partner::start(WRITE, B::NAME, WORDS, &directory, ground.partner_cpu)?;
    let mut reader = B::open::<WORDS>(&directory)?;
    let mut into = Box::new(Payload::filled(0));
    Ok(Contender::timed(B::NAME, move |rounds| {
        let _writer = &writer;
        // As where a writer writes: nothing of it is optimised away.
        black_box(reader.read_rounds(&mut into, rounds));
    }))
}

/// One that loads what another process stores meanwhile.
fn reader_beside<B: Board, const WORDS: usize>(
    ground: &Ground<'_>,
    row: &str,
    work: &str,
) -> Result<Contender<'static>, Failure> {
    let directory = ground.directory(row, B::NAME)?;
    let mut writer = Partner::start(work, B::NAME, WORDS, &directory, ground.partner_cpu)?;
    let mut reader = B::open::<WORDS>(&directory)?;
    let mut into = Box::new(Payload::filled(0));
    let checked = check(&mut writer, &mut reader, &mut into, ground.plan.time * CHECK);
    let run = move |rounds| writer.beside(rounds, |rounds| reader.read_rounds(&mut into, rounds));
    Ok(Contender::new(B::NAME, run).with(checked))
}

/// Looks at all words of what is loaded, for so long.
fn check<const WORDS: usize>(
    writer: &mut Partner,
    reader: &mut impl Read<WORDS>,
    into: &mut Payload<WORDS>,
    time: Duration,
) -> Checked {
    let mut checked = Checked::default();
    writer.beside(1, |_| {
        let start = Instant::now();
        while start.elapsed() < time {
            if reader.try_read(into) {
                checked.values += 1;
                checked.torn += u64::from(into.is_torn());
            }
        }
        Reads { done: checked.values, ..Reads::default() }
    });
    checked
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
        <Memcpy as Board>::NAME => write::<Memcpy, WORDS>(role, directory, stage),
        <Stored as Board>::NAME => write::<Stored, WORDS>(role, directory, stage),
        <Leased as Board>::NAME => write::<Leased, WORDS>(role, directory, stage),
        <Ringfire as Board>::NAME => write::<Ringfire, WORDS>(role, directory, stage),
        <Iceoryx2 as Board>::NAME => write::<Iceoryx2, WORDS>(role, directory, stage),
        <MmapSync as Board>::NAME => write::<MmapSync, WORDS>(role, directory, stage),
        <Lmdb as Board>::NAME => write::<Lmdb, WORDS>(role, directory, stage),
        #[cfg(boost)]
        <crate::systems::boost::Boost as Board>::NAME => {
            write::<crate::systems::boost::Boost, WORDS>(role, directory, stage)
        }
        other => Err(format!("no system `{other}`").into()),
    }
}

fn write<B: Board, const WORDS: usize>(role: &Role, directory: &Path, stage: &Stage<'_>) -> Result<(), Failure> {
    // What is done is told after each: often enough to be counted well, seldom enough to cost nothing.
    let chunk = (512 / WORDS as u64).max(1);
    let mut writer = B::create::<WORDS>(directory)?;
    let values = Payload::in_turn();
    if role.work == SPIN {
        return at_pace(stage, PACE, |_| ());
    }
    if let Some(pace) = role.work.strip_prefix(WRITE_EVERY) {
        return at_pace(stage, pace.parse()?, |round| writer.write(&values[round % 4]));
    }
    stage.perform(|| {
        writer.write_rounds(&values, chunk);
        chunk
    })
}

/// Does something again and again at a pace, and spins in between.
fn at_pace(stage: &Stage<'_>, pace: u64, mut work: impl FnMut(usize)) -> Result<(), Failure> {
    let (mut next, mut round) = (Instant::now(), 0);
    stage.perform(|| {
        next = next.max(Instant::now()) + Duration::from_nanos(pace);
        work(round);
        round += 1;
        while Instant::now() < next {
            std::hint::spin_loop();
        }
        1
    })
}
