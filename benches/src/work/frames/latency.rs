//! The hand-over of values of which only a word is written.

use std::hint::{black_box, spin_loop};
use std::sync::atomic::Ordering::{Acquire, Release};
use std::time::Duration;

use crate::Failure;
use crate::batch::{Contender, Sample, now};
use crate::partner::{self, Partner, Role, Stage};
use crate::row::{Other, Row, Target};
use crate::systems::Polling;
use crate::systems::bare::{Atomics, Futex, Word};
use crate::systems::frames::{Hand, Hold, Pin, Publish};
use crate::systems::iceoryx2_frames::{Lending, LendingAsleep, Loaned};
use crate::systems::mapped::Mapped;
use crate::systems::mmap_sync::Mapping;
use crate::systems::shmstore_frames::{Framed, Framing, FramingAsleep};
use crate::work::talk::{ASLEEP, caller, sleeper, spinner};
use crate::work::{Ground, Player, play, row, target};

macro_rules! handing {
    ($function:ident $arguments:tt) => {
        of_each!($function $arguments: Word, Framed, Loaned)
    };
}

macro_rules! spinning {
    ($function:ident $arguments:tt) => {
        of_each!($function $arguments: Polling<Atomics>, Polling<Framing>, Polling<Lending>)
    };
}

macro_rules! sleeping {
    ($function:ident $arguments:tt) => {
        of_each!($function $arguments: Futex, FramingAsleep, LendingAsleep)
    };
}

/// The page by which a reader tells how many values it has got.
const PAGE: &str = "received";

/// A pause so short that it is none. With a pause each call is timed alone, and the median counts. A call during which
/// another program has a processor would outweigh all others.
const EACH: Duration = Duration::from_nanos(1);

/// The values of each batch that do not count, and the least number of those that do.
const FIRST: u64 = 16;
const FEWEST: u64 = 64;

/// The pause before each value, in nanoseconds, so that the reader spins. It is not always the same.
const PAUSES: [u64; 4] = [500, 700, 1_000, 1_300];

/// A loan and its publication, while no other process does anything.
pub(in crate::work) fn publish(ground: &Ground<'_>, name: &'static str) -> Result<Row, Failure> {
    let contenders = of_each!(publisher(ground, name): Framed, Loaned, Mapping);
    let targets = vec![Target::new("shmstore", Other::Figure, 120.0), target("shmstore", "iceoryx2", 1.0)];
    Ok(row(ground, name, "loan + publish a value of 4 MiB, idle", contenders, targets))
}

/// A pin and its end.
pub(in crate::work) fn pin(ground: &Ground<'_>, name: &'static str) -> Result<Row, Failure> {
    let contenders = of_each!(holder(ground, name): Framed, Mapping);
    let targets = vec![Target::new("shmstore", Other::Figure, 10.0)];
    Ok(row(ground, name, "pin + unpin the newest value of 4 MiB, idle", contenders, targets))
}

/// A publication until another process has pinned the value.
pub(in crate::work) fn one_way(ground: &Ground<'_>, name: &'static str) -> Result<Row, Failure> {
    let contenders = handing!(receiver(ground, name));
    let targets = vec![target("shmstore", "iceoryx2", 1.0)];
    let work = "publish a value of 4 MiB until a spinning process has pinned it, with a look at the clock";
    Ok(row(ground, name, work, contenders, targets))
}

/// The same, there and back.
pub(in crate::work) fn round_trip(ground: &Ground<'_>, name: &'static str) -> Result<Row, Failure> {
    let contenders = spinning!(caller(ground, name, 1, EACH));
    let work = "round trip of values of 4 MiB: loan, publish and pin, twice, both spinning, with a look at the clock";
    Ok(row(ground, name, work, contenders, vec![target("shmstore", "iceoryx2", 1.0)]))
}

/// A loan and its publication until a sleeping process has pinned the value: half a round trip.
pub(in crate::work) fn wake(ground: &Ground<'_>, name: &'static str) -> Result<Row, Failure> {
    let contenders = sleeping!(caller(ground, name, 2, ASLEEP));
    let targets = vec![target("shmstore", "bare futex", 1.2), target("shmstore", "iceoryx2", 1.0)];
    Ok(row(ground, name, "publish a value of 4 MiB until a sleeping process has pinned it", contenders, targets))
}

fn publisher<H: Hand>(ground: &Ground<'_>, row: &str) -> Result<Contender<'static>, Failure>
where
    H::Writer: Publish,
{
    let directory = ground.directory(row, H::NAME)?;
    let mut writer = H::create(&directory)?;
    // It keeps the newest values until they are overwritten.
    let reader = H::open(&directory)?;
    Ok(Contender::timed(H::NAME, move |rounds| {
        let _reader = &reader;
        (0..rounds).for_each(|round| writer.publish(|| black_box(round)));
    }))
}

fn holder<H: Hand>(ground: &Ground<'_>, row: &str) -> Result<Contender<'static>, Failure>
where
    H::Writer: Publish,
    H::Reader: Hold,
{
    let directory = ground.directory(row, H::NAME)?;
    let mut writer = H::create(&directory)?;
    writer.publish(|| 1);
    let mut reader = H::open(&directory)?;
    Ok(Contender::timed(H::NAME, move |rounds| {
        let _writer = &writer;
        for _ in 0..rounds {
            black_box(black_box(&mut reader).hold());
        }
    }))
}

/// Receives values that the other process publishes, each with the time of its publication.
fn receiver<H: Hand>(ground: &Ground<'_>, row: &'static str) -> Result<Contender<'static>, Failure>
where
    H::Reader: Pin,
{
    let directory = ground.directory(row, H::NAME)?;
    let mut partner = Partner::start(row, H::NAME, 0, &directory, ground.partner_cpu)?;
    let mut reader = H::open(&directory)?;
    let page = Mapped::open(&directory.join(PAGE))?;
    let mut received = 0;
    Ok(Contender::new(H::NAME, move |rounds| {
        let rounds = rounds.max(FEWEST);
        let mut times = Vec::with_capacity(rounds as usize);
        partner.along(|_| {
            // The first value is of the time before, and the next ones come while the processes wake up.
            for round in 0..rounds + FIRST {
                let published = loop {
                    match reader.next() {
                        Some(published) => break published,
                        None => spin_loop(),
                    }
                };
                let taken = now().saturating_sub(published);
                if round >= FIRST {
                    times.push(taken);
                }
                received += 1;
                page.word(0).store(received, Release);
            }
            Duration::ZERO
        });
        let middle = times.len() / 2;
        let (_, median, _) = times.select_nth_unstable(middle);
        Sample { nanoseconds: *median as f64, rounds, ..Sample::default() }
    }))
}

/// The other process publishes a value as soon as the one before is received.
fn publishes<H: Hand>() -> Result<Player, Failure>
where
    H::Writer: Publish,
{
    Ok((H::NAME, |role, stage| {
        let page = Mapped::create(&role.directory.join(PAGE))?;
        let (mut writer, mut sent) = (H::create(&role.directory)?, 0);
        stage.perform(|| {
            if page.word(0).load(Acquire) < sent {
                return 0;
            }
            partner::spin(Duration::from_nanos(PAUSES[sent as usize % PAUSES.len()]));
            sent += 1;
            writer.publish(now);
            1
        })
    }))
}

pub(in crate::work) fn partner_of_one_way(role: &Role, stage: &Stage<'_>) -> Result<(), Failure> {
    play(role, stage, handing!(publishes()))
}

pub(in crate::work) fn partner_of_round_trip(role: &Role, stage: &Stage<'_>) -> Result<(), Failure> {
    play(role, stage, spinning!(spinner()))
}

pub(in crate::work) fn partner_of_wake(role: &Role, stage: &Stage<'_>) -> Result<(), Failure> {
    play(role, stage, sleeping!(sleeper()))
}
