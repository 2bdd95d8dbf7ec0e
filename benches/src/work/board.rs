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
    if let Some((peer, paced)) = at_the_pace_of_the_best_peer::<WORDS>(ground, name, &mut contenders)? {
        targets.push(Target::new(paced.name(), Other::Named(peer), at_most));
        contenders.push(paced);
    }
    Ok(row(ground, name, format!("load {}, a writer flat out", size::<WORDS>()), contenders, targets))
}

/// How much more or less often than another's a writer may store, to be as often: as a part.
const EQUAL: f64 = 0.01;

/// How often a pace is tried out, and in how many batches.
const TRIES: u32 = 5;
const TRIED: usize = 9;

/// One of ours whose writer stores as often as that of the peer with the fastest reader, and that peer. `None` if ours does
/// not store more often anyway: then that peer's reader meets fewer stores, and the two can only be compared at one pace.
fn at_the_pace_of_the_best_peer<const WORDS: usize>(
    ground: &Ground<'_>,
    name: &str,
    contenders: &mut [Contender<'static>],
) -> Result<Option<(&'static str, Contender<'static>)>, Failure> {
    let plan = Plan { batches: ground.plan.batches.min(TRIED), ..ground.plan };
    let series = alternate(plan, contenders);
    let (Some(ours), Some(peer)) = (series.first().and_then(Series::partner), best_peer(&series)) else {
        return Ok(None);
    };
    let Some(theirs) = peer.partner().filter(|theirs| ours < *theirs) else { return Ok(None) };
    let (peer, mut pace) = (peer.name, theirs);
    for attempt in 0.. {
        let row = format!("{name}-{attempt}");
        let mut paced = reader_beside::<Leased, WORDS>(ground, &row, &at_every(pace.round() as u64))?;
        paced.rename(format!("shmstore, as often as {peer}").leak());
        let pair = contenders.iter_mut().find(|contender| contender.name() == peer).into_iter().chain([&mut paced]);
        let achieved = alternate(plan, &mut pair.collect::<Vec<_>>());
        let [Some(theirs), Some(ours)] = [0, 1].map(|at: usize| achieved.get(at).and_then(Series::partner)) else {
            return Err(format!("nobody wrote beside {peer}").into());
        };
        if (ours / theirs - 1.0).abs() < EQUAL || attempt == TRIES {
            return Ok(Some((peer, paced)));
        }
        pace *= theirs / ours;
    }
    Ok(None)
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
    let mut into = Payload::room();
    Ok(Contender::timed(B::NAME, move |rounds| {
        let _writer = &writer;
        // As where a writer writes: nothing of it is optimised away.
        black_box(reader.read_rounds(&mut into.0, rounds));
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
    let mut into = Payload::room();
    let checked = check(&mut writer, &mut reader, &mut into.0, ground.plan.time * CHECK);
    let run = move |rounds| writer.beside(rounds, |rounds| reader.read_rounds(&mut into.0, rounds));
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
    Ok(Contender::timed(B::NAME, move |rounds| writer.write_rounds(&values.0, rounds)))
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
        return at_pace(stage, pace.parse()?, |round| writer.write(&values.0[round % 4]));
    }
    stage.perform(|| {
        writer.write_rounds(&values.0, chunk);
        chunk
    })
}

/// Does something again and again at a pace, and spins in between. What came late is made up for, so that the pace is the one
/// that was asked for; but not what was missed in a rest.
fn at_pace(stage: &Stage<'_>, pace: u64, mut work: impl FnMut(usize)) -> Result<(), Failure> {
    let (mut pace, mut round) = (Pace::new(Instant::now(), Duration::from_nanos(pace)), 0);
    stage.perform(|| {
        let next = pace.next(Instant::now());
        work(round);
        round += 1;
        while Instant::now() < next {
            std::hint::spin_loop();
        }
        1
    })
}

/// When what is done at a pace is due.
struct Pace {
    next: Instant,
    pace: Duration,
}

impl Pace {
    /// Who is later than by so many rounds has rested, or was held up.
    const LATE: u32 = 64;

    fn new(now: Instant, pace: Duration) -> Self {
        Self { next: now, pace }
    }

    /// When the round after the one that begins now is due.
    fn next(&mut self, now: Instant) -> Instant {
        if now.saturating_duration_since(self.next) > self.pace * Self::LATE {
            self.next = now;
        }
        self.next += self.pace;
        self.next
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_late_is_made_up_for_and_a_rest_is_not() {
        let (start, pace) = (Instant::now(), Duration::from_micros(1));
        let mut due = Pace::new(start, pace);
        assert_eq!(due.next(start), start + pace);
        assert_eq!(due.next(start + pace * 3 / 2), start + 2 * pace, "half a round late");
        let later = start + 1000 * pace;
        assert_eq!(due.next(later), later + pace, "after a rest");
    }
}
