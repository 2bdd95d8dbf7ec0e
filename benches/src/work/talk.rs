//! Two processes that call and answer each other, asleep or spinning.

use std::time::Duration;

use super::{Ground, Player, play, row, target};
use crate::Failure;
use crate::batch::{Contender, Sample, each};
use crate::partner::{Partner, Role, Stage};
use crate::row::Row;
use crate::systems::bare::{Atomics, Futex};
use crate::systems::iceoryx2::{Events, PubSub};
use crate::systems::ringfire::Rings;
use crate::systems::shmstore::{Sleeping, Spinning};
use crate::systems::{Polling, Talk};

/// The pause before each call and each answer, so that the other side and its processor sleep. (On a virtual machine
/// Linux polls for up to 0.2 ms before it gives the processor up.)
const ASLEEP: Duration = Duration::from_micros(300);

macro_rules! sleeping {
    ($function:ident $arguments:tt) => {
        of_each!($function $arguments: Futex, Sleeping, Events)
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

/// A call and its answer between two processes that spin.
pub(super) fn round_trip(ground: &Ground<'_>, name: &'static str) -> Result<Row, Failure> {
    let contenders = spinning!(caller(ground, name, 1, Duration::ZERO));
    let targets = vec![target("shmstore", "bare atomics", 1.1)];
    Ok(row(ground, name, "round trip, both spinning", contenders, targets))
}

/// A contender that calls. Each call counts as a number of operations.
fn caller<T: Talk + 'static>(
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

/// The other process spins, and answers.
pub(super) fn partner_of_round_trip(role: &Role, stage: &Stage<'_>) -> Result<(), Failure> {
    play(role, stage, spinning!(spinner()))
}

fn sleeper<T: Talk>() -> Result<Player, Failure> {
    Ok((T::NAME, |role, stage| stage.answer(&mut T::create(&role.directory)?, ASLEEP)))
}

fn spinner<T: Talk>() -> Result<Player, Failure> {
    Ok((T::NAME, |role, stage| stage.answer(&mut T::create(&role.directory)?, Duration::ZERO)))
}
