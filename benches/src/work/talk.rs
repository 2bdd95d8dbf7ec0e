//! Two processes that call and answer each other, asleep or spinning.

use std::time::Duration;

use super::board::size;
use super::{Ground, Player, play, row, target};
use crate::Failure;
use crate::batch::{Contender, Sample, each};
use crate::partner::{Partner, Role, Stage};
use crate::row::Row;
use crate::systems::bare::{Atomics, Futex};
#[cfg(boost)]
use crate::systems::boost::MessageQueue;
use crate::systems::channel::{Asleep, Both};
use crate::systems::cloudtoid::Cloudtoid;
use crate::systems::futexes::Futexes;
use crate::systems::iceoryx2::{Events, PubSub, Publishing};
use crate::systems::posix_mq::PosixMq;
use crate::systems::ringfire::{Mpmc, MpmcQueue, Rings};
use crate::systems::shmstore::{Sleeping, Spinning};
use crate::systems::shmstore_channels::{Broadcasted, BroadcastedExclusively, Queued, QueuedExclusively};
use crate::systems::shmstore_waits::AnyOf;
use crate::systems::{Polling, Talk};

/// The pause before each call and each answer, so that the other side and its processor sleep. (On a virtual machine
/// Linux polls for up to 0.2 ms before it gives the processor up.)
pub(super) const ASLEEP: Duration = Duration::from_micros(300);

macro_rules! sleeping {
    ($function:ident $arguments:tt) => {
        of_each!($function $arguments: Futex, Sleeping, Events)
    };
}

macro_rules! any_asleep {
    ($function:ident $arguments:tt) => {
        of_each!($function $arguments: Futexes<VALUES>, AnyOf<VALUES>)
    };
}

macro_rules! queues_asleep {
    ($function:ident $arguments:tt) => {
        of_each!($function $arguments: Futex, Asleep<Queued>, Asleep<MpmcQueue>, Asleep<Cloudtoid>, Asleep<PosixMq>;
            boost Asleep<MessageQueue>)
    };
}

macro_rules! broadcasts_asleep {
    ($function:ident $arguments:tt) => {
        of_each!($function $arguments: Futex, Asleep<Broadcasted>, Asleep<Mpmc>)
    };
}

macro_rules! queues_spinning {
    ($function:ident $arguments:tt) => {
        of_each!($function $arguments: Polling<Atomics>, Polling<Both<QueuedExclusively, WORDS>>,
            Polling<Both<Queued, WORDS>>, Polling<Rings<WORDS>>, Polling<Both<MpmcQueue, WORDS>>,
            Polling<Both<Publishing, WORDS>>, Polling<Both<Cloudtoid, WORDS>>, Polling<Both<PosixMq, WORDS>>;
            boost Polling<Both<MessageQueue, WORDS>>)
    };
}

macro_rules! broadcasts_spinning {
    ($function:ident $arguments:tt) => {
        of_each!($function $arguments: Polling<Atomics>, Polling<Both<BroadcastedExclusively, WORDS>>,
            Polling<Both<Broadcasted, WORDS>>, Polling<Rings<WORDS>>, Polling<Both<Mpmc, WORDS>>,
            Polling<Both<Publishing, WORDS>>)
    };
}

macro_rules! spinning {
    ($function:ident $arguments:tt) => {
        of_each!($function $arguments: Polling<Atomics>, Polling<Spinning>, Polling<Rings<1>>, Polling<PubSub>)
    };
}

/// A store until a waiter in another process has the value: half a round trip, in which each side sleeps when the other
/// one stores.
pub(super) fn wake(ground: &Ground<'_>, name: &'static str) -> Result<Row, Failure> {
    let contenders = sleeping!(caller(ground, name, 2, ASLEEP));
    let targets = vec![target("shmstore", "bare futex", 1.1), target("shmstore", "iceoryx2", 1.0)];
    Ok(row(ground, name, "store until a sleeping process has the value", contenders, targets))
}

/// A store to one of several values until a waiter for all of them has it.
pub(super) fn wake_any<const VALUES: usize>(ground: &Ground<'_>, name: &'static str) -> Result<Row, Failure> {
    let contenders = any_asleep!(caller(ground, name, 2, ASLEEP));
    let plural = if VALUES == 1 { "" } else { "s" };
    let work = format!("store until a sleeping process that waits for any of {VALUES} value{plural} has it");
    Ok(row(ground, name, &work, contenders, vec![target("shmstore", "bare futex_waitv", 1.1)]))
}

/// A call and its answer between two processes that spin.
pub(super) fn round_trip(ground: &Ground<'_>, name: &'static str) -> Result<Row, Failure> {
    let contenders = spinning!(caller(ground, name, 1, Duration::ZERO));
    let targets = vec![target("shmstore", "bare atomics", 1.1)];
    Ok(row(ground, name, "round trip, both spinning", contenders, targets))
}

/// A push until a consumer in another process has the value: both sleep in turn.
pub(super) fn queue_wake(ground: &Ground<'_>, name: &'static str) -> Result<Row, Failure> {
    let contenders = queues_asleep!(caller(ground, name, 2, ASLEEP));
    let targets = vec![target("shmstore", "bare futex", 1.1)];
    Ok(row(ground, name, "push until a sleeping process has the value", contenders, targets))
}

/// The same for a broadcast.
pub(super) fn broadcast_wake(ground: &Ground<'_>, name: &'static str) -> Result<Row, Failure> {
    let contenders = broadcasts_asleep!(caller(ground, name, 2, ASLEEP));
    let targets = vec![target("shmstore", "bare futex", 1.1)];
    Ok(row(ground, name, "send until a sleeping process has the value", contenders, targets))
}

/// A call and its answer by two queues, between two processes that spin.
pub(super) fn queue_round_trip<const WORDS: usize>(ground: &Ground<'_>, name: &'static str) -> Result<Row, Failure> {
    let contenders = queues_spinning!(caller(ground, name, 1, Duration::ZERO));
    let work = format!("round trip of {} by two queues, both spinning", size::<WORDS>());
    Ok(row(ground, name, &work, contenders, vec![target("shmstore, exclusive", "ringfire", 1.0)]))
}

/// The same by two broadcasts.
pub(super) fn broadcast_round_trip<const WORDS: usize>(
    ground: &Ground<'_>,
    name: &'static str,
) -> Result<Row, Failure> {
    let contenders = broadcasts_spinning!(caller(ground, name, 1, Duration::ZERO));
    let work = format!("round trip of {} by two broadcasts, both spinning", size::<WORDS>());
    Ok(row(ground, name, &work, contenders, vec![target("shmstore, exclusive", "ringfire", 1.0)]))
}

/// A contender that calls. Each call counts as a number of operations.
pub(super) fn caller<T: Talk + 'static>(
    ground: &Ground<'_>,
    row: &'static str,
    operations: u64,
    pause: Duration,
) -> Result<Contender<'static>, Failure> {
    let directory = ground.directory(row, T::NAME)?;
    let mut partner = Partner::start(row, T::NAME, 0, &directory, ground.partner_cpu)?;
    let mut talk = T::open(&directory)?;
    Ok(Contender::new(T::NAME, move |rounds| {
        let taken = partner.converse(rounds, &mut talk, pause);
        Sample { nanoseconds: each(taken, rounds * operations), ..Sample::default() }
    }))
}

/// The other process sleeps, and answers.
pub(super) fn partner_of_wake(role: &Role, stage: &Stage<'_>) -> Result<(), Failure> {
    play(role, stage, sleeping!(sleeper()))
}

/// The other process waits for any of several calls, and answers.
pub(super) fn partner_of_wake_any<const VALUES: usize>(role: &Role, stage: &Stage<'_>) -> Result<(), Failure> {
    play(role, stage, any_asleep!(sleeper()))
}

/// The other process spins, and answers.
pub(super) fn partner_of_round_trip(role: &Role, stage: &Stage<'_>) -> Result<(), Failure> {
    play(role, stage, spinning!(spinner()))
}

/// The other process sleeps or spins, and answers by queues or broadcasts.
pub(super) fn partner_of_queue_wake(role: &Role, stage: &Stage<'_>) -> Result<(), Failure> {
    play(role, stage, queues_asleep!(sleeper()))
}

pub(super) fn partner_of_broadcast_wake(role: &Role, stage: &Stage<'_>) -> Result<(), Failure> {
    play(role, stage, broadcasts_asleep!(sleeper()))
}

pub(super) fn partner_of_queue_round_trip<const WORDS: usize>(role: &Role, stage: &Stage<'_>) -> Result<(), Failure> {
    play(role, stage, queues_spinning!(spinner()))
}

pub(super) fn partner_of_broadcast_round_trip<const WORDS: usize>(
    role: &Role,
    stage: &Stage<'_>,
) -> Result<(), Failure> {
    play(role, stage, broadcasts_spinning!(spinner()))
}

pub(super) fn sleeper<T: Talk>() -> Result<Player, Failure> {
    Ok((T::NAME, |role, stage| stage.answer(&mut T::create(&role.directory)?, ASLEEP)))
}

pub(super) fn spinner<T: Talk>() -> Result<Player, Failure> {
    Ok((T::NAME, |role, stage| stage.answer(&mut T::create(&role.directory)?, Duration::ZERO)))
}
