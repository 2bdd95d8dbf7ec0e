//! The newest value of something: loads and stores of several sizes, with the writer at rest, at a pace, or flat out.

use std::hint::black_box;
use std::time::{Duration, Instant};

use super::{Ground, Player, play, row, target};
use crate::Failure;
use crate::batch::{Checked, Contender, Plan, Series, alternate};
use crate::partner::{Partner, Role, Stage};
use crate::payload::Payload;
use crate::row::{Other, Row, Target, best_peer};
use crate::systems::bare::Memcpy;
use crate::systems::iceoryx2::Iceoryx2;
use crate::systems::lmdb::Lmdb;
use crate::systems::mmap_sync::MmapSync;
use crate::systems::ringfire::Ringfire;
use crate::systems::shmstore::{Exclusive, Stored};
use crate::systems::{Board, Read, Reads, Write};

/// The duration of the check of all words, in batches.
const CHECK: u32 = 10;

/// The time between the stores of a paced writer, in nanoseconds.
const PACE: u64 = 1_000;

/// The writer's work: it stores flat out.
const WRITE: &str = "write";
/// It stores at a pace: the rest of the word is the time between two stores, in nanoseconds.
const WRITE_EVERY: &str = "write-every-";
/// It stores nothing, but keeps its processor as busy.
const SPIN: &str = "spin";

const EXCLUSIVE: &str = <Exclusive as Board>::NAME;

fn at_every(nanoseconds: u64) -> String {
    format!("{WRITE_EVERY}{nanoseconds}")
}

/// The results of a function for some systems and all peers.
macro_rules! with_peers {
    ($function:ident $arguments:tt: $($first:ty),*) => {
        Vec::from([
            $($function::<$first, WORDS> $arguments?,)*
            $function::<Ringfire, WORDS> $arguments?,
            $function::<Iceoryx2, WORDS> $arguments?,
            $function::<MmapSync, WORDS> $arguments?,
            $function::<Lmdb, WORDS> $arguments?,
            #[cfg(boost)]
            $function::<crate::systems::boost::Boost, WORDS> $arguments?,
        ])
    };
}

/// Loads while the writer rests.
pub(super) fn load<const WORDS: usize>(ground: &Ground<'_>, name: &'static str) -> Result<Row, Failure> {
    let contenders = with_peers!(reader_at_rest(ground, name): Memcpy, Stored);
    let targets = if WORDS == 8 {
        vec![target("shmstore", "ringfire", 1.0), target("shmstore", "iceoryx2", 0.25)]
    } else {
        vec![target("shmstore", "memcpy", 1.3)]
    };
    Ok(row(ground, name, &format!("load {}, idle", size::<WORDS>()), contenders, targets))
}

/// Loads while the writer stores flat out.
pub(super) fn load_busy<const WORDS: usize>(ground: &Ground<'_>, name: &'static str) -> Result<Row, Failure> {
    let mut contenders = with_peers!(reader_beside(ground, name, WRITE): Exclusive, Stored);
    let at_most = if WORDS == 8 { 0.5 } else { 0.7 };
    // The writer has a target, too, so that no system looks fast because it starves its writer.
    let best = |at_most| Target::new(EXCLUSIVE, Other::BestPeer, at_most);
    let mut targets = vec![best(at_most), best(1.0).of_partners()];
    if let Some((peer, paced)) = at_the_pace_of_the_best_peer::<WORDS>(ground, name, &mut contenders)? {
        targets.push(Target::new(paced.name, Other::Named(peer), at_most));
        contenders.push(paced);
    }
    Ok(row(ground, name, &format!("load {}, a writer flat out", size::<WORDS>()), contenders, targets))
}

/// The largest difference between two paces that count as equal, as a part.
const EQUAL: f64 = 0.01;

/// The number of trials of a pace, and of the batches of a trial.
const TRIES: u32 = 5;
const TRIED: usize = 9;

/// A contender of shmstore whose writer stores as often as the best peer's, and this peer's name. `None` if shmstore's
/// own writer does not store more often: only a writer that does lets its reader meet more new values than the peer's.
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
    let Some(mut pace) = peer.partner().filter(|pace| ours < *pace) else { return Ok(None) };
    let peer = peer.name;
    for attempt in 0.. {
        let row = format!("{name}-{attempt}");
        let mut paced = reader_beside::<Exclusive, WORDS>(ground, &row, &at_every(pace.round() as u64))?;
        paced.name = format!("shmstore, as often as {peer}").leak();
        let pair = contenders.iter_mut().find(|contender| contender.name == peer).into_iter().chain([&mut paced]);
        let achieved = alternate(plan, &mut pair.collect::<Vec<_>>());
        let [Some(wanted), Some(ours)] = [0, 1].map(|at: usize| achieved.get(at).and_then(Series::partner)) else {
            return Err(format!("no writer beside {peer}").into());
        };
        if (ours / wanted - 1.0).abs() < EQUAL || attempt == TRIES {
            return Ok(Some((peer, paced)));
        }
        pace *= wanted / ours;
    }
    Ok(None)
}

/// Loads while the writer stores at a pace, and while it rests.
pub(super) fn load_paced<const WORDS: usize>(ground: &Ground<'_>, name: &'static str) -> Result<Row, Failure> {
    let mut idle = reader_at_rest::<Exclusive, WORDS>(ground, name)?;
    idle.name = "shmstore, idle";
    // Shows the effect of a busy processor without stores.
    let mut unwritten = reader_beside::<Exclusive, WORDS>(ground, name, SPIN)?;
    unwritten.name = "shmstore, no writer but a spinner";
    let mut contenders = vec![idle, unwritten];
    contenders.extend(with_peers!(reader_beside(ground, name, &at_every(PACE)): Stored));
    let targets = vec![target("shmstore", "shmstore, idle", 1.2)];
    Ok(row(ground, name, &format!("load {}, a writer at 1 MHz", size::<WORDS>()), contenders, targets))
}

/// Stores without a reader.
pub(super) fn store<const WORDS: usize>(ground: &Ground<'_>, name: &'static str) -> Result<Row, Failure> {
    let contenders = with_peers!(writer(ground, name): Memcpy, Exclusive, Stored);
    let targets = if WORDS == 8 {
        vec![target(EXCLUSIVE, "ringfire", 1.0), target("shmstore", "iceoryx2", 1.0)]
    } else {
        vec![target(EXCLUSIVE, "memcpy", 1.3), target("shmstore", "memcpy", 1.3)]
    };
    Ok(row(ground, name, &format!("store {}, idle", size::<WORDS>()), contenders, targets))
}

pub(super) fn size<const WORDS: usize>() -> String {
    match Payload::<WORDS>::BYTES {
        bytes if bytes < 1024 => format!("{bytes} B"),
        bytes => format!("{} KiB", bytes / 1024),
    }
}

/// A reader of values that another process, now at rest, has stored.
fn reader_at_rest<B: Board, const WORDS: usize>(ground: &Ground<'_>, row: &str) -> Result<Contender<'static>, Failure> {
    let directory = ground.directory(row, &format!("{}-idle", B::NAME))?;
    let writer = Partner::start(WRITE, B::NAME, WORDS, &directory, ground.partner_cpu)?;
    let mut reader = B::open::<WORDS>(&directory)?;
    let mut into = Payload::room();
    Ok(Contender::timed(B::NAME, move |rounds| {
        let _writer = &writer;
        // As beside a busy writer, nothing of it is optimized away.
        black_box(reader.read_rounds(&mut into.0, rounds));
    }))
}

/// A reader of values that another process stores meanwhile.
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
    let mut contender = Contender::new(B::NAME, run);
    contender.checked = checked;
    Ok(contender)
}

/// Checks all words of loaded values for some time.
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

/// A writer without a reader.
fn writer<B: Board, const WORDS: usize>(ground: &Ground<'_>, row: &str) -> Result<Contender<'static>, Failure> {
    let directory = ground.directory(row, B::NAME)?;
    let mut writer = B::create::<WORDS>(&directory)?;
    let values = Payload::in_turn();
    Ok(Contender::timed(B::NAME, move |rounds| writer.write_rounds(&values.0, rounds)))
}

/// The other process is the writer.
pub(super) fn partner(role: &Role, stage: &Stage<'_>) -> Result<(), Failure> {
    match role.words {
        8 => partner_of_size::<8>(role, stage),
        512 => partner_of_size::<512>(role, stage),
        8192 => partner_of_size::<8192>(role, stage),
        other => Err(format!("no values of {other} words").into()),
    }
}

fn partner_of_size<const WORDS: usize>(role: &Role, stage: &Stage<'_>) -> Result<(), Failure> {
    play(role, stage, with_peers!(player(): Memcpy, Stored, Exclusive))
}

fn player<B: Board, const WORDS: usize>() -> Result<Player, Failure> {
    Ok((B::NAME, write::<B, WORDS>))
}

fn write<B: Board, const WORDS: usize>(role: &Role, stage: &Stage<'_>) -> Result<(), Failure> {
    // The number of stores between two reports: few enough to be counted well, enough to make reports cheap.
    let chunk = (512 / WORDS as u64).max(1);
    let mut writer = B::create::<WORDS>(&role.directory)?;
    let values = Payload::in_turn();
    match role.work.as_str() {
        WRITE => stage.perform(|| {
            writer.write_rounds(&values.0, chunk);
            chunk
        }),
        SPIN => at_pace(stage, PACE, |_| ()),
        work => {
            let pace = work.strip_prefix(WRITE_EVERY).ok_or_else(|| format!("no work `{work}`"))?;
            at_pace(stage, pace.parse()?, |round| writer.write(&values.0[round % 4]))
        }
    }
}

/// Works at a pace, and spins in between. Delays are made up for, so that the average is as requested; rests are not.
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

/// The schedule of work at a pace.
struct Pace {
    next: Instant,
    pace: Duration,
}

impl Pace {
    /// A delay of more than this number of rounds counts as a rest.
    const LATE: u32 = 64;

    fn new(now: Instant, pace: Duration) -> Self {
        Self { next: now, pace }
    }

    /// Returns when the round after the one that begins now is due.
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
    fn delays_are_made_up_for_and_rests_are_not() {
        let (start, pace) = (Instant::now(), Duration::from_micros(1));
        let mut due = Pace::new(start, pace);
        assert_eq!(due.next(start), start + pace);
        assert_eq!(due.next(start + pace * 3 / 2), start + 2 * pace, "half a round late");
        let later = start + 1000 * pace;
        assert_eq!(due.next(later), later + pace, "after a rest");
    }
}
