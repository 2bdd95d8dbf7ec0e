//! Keeping others out: locks while nobody else wants them and while another process does, and changes of a value as a
//! whole.

use std::path::Path;

use super::{Ground, row, target};
use crate::Failure;
use crate::batch::{Contender, Sample};
use crate::partner::{Partner, Role, Stage};
use crate::row::Row;
use crate::systems::exchange::Exchange;
use crate::systems::lmdb;
use crate::systems::pthread::Pthread;
use crate::systems::shmstore::part::Parts;
use crate::systems::{Exclude, Reads, Transact};

type Ours = shmstore::Shared<Parts>;

/// Locking and unlocking while nobody else does.
pub(super) fn idle(ground: &Ground<'_>, name: &'static str) -> Result<Row, Failure> {
    #[cfg_attr(not(boost), allow(unused_mut))]
    let mut contenders =
        vec![alone::<Exchange>(ground, name)?, alone::<Ours>(ground, name)?, alone::<Pthread>(ground, name)?];
    #[cfg(boost)]
    contenders.push(alone::<crate::systems::boost::Side>(ground, name)?);
    let targets = vec![target("shmstore", "pthread robust", 0.8), target("shmstore", "Boost", 1.0)];
    Ok(row(ground, name, "lock + unlock, idle".into(), contenders, targets))
}

/// Locking, counting and unlocking while another process does the same. An operation is one of either.
pub(super) fn contended(ground: &Ground<'_>, name: &'static str) -> Result<Row, Failure> {
    #[cfg_attr(not(boost), allow(unused_mut))]
    let mut contenders =
        vec![together::<Exchange>(ground, name)?, together::<Ours>(ground, name)?, together::<Pthread>(ground, name)?];
    #[cfg(boost)]
    contenders.push(together::<crate::systems::boost::Side>(ground, name)?);
    // 1.5 times the operations are two thirds of the time.
    let targets = vec![target("shmstore", "pthread robust", 1.0 / 1.5)];
    Ok(row(
        ground,
        name,
        "lock, count, unlock by two processes at once: time by the operations of both".into(),
        contenders,
        targets,
    ))
}

/// Changing one word of eight, as a whole.
pub(super) fn transaction(ground: &Ground<'_>, name: &'static str) -> Result<Row, Failure> {
    #[cfg_attr(not(boost), allow(unused_mut))]
    let mut contenders = vec![
        changing::<Ours>(ground, name)?,
        changing::<Pthread>(ground, name)?,
        changing::<lmdb::Side>(ground, name)?,
    ];
    #[cfg(boost)]
    contenders.push(changing::<crate::systems::boost::Side>(ground, name)?);
    let targets = vec![target("shmstore", "Boost", 1.2)];
    Ok(row(ground, name, "transaction of 64 B: begin, change, commit".into(), contenders, targets))
}

fn alone<E: Exclude + 'static>(ground: &Ground<'_>, row: &str) -> Result<Contender<'static>, Failure> {
    let mut lock = E::create(&ground.directory(row, E::NAME)?)?;
    Ok(Contender::timed(E::NAME, move |rounds| lock.lock_rounds(rounds)))
}

fn together<E: Exclude + 'static>(ground: &Ground<'_>, row: &str) -> Result<Contender<'static>, Failure> {
    let directory = ground.directory(row, E::NAME)?;
    let mut partner = Partner::start("lock", E::NAME, 0, &directory, ground.partner_cpu)?;
    let mut lock = E::open(&directory)?;
    let mut ours = 0;
    Ok(Contender::new(E::NAME, move |rounds| {
        let sample = partner.beside(rounds, |rounds| {
            lock.count_rounds(rounds);
            Reads { done: rounds, ..Reads::default() }
        });
        ours += rounds;
        assert_eq!(lock.count(), ours + partner.done(), "{}: two had the lock at a time", E::NAME);
        of_both(sample)
    }))
}

/// What an operation took, of both together.
fn of_both(sample: Sample) -> Sample {
    let theirs = sample.partner.unwrap_or(f64::INFINITY);
    Sample { nanoseconds: 1.0 / (1.0 / sample.nanoseconds + 1.0 / theirs), ..sample }
}

fn changing<T: Transact + 'static>(ground: &Ground<'_>, row: &str) -> Result<Contender<'static>, Failure> {
    let mut value = T::create(&ground.directory(row, T::NAME)?)?;
    Ok(Contender::timed(T::NAME, move |rounds| {
        value.change_rounds(rounds);
    }))
}

/// The other process: it wants the lock, too.
pub(super) fn partner(role: &Role, directory: &Path, stage: &Stage<'_>) -> Result<(), Failure> {
    match role.system.as_str() {
        <Exchange as Exclude>::NAME => contend::<Exchange>(directory, stage),
        <Ours as Exclude>::NAME => contend::<Ours>(directory, stage),
        <Pthread as Exclude>::NAME => contend::<Pthread>(directory, stage),
        #[cfg(boost)]
        <crate::systems::boost::Side as Exclude>::NAME => contend::<crate::systems::boost::Side>(directory, stage),
        other => Err(format!("no lock of `{other}`").into()),
    }
}

fn contend<E: Exclude>(directory: &Path, stage: &Stage<'_>) -> Result<(), Failure> {
    const CHUNK: u64 = 64;
    let mut lock = E::create(directory)?;
    stage.perform(|| {
        lock.count_rounds(CHUNK);
        CHUNK
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_at_the_same_pace_take_half_the_time_together() {
        let sample = Sample { nanoseconds: 40.0, partner: Some(40.0), ..Sample::default() };
        assert_eq!(of_both(sample).nanoseconds, 20.0);
        let alone = Sample { nanoseconds: 40.0, partner: Some(f64::INFINITY), ..Sample::default() };
        assert_eq!(of_both(alone).nanoseconds, 40.0);
    }
}
