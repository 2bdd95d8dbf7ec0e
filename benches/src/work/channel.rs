//! Queues and broadcasts: single operations of one process.

use std::hint::black_box;
use std::time::{Duration, Instant};

use super::board::size;
use super::{Ground, row, target};
use crate::Failure;
use crate::batch::{Contender, Sample, each};
use crate::payload::Payload;
use crate::row::{Other, Row, Target};
use crate::systems::array_queue::InProcess;
use crate::systems::channel::{CAPACITY, Channel, Receives, Sends};
use crate::systems::cloudtoid::Cloudtoid;
use crate::systems::iceoryx2::Publishing;
use crate::systems::posix_mq::PosixMq;
use crate::systems::ringfire::{Mpmc, MpmcQueue, Ring};
use crate::systems::shmstore_channels::{
    Broadcasted, BroadcastedExclusively, Queued, QueuedExclusively, Taken, TakenExclusively,
};

pub(super) const EXCLUSIVE: &str = <QueuedExclusively as Channel>::NAME;

/// The number of values that are sent before they are received, where one of the two is measured.
const BURST: usize = CAPACITY / 2;

/// The measured end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Sender,
    Receiver,
}

/// Pushes, with no other process.
pub(super) fn push<const WORDS: usize>(ground: &Ground<'_>, name: &'static str) -> Result<Row, Failure> {
    let contenders = queues!(alone(ground, name, End::Sender): InProcess, QueuedExclusively, Queued);
    Ok(row(ground, name, &format!("push {}, idle", size::<WORDS>()), contenders, of_senders::<WORDS>()))
}

/// Pops.
pub(super) fn pop<const WORDS: usize>(ground: &Ground<'_>, name: &'static str) -> Result<Row, Failure> {
    let contenders = queues!(alone(ground, name, End::Receiver):
        InProcess, QueuedExclusively, Queued, TakenExclusively, Taken);
    let targets = vec![figure(EXCLUSIVE, 6.0), figure(<TakenExclusively as Channel>::NAME, 12.0)];
    let targets = if is_one_line::<WORDS>() { targets } else { Vec::new() };
    Ok(row(ground, name, &format!("pop {}, idle", size::<WORDS>()), contenders, targets))
}

/// Pushes and pops in turn.
pub(super) fn push_pop<const WORDS: usize>(ground: &Ground<'_>, name: &'static str) -> Result<Row, Failure> {
    let contenders = queues!(in_turn(ground, name): InProcess, Queued, QueuedExclusively);
    let work = format!("push + pop {}, idle", size::<WORDS>());
    Ok(row(ground, name, &work, contenders, vec![figure("shmstore", 20.0)]))
}

/// Sends to a broadcast.
pub(super) fn send<const WORDS: usize>(ground: &Ground<'_>, name: &'static str) -> Result<Row, Failure> {
    let contenders = broadcasts!(alone(ground, name, End::Sender));
    Ok(row(ground, name, &format!("send {}, idle", size::<WORDS>()), contenders, of_senders::<WORDS>()))
}

/// Receives from a broadcast.
pub(super) fn recv<const WORDS: usize>(ground: &Ground<'_>, name: &'static str) -> Result<Row, Failure> {
    let contenders = of_each!(alone [WORDS] (ground, name, End::Receiver): Broadcasted, Ring, Mpmc, Publishing);
    let targets = if is_one_line::<WORDS>() { vec![figure("shmstore", 6.0)] } else { Vec::new() };
    Ok(row(ground, name, &format!("recv {}, idle", size::<WORDS>()), contenders, targets))
}

/// Returns `true` if a slot of shmstore with such a value is one line.
pub(super) fn is_one_line<const WORDS: usize>() -> bool {
    WORDS <= 6
}

fn of_senders<const WORDS: usize>() -> Vec<Target> {
    let targets = vec![target(EXCLUSIVE, "ringfire", 0.5), figure(EXCLUSIVE, 4.0)];
    if is_one_line::<WORDS>() { targets } else { Vec::new() }
}

/// A limit on the time itself.
fn figure(ours: &'static str, nanoseconds: f64) -> Target {
    Target::new(ours, Other::Figure, nanoseconds)
}

/// Both ends in this process: bursts of values, of which one end is measured.
fn alone<C: Channel, const WORDS: usize>(
    ground: &Ground<'_>,
    row: &str,
    end: End,
) -> Result<Contender<'static>, Failure> {
    let (mut sender, mut receiver) = C::create::<WORDS>(&ground.directory(row, C::NAME)?)?;
    let (values, mut into) = (Payload::in_turn(), Payload::room());
    let mut burst = BURST;
    Ok(Contender::new(C::NAME, move |rounds| {
        let (mut taken, mut left, mut torn) = (Duration::ZERO, rounds, 0);
        while left > 0 {
            let wanted = left.min(burst as u64) as usize;
            let start = Instant::now();
            let sent = (0..wanted).take_while(|at| sender.try_send(black_box(&values.0[at % 4]))).count();
            let middle = Instant::now();
            for _ in 0..sent {
                torn += receive(&mut receiver, &mut into.0, C::NAME);
            }
            let stop = Instant::now();
            if sent < wanted {
                // There is room for fewer: this burst does not count.
                burst = sent;
                continue;
            }
            left -= sent as u64;
            taken += if end == End::Sender { middle - start } else { stop - middle };
        }
        Sample { nanoseconds: each(taken, rounds), rounds, torn, ..Sample::default() }
    }))
}

/// Receives a value that is there. Returns 1 if it mixes two values.
#[inline]
fn receive<const WORDS: usize>(from: &mut impl Receives<WORDS>, into: &mut Payload<WORDS>, name: &str) -> u64 {
    assert!(from.try_receive(black_box(into)), "{name}: no value");
    u64::from(black_box(&*into).ends_differ())
}

/// Both ends in this process, in turn.
fn in_turn<C: Channel, const WORDS: usize>(ground: &Ground<'_>, row: &str) -> Result<Contender<'static>, Failure> {
    let (mut sender, mut receiver) = C::create::<WORDS>(&ground.directory(row, C::NAME)?)?;
    let (values, mut into) = (Payload::in_turn(), Payload::room());
    Ok(Contender::new(C::NAME, move |rounds| {
        let (start, mut torn) = (Instant::now(), 0);
        for round in 0..rounds {
            assert!(sender.try_send(black_box(&values.0[round as usize % 4])), "{}: no room", C::NAME);
            torn += receive(&mut receiver, &mut into.0, C::NAME);
        }
        Sample { nanoseconds: each(start.elapsed(), rounds), rounds, torn, ..Sample::default() }
    }))
}
