//! A producer is killed in the middle of a push: the time until another producer's value is received, and lost values.
//!
//! The killed process pushes values of 4 KiB to a queue that never gets full, so it is nearly always within a push when
//! it is killed, at another instant each time. Another producer pushes at a pace meanwhile, and a receiver polls. The
//! worst death counts.

use std::path::PathBuf;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

use super::{Ground, Player, play};
use crate::Failure;
use crate::batch::{Sample, Series};
use crate::partner::{Partner, Role, Stage};
use crate::payload::Payload;
use crate::row::{Other, Row, Target};
use crate::systems::channel::{CAPACITY, Channel, Receives, Sends};
use crate::systems::cloudtoid::Cloudtoid;
use crate::systems::iceoryx2::Publishing;
use crate::systems::posix_mq::PosixMq;
use crate::systems::ringfire::{Mpmc, MpmcQueue};
use crate::systems::shmstore_channels::{Broadcasted, BroadcastedExclusively, Queued, QueuedExclusively};

/// The number of words of a value.
const WORDS: usize = 512;
/// The number of deaths for each system, and in a quick run.
const DEATHS: u64 = 25;
const FEW: u64 = 3;
/// The longest wait for all deaths of a system, and in a quick run.
const LIMIT: Duration = Duration::from_secs(25);
const SHORT: Duration = Duration::from_secs(1);

/// The killed process begins no more pushes than this.
const MOST: u64 = CAPACITY as u64 * 3 / 4;
/// The deaths come after different numbers of pushes. The kill itself takes some time, too.
const PUSHES: u64 = MOST / 2;

/// The time between two values of the other producer.
const PACE: Duration = Duration::from_micros(50);
/// The number of its values after the first one is received. Some systems lose one a lap.
const AFTERWARDS: u64 = 2 * CAPACITY as u64;
/// The last values are received within this time.
const SOON: Duration = Duration::from_millis(100);

/// The first number of the other producer's values.
const OTHERS: u64 = 1 << 32;

/// The other process's work.
const PUSH: &str = "push-until-killed";
const SEND: &str = "send-until-killed";

/// The results of a function for queues.
macro_rules! each_queue {
    ($function:ident $arguments:tt) => {
        of_each!($function $arguments: Queued, MpmcQueue, Cloudtoid, PosixMq;
            boost crate::systems::boost::MessageQueue)
    };
}

/// The results of a function for broadcasts.
macro_rules! each_broadcast {
    ($function:ident $arguments:tt) => {
        of_each!($function $arguments: Broadcasted, Mpmc, Publishing)
    };
}

/// The outcome of one death.
#[derive(Debug, Clone, Copy, Default)]
struct Death {
    waited: Duration,
    lost: u64,
    torn: u64,
}

/// A producer of a queue.
pub(super) fn queue(ground: &Ground<'_>, name: &'static str) -> Result<Row, Failure> {
    let mut series = each_queue!(deaths(ground, name, PUSH));
    series.insert(1, deaths_of::<QueuedExclusively, Queued>(ground, name, PUSH)?);
    Ok(row(name, "queue", series))
}

/// A sender of a broadcast.
pub(super) fn broadcast(ground: &Ground<'_>, name: &'static str) -> Result<Row, Failure> {
    let mut series = each_broadcast!(deaths(ground, name, SEND));
    series.insert(1, deaths_of::<BroadcastedExclusively, Broadcasted>(ground, name, SEND)?);
    Ok(row(name, "broadcast", series))
}

fn row(name: &'static str, of: &str, series: Vec<Series>) -> Row {
    let work = format!("{of}: producer killed, until another producer's value is received, worst case");
    let targets = ["shmstore", "shmstore, exclusive"].map(|ours| Target::new(ours, Other::Figure, 10e6)).to_vec();
    Row { name: name.into(), work, unit: "ns", series, targets }
}

fn deaths<C: Channel>(ground: &Ground<'_>, row: &str, work: &str) -> Result<Series, Failure> {
    deaths_of::<C, C>(ground, row, work)
}

/// The worst of several deaths of producers, in another system's part if an exclusive producer keeps others out.
fn deaths_of<V: Channel, C: Channel>(ground: &Ground<'_>, row: &str, work: &str) -> Result<Series, Failure> {
    let (deaths, limit) = if ground.is_quick { (FEW, SHORT) } else { (DEATHS, LIMIT) };
    let (mut worst, mut done, mut starved) = (Death::default(), 0, 0);
    let start = Instant::now();
    while done < deaths && starved == 0 && start.elapsed() < limit {
        let directory = ground.directory(row, &format!("{}-{done}", V::NAME))?;
        let pushes = 1 + done * (PUSHES - 1) / (deaths - 1);
        let outcome = death::<V, C>(ground, work, directory, pushes, limit)?;
        done += 1;
        starved += u64::from(outcome.is_none());
        let death = outcome.unwrap_or(Death { waited: limit, ..Death::default() });
        worst.waited = worst.waited.max(death.waited);
        worst.lost = worst.lost.max(death.lost);
        worst.torn += death.torn;
    }
    let Death { waited, lost, torn } = worst;
    let nanoseconds = waited.as_nanos() as f64;
    let sample = Sample { nanoseconds, rounds: done, torn, starved, lost, ..Sample::default() };
    Ok(Series { name: V::NAME, samples: vec![sample], ..Series::default() })
}

/// One death. `None`: nothing is received within the limit.
fn death<V: Channel, C: Channel>(
    ground: &Ground<'_>,
    work: &str,
    directory: PathBuf,
    pushes: u64,
    limit: Duration,
) -> Result<Option<Death>, Failure> {
    let (ready, is_ready) = mpsc::channel();
    let (died, has_died) = mpsc::channel();
    let (over, is_over) = mpsc::channel();
    let survivors = directory.clone();
    // Some systems wait forever: then this thread is given up.
    std::thread::spawn(move || {
        let (mut sender, mut receiver) = match C::create::<WORDS>(&survivors) {
            Ok(ends) => ends,
            Err(failure) => return drop(ready.send(Err(failure.to_string()))),
        };
        // A failed send means that the run has given up.
        let _ = ready.send(Ok(()));
        if let Ok(sent) = has_died.recv() {
            let _ = over.send(survive(&mut sender, &mut receiver, sent, limit));
        }
    });
    is_ready.recv()??;
    let victim = Partner::start(work, V::NAME, WORDS, &directory, ground.partner_cpu)?;
    died.send(victim.kill_after(pushes)?)?;
    match is_over.recv_timeout(limit + SOON) {
        Ok(outcome) => Ok(outcome),
        Err(RecvTimeoutError::Timeout) => Ok(None),
        Err(RecvTimeoutError::Disconnected) => Err(format!("{}: a survivor of a death failed", C::NAME).into()),
    }
}

/// Pushes and receives after a death. The killed producer had finished `theirs` pushes, of the numbers from 1.
fn survive(
    sender: &mut impl Sends<WORDS>,
    receiver: &mut impl Receives<WORDS>,
    theirs: u64,
    limit: Duration,
) -> Option<Death> {
    let start = Instant::now();
    let (mut death, mut into, mut value) = (Death::default(), Payload::room(), Payload::room());
    let (mut sent, mut received, mut of_theirs) = (0, 0, 0);
    let (mut next, mut last) = (start, start);
    loop {
        let now = Instant::now();
        if received == 0 && now - start > limit {
            return None;
        }
        if now >= next && (received == 0 || sent < AFTERWARDS) {
            value.0 = Payload::filled(OTHERS + sent);
            sent += u64::from(sender.try_send(&value.0));
            (next, last) = (now + PACE, now);
        }
        if receiver.try_receive(&mut into.0) {
            death.torn += u64::from(into.0.is_torn());
            match into.0.word() {
                OTHERS.. if received == 0 => (death.waited, received) = (start.elapsed(), 1),
                OTHERS.. => received += 1,
                number => of_theirs += u64::from(number <= theirs),
            }
        } else if received > 0 && sent >= AFTERWARDS && (received == sent || now - last > SOON) {
            death.lost = (theirs - of_theirs) + (sent - received);
            return Some(death);
        }
    }
}

/// The other process pushes until it is killed.
pub(super) fn partner(role: &Role, stage: &Stage<'_>) -> Result<(), Failure> {
    let mut victims = if role.work == PUSH { each_queue!(victim()) } else { each_broadcast!(victim()) };
    victims.push(if role.work == PUSH { victim::<QueuedExclusively>()? } else { victim::<BroadcastedExclusively>()? });
    play(role, stage, victims)
}

fn victim<C: Channel>() -> Result<Player, Failure> {
    Ok((C::NAME, |role, stage| {
        let (mut sender, mut value, mut sent) = (C::sender::<WORDS>(&role.directory)?, Payload::room(), 0);
        stage.perform(|| {
            if sent < MOST {
                value.0 = Payload::filled(sent + 1);
                let is_sent = u64::from(sender.try_send(&value.0));
                sent += is_sent;
                return is_sent;
            }
            0
        })
    }))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::systems::array_queue::InProcess;

    /// A queue with some of the dead one's values, and its survivor's account of the death.
    fn after(values: impl Iterator<Item = u64>, theirs: u64) -> Death {
        let (mut sender, mut receiver) = InProcess::create::<WORDS>(Path::new("")).expect("memory");
        values.for_each(|number| assert!(sender.try_send(&Payload::filled(number))));
        survive(&mut sender, &mut receiver, theirs, LIMIT).expect("a queue that works")
    }

    #[test]
    fn only_finished_pushes_can_be_lost() {
        assert_eq!([after(1..=3, 3), after(1..=4, 3), after(1..=3, 4)].map(|death| death.lost), [0, 0, 1]);
    }

    #[test]
    fn a_queue_that_is_stuck_ends_the_wait() {
        struct Stuck;
        impl Sends<WORDS> for Stuck {
            fn try_send(&mut self, _: &Payload<WORDS>) -> bool {
                true
            }
        }
        impl Receives<WORDS> for Stuck {
            fn try_receive(&mut self, _: &mut Payload<WORDS>) -> bool {
                false
            }
        }
        assert!(survive(&mut Stuck, &mut Stuck, 1, Duration::from_millis(1)).is_none());
    }
}
