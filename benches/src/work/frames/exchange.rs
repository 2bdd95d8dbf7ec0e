//! Whole values: one process fills a value and hands it over, and the other one reads all of it, and answers.

use std::hint::spin_loop;
use std::sync::atomic::Ordering::{Acquire, Release};
use std::time::Instant;

use crate::Failure;
use crate::batch::{Contender, Sample, each};
use crate::partner::{Partner, Role, Stage};
use crate::row::Row;
use crate::systems::frames::{Fill, Hand, Sum, sum_from};
use crate::systems::iceoryx2_frames::Loaned;
use crate::systems::mapped::Mapped;
use crate::systems::mmap_sync::Mapping;
use crate::systems::shmstore_frames::{Copied, Framed, FramedInPlace};
use crate::work::{Ground, Player, play, row, target};

macro_rules! exchanging {
    ($function:ident $arguments:tt) => {
        of_each!($function $arguments: Framed, FramedInPlace, Copied, Loaned, Mapping)
    };
}

/// The page of the answer.
const PAGE: &str = "answer";

/// A value is filled, handed over and summed up, and the sum comes back.
pub(in crate::work) fn exchange(ground: &Ground<'_>, name: &'static str) -> Result<Row, Failure> {
    let contenders = exchanging!(asker(ground, name));
    let targets = vec![target("shmstore", "iceoryx2", 1.15), target("shmstore", Copied::NAME, 0.8)];
    let work = "fill a value of 4 MiB, hand it over, sum it up there, answer";
    Ok(row(ground, name, work, contenders, targets))
}

fn asker<H: Hand>(ground: &Ground<'_>, row: &'static str) -> Result<Contender<'static>, Failure>
where
    H::Writer: Fill,
{
    let directory = ground.directory(row, H::NAME)?;
    let page = Mapped::create(&directory.join(PAGE))?;
    let mut writer = H::create(&directory)?;
    let mut partner = Partner::start(row, H::NAME, 0, &directory, ground.partner_cpu)?;
    let mut first = 0;
    Ok(Contender::new(H::NAME, move |rounds| {
        let taken = partner.along(|_| {
            let start = Instant::now();
            for _ in 0..rounds {
                first += 1;
                writer.fill(first);
                while page.word(0).load(Acquire) != sum_from(first) {
                    spin_loop();
                }
            }
            start.elapsed()
        });
        Sample { nanoseconds: each(taken, rounds), rounds, ..Sample::default() }
    }))
}

/// The other process sums the values up.
fn answers<H: Hand>() -> Result<Player, Failure>
where
    H::Reader: Sum,
{
    Ok((H::NAME, |role, stage| {
        let page = Mapped::open(&role.directory.join(PAGE))?;
        let mut reader = H::open(&role.directory)?;
        stage.perform(|| {
            let sum = reader.sum();
            if let Some(sum) = sum {
                page.word(0).store(sum, Release);
            }
            u64::from(sum.is_some())
        })
    }))
}

pub(in crate::work) fn partner(role: &Role, stage: &Stage<'_>) -> Result<(), Failure> {
    play(role, stage, exchanging!(answers()))
}
