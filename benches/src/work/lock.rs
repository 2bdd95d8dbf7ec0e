//! Mutual exclusion: locks of one process alone and of two processes, and changes of a value as a whole.

use super::{Ground, Player, play, row, target};
use crate::Failure;
use crate::batch::{Contender, Sample};
use crate::partner::{Partner, Role, Stage};
use crate::row::Row;
use crate::systems::bare::Exchange;
use crate::systems::lmdb;
use crate::systems::pthread::Pthread;
use crate::systems::shmstore::Parts;
use crate::systems::{Exclude, Reads, Transact};

type Ours = shmstore::Shared<Parts>;

macro_rules! locks {
    ($function:ident $arguments:tt) => {
        of_each!($function $arguments: Exchange, Ours, Pthread; boost crate::systems::boost::Side)
    };
}

/// Locks and unlocks, without another process.
pub(super) fn idle(ground: &Ground<'_>, name: &'static str) -> Result<Row, Failure> {
    let targets = vec![target("shmstore", "pthread robust", 0.8), target("shmstore", "Boost", 1.0)];
    Ok(row(ground, name, "lock + unlock, idle", locks!(alone(ground, name)), targets))
}

/// Locks, counts and unlocks while another process does the same. The time is the mean for an operation of either.
pub(super) fn contended(ground: &Ground<'_>, name: &'static str) -> Result<Row, Failure> {
    // 1.5 times the operations are two thirds of the time.
    let targets = vec![target("shmstore", "pthread robust", 1.0 / 1.5)];
    let work = "lock, count, unlock, by two processes at once";
    Ok(row(ground, name, work, locks!(together(ground, name)), targets))
}

/// Changes one word of eight, as a whole.
pub(super) fn transaction(ground: &Ground<'_>, name: &'static str) -> Result<Row, Failure> {
    let contenders = of_each!(changing(ground, name): Ours, Pthread, lmdb::Side; boost crate::systems::boost::Side);
    let targets = vec![target("shmstore", "Boost", 1.2)];
    Ok(row(ground, name, "transaction of 64 B: begin, change, commit", contenders, targets))
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
        assert_eq!(lock.count(), ours + partner.done(), "{}: two had the lock at once", E::NAME);
        of_either(sample)
    }))
}

/// The time of one operation of either process.
pub(super) fn of_either(sample: Sample) -> Sample {
    let partner = sample.partner.unwrap_or(f64::INFINITY);
    Sample { nanoseconds: 1.0 / (1.0 / sample.nanoseconds + 1.0 / partner), ..sample }
}

fn changing<T: Transact + 'static>(ground: &Ground<'_>, row: &str) -> Result<Contender<'static>, Failure> {
    let mut value = T::create(&ground.directory(row, T::NAME)?)?;
    Ok(Contender::timed(T::NAME, move |rounds| value.change_rounds(rounds)))
}

/// The other process locks, too.
pub(super) fn partner(role: &Role, stage: &Stage<'_>) -> Result<(), Failure> {
    play(role, stage, locks!(player()))
}

fn player<E: Exclude>() -> Result<Player, Failure> {
    Ok((E::NAME, |role, stage| {
        const CHUNK: u64 = 64;
        let mut lock = E::create(&role.directory)?;
        stage.perform(|| {
            lock.count_rounds(CHUNK);
            CHUNK
        })
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_at_the_same_pace_take_half_the_time_together() {
        let sample = Sample { nanoseconds: 40.0, partner: Some(40.0), ..Sample::default() };
        assert_eq!(of_either(sample).nanoseconds, 20.0);
        let alone = Sample { nanoseconds: 40.0, partner: Some(f64::INFINITY), ..Sample::default() };
        assert_eq!(of_either(alone).nanoseconds, 40.0);
    }
}
