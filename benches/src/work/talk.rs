//! Two processes that call and answer each other, asleep or spinning.

use std::path::Path;
use std::time::Duration;

use super::{Ground, row, target};
use crate::Failure;
use crate::batch::{Contender, Sample, each};
use crate::partner::{Partner, Role, Stage};
use crate::row::Row;
use crate::systems::Talk;
use crate::systems::atomics::Atomics;
use crate::systems::futex::Futex;
use crate::systems::iceoryx2::{event, pub_sub};
use crate::systems::ringfire::ring;
use crate::systems::shmstore::talk::{Polling, Sleeping};

/// Before each call and each answer: so that the other side is asleep, and its processor too (Linux polls for up to 0.2 ms
/// on a virtual machine, before it lets go of the processor).
const ASLEEP: Duration = Duration::from_micros(300);

/// From a store until a waiter in another process has it: half a round trip, in which each
/// is asleep when the other one stores.
pub(super) fn wake(ground: &Ground<'_>, name: &'static str) -> Result<Row, Failure> {
    let contenders = vec![
        caller::<Futex>(ground, name, 2, ASLEEP)?,
        caller::<Sleeping>(ground, name, 2, ASLEEP)?,
        caller::<event::Side>(ground, name, 2, ASLEEP)?,
    ];
    let targets = vec![target("shmstore", "bare futex", 1.1), target("shmstore", "iceoryx2", 1.0)];
    Ok(row(ground, name, "store until a sleeping process has the value".into(), contenders, targets))
}

/// There and back between two processes that spin.
pub(super) fn round_trip(ground: &Ground<'_>, name: &'static str) -> Result<Row, Failure> {
    let contenders = vec![
        caller::<Atomics>(ground, name, 1, Duration::ZERO)?,
        caller::<Polling>(ground, name, 1, Duration::ZERO)?,
        caller::<ring::Side>(ground, name, 1, Duration::ZERO)?,
        caller::<pub_sub::Side>(ground, name, 1, Duration::ZERO)?,
    ];
    let targets = vec![target("shmstore", "bare atomics", 1.1)];
    Ok(row(ground, name, "round trip, both spinning".into(), contenders, targets))
}

/// One that calls, each call being so many operations.
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

/// The other process: it sleeps, and answers.
pub(super) fn partner_of_wake(role: &Role, directory: &Path, stage: &Stage<'_>) -> Result<(), Failure> {
    match role.system.as_str() {
        Futex::NAME => answer::<Futex>(directory, stage, ASLEEP),
        Sleeping::NAME => answer::<Sleeping>(directory, stage, ASLEEP),
        event::Side::NAME => answer::<event::Side>(directory, stage, ASLEEP),
        other => Err(format!("`{other}` does not sleep").into()),
    }
}

/// The other process: it spins, and answers.
pub(super) fn partner_of_round_trip(role: &Role, directory: &Path, stage: &Stage<'_>) -> Result<(), Failure> {
    match role.system.as_str() {
        Atomics::NAME => answer::<Atomics>(directory, stage, Duration::ZERO),
        Polling::NAME => answer::<Polling>(directory, stage, Duration::ZERO),
        ring::Side::NAME => answer::<ring::Side>(directory, stage, Duration::ZERO),
        pub_sub::Side::NAME => answer::<pub_sub::Side>(directory, stage, Duration::ZERO),
        other => Err(format!("`{other}` does not spin").into()),
    }
}

fn answer<T: Talk>(directory: &Path, stage: &Stage<'_>, pause: Duration) -> Result<(), Failure> {
    stage.answer(&mut T::create(directory)?, pause)
}
