//! Queues and broadcasts: streams of values from process to process.

use std::hint::{black_box, spin_loop};
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::{Acquire, Release};
use std::time::{Duration, Instant};

use super::board::size;
use super::channel::{EXCLUSIVE, is_one_line};
use super::lock::of_either;
use super::{Ground, Player, play, row, target};
use crate::Failure;
use crate::batch::{Contender, Sample, each};
use crate::partner::{self, Partner, Role, Stage};
use crate::payload::{Aligned, Payload};
use crate::row::{Row, Target};
use crate::systems::Reads;
use crate::systems::array_queue::InProcess;
use crate::systems::channel::{CAPACITY, Channel, Receives, Sends};
use crate::systems::cloudtoid::Cloudtoid;
use crate::systems::iceoryx2::Publishing;
use crate::systems::posix_mq::PosixMq;
use crate::systems::ringfire::{Mpmc, MpmcQueue, Ring};
use crate::systems::shmstore_channels::{Broadcasted, BroadcastedExclusively, Queued, QueuedExclusively};

/// The results of a function for queues that several processes use at each end.
macro_rules! shared_queues {
    ($function:ident $arguments:tt) => {
        of_each!($function [WORDS] $arguments: Queued, MpmcQueue, Cloudtoid, PosixMq;
            boost crate::systems::boost::MessageQueue)
    };
}

/// The other process's work: it receives a queue's values, or a broadcast's, or sends and receives.
const RECEIVE: &str = "receive";
const RECEIVE_ALL: &str = "receive-all";
const EXCHANGE: &str = "exchange";

/// The number of values that a sender is ahead of receivers at most, because some systems lose values otherwise.
const AHEAD: u64 = CAPACITY as u64 / 2;
/// The number of values between two looks at how far the receivers are.
const LOOK: u64 = 32;

/// The number of polls after which a value counts as lost: longer than another process is kept from its work.
const PATIENCE: u32 = 1 << 22;

/// The number of receivers of a broadcast.
const RECEIVERS: u64 = 3;

/// Pushes while another process pops.
pub(super) fn one_to_one<const WORDS: usize>(ground: &Ground<'_>, name: &'static str) -> Result<Row, Failure> {
    let mut contenders = queues!(stream(ground, name, RECEIVE): QueuedExclusively, Queued);
    contenders.push(stream_in_process::<WORDS>(ground.partner_cpu)?);
    let work = format!("queue {} from process to process, for each value", size::<WORDS>());
    Ok(row(ground, name, &work, contenders, of_streams::<WORDS>()))
}

/// Pushes and pops, by two processes. The time is the mean for a push and a pop of either process.
pub(super) fn two_to_two<const WORDS: usize>(ground: &Ground<'_>, name: &'static str) -> Result<Row, Failure> {
    let mut contenders = shared_queues!(together(ground, name));
    contenders.push(together_in_process::<WORDS>(ground.partner_cpu)?);
    let work = format!("push + pop {} of one queue, by two processes at once", size::<WORDS>());
    Ok(row(ground, name, &work, contenders, vec![target("shmstore", "Boost", 0.25)]))
}

/// Sends while three receivers in another process get every value.
pub(super) fn one_to_three<const WORDS: usize>(ground: &Ground<'_>, name: &'static str) -> Result<Row, Failure> {
    let contenders = broadcasts!(stream(ground, name, RECEIVE_ALL));
    let work = format!("broadcast {} to {RECEIVERS} receivers in another process, for each value", size::<WORDS>());
    Ok(row(ground, name, &work, contenders, of_streams::<WORDS>()))
}

fn of_streams<const WORDS: usize>() -> Vec<Target> {
    if is_one_line::<WORDS>() { vec![target(EXCLUSIVE, "ringfire", 1.0)] } else { Vec::new() }
}

/// A sender of values that another process receives.
fn stream<C: Channel, const WORDS: usize>(
    ground: &Ground<'_>,
    row: &str,
    work: &str,
) -> Result<Contender<'static>, Failure> {
    let directory = ground.directory(row, C::NAME)?;
    // The receiver of this process would get none of the values, or get some of them away from the other process.
    let mut sender = C::create::<WORDS>(&directory)?.0;
    let mut partner = Partner::start(work, C::NAME, WORDS, &directory, ground.partner_cpu)?;
    let receivers = if work == RECEIVE_ALL { RECEIVERS } else { 1 };
    let (mut value, mut sent) = (Payload::room(), 0);
    Ok(Contender::new(C::NAME, move |rounds| {
        let taken = partner.along(|partner| {
            let start = Instant::now();
            for _ in 0..rounds {
                if sent % LOOK == 0 {
                    until(|| partner.done() + AHEAD * receivers >= sent * receivers);
                }
                sent += 1;
                number(&mut value.0, sent);
                until(|| sender.try_send(black_box(&value.0)));
            }
            until(|| partner.done() == sent * receivers);
            start.elapsed()
        });
        Sample { nanoseconds: each(taken, rounds), rounds, ..Sample::default() }
    }))
}

/// Puts a number at both ends of a value.
#[inline]
fn number<const WORDS: usize>(value: &mut Payload<WORDS>, number: u64) {
    value.0[0] = number;
    value.0[WORDS - 1] = number;
}

#[inline]
fn until(mut is_so: impl FnMut() -> bool) {
    while !is_so() {
        spin_loop();
    }
}

/// Sends and receives while another process does the same.
fn together<C: Channel, const WORDS: usize>(ground: &Ground<'_>, row: &str) -> Result<Contender<'static>, Failure> {
    let directory = ground.directory(row, C::NAME)?;
    let (mut sender, mut receiver) = C::create::<WORDS>(&directory)?;
    let mut partner = Partner::start(EXCHANGE, C::NAME, WORDS, &directory, ground.partner_cpu)?;
    Ok(Contender::new(C::NAME, move |rounds| {
        of_either(partner.beside(rounds, |rounds| exchange(&mut sender, &mut receiver, rounds)))
    }))
}

/// Sends a value, receives this or another one, and so on.
fn exchange<const WORDS: usize>(
    sender: &mut impl Sends<WORDS>,
    receiver: &mut impl Receives<WORDS>,
    rounds: u64,
) -> Reads {
    let (value, mut into, mut torn) = (Aligned(Payload::filled(rounds)), Aligned(Payload::filled(0)), 0);
    let mut lost = 0;
    for _ in 0..rounds {
        until(|| sender.try_send(black_box(&value.0)));
        let mut polls = 0;
        while !receiver.try_receive(black_box(&mut into.0)) {
            polls += 1;
            if polls == PATIENCE {
                // There is a value for each process, unless the system loses one. This one replaces it.
                until(|| sender.try_send(black_box(&value.0)));
                (polls, lost) = (0, lost + 1);
            }
            spin_loop();
        }
        torn += u64::from(black_box(&into.0).ends_differ());
    }
    Reads { done: rounds, torn, lost, ..Reads::default() }
}

/// Within this process, the other thread receives.
fn stream_in_process<const WORDS: usize>(cpu: usize) -> Result<Contender<'static>, Failure> {
    let (mut sender, mut receiver) = InProcess::create::<WORDS>(Path::new(""))?;
    Ok(Contender::new(InProcess::NAME, move |rounds| {
        let (mut value, mut into) = (Payload::room(), Payload::room());
        let theirs = || (0..rounds).for_each(|_| until(|| receiver.try_receive(black_box(&mut into.0))));
        let ours = || {
            for round in 0..rounds {
                number(&mut value.0, round);
                until(|| sender.try_send(black_box(&value.0)));
            }
        };
        let taken = beside_thread(cpu, theirs, ours);
        Sample { nanoseconds: each(taken, rounds), rounds, ..Sample::default() }
    }))
}

/// Within this process, the other thread does the same.
fn together_in_process<const WORDS: usize>(cpu: usize) -> Result<Contender<'static>, Failure> {
    let ends = InProcess::create::<WORDS>(Path::new(""))?;
    Ok(Contender::new(InProcess::NAME, move |rounds| {
        let work = |(mut sender, mut receiver): (_, _)| {
            exchange::<WORDS>(&mut sender, &mut receiver, rounds);
        };
        let [theirs, ours] = [ends.clone(), ends.clone()];
        let taken = beside_thread(cpu, || work(theirs), || work(ours));
        Sample { nanoseconds: each(taken, 2 * rounds), rounds, ..Sample::default() }
    }))
}

/// Works on two processors. Returns the time until both are done.
fn beside_thread(cpu: usize, theirs: impl FnOnce() + Send, ours: impl FnOnce()) -> Duration {
    let [is_ready, is_done] = [const { AtomicBool::new(false) }; 2];
    std::thread::scope(|scope| {
        scope.spawn(|| {
            partner::pin(cpu).expect("a processor of this process");
            is_ready.store(true, Release);
            theirs();
            is_done.store(true, Release);
        });
        until(|| is_ready.load(Acquire));
        let start = Instant::now();
        ours();
        until(|| is_done.load(Acquire));
        start.elapsed()
    })
}

/// The other process receives, or sends and receives.
pub(super) fn partner(role: &Role, stage: &Stage<'_>) -> Result<(), Failure> {
    match role.words {
        1 => partner_of_size::<1>(role, stage),
        6 => partner_of_size::<6>(role, stage),
        32 => partner_of_size::<32>(role, stage),
        512 => partner_of_size::<512>(role, stage),
        other => Err(format!("no values of {other} words").into()),
    }
}

fn partner_of_size<const WORDS: usize>(role: &Role, stage: &Stage<'_>) -> Result<(), Failure> {
    let players = match role.work.as_str() {
        RECEIVE => queues!(receiving(): QueuedExclusively, Queued),
        RECEIVE_ALL => broadcasts!(receiving()),
        _ => shared_queues!(exchanging()),
    };
    play(role, stage, players)
}

fn receiving<C: Channel, const WORDS: usize>() -> Result<Player, Failure> {
    Ok((C::NAME, |role, stage| {
        let receivers = if role.work == RECEIVE_ALL { RECEIVERS } else { 1 };
        let receivers = (0..receivers).map(|_| Ok((C::receiver::<WORDS>(&role.directory)?, 1)));
        let mut receivers = receivers.collect::<Result<Vec<_>, Failure>>()?;
        let mut into = Payload::room();
        stage.perform(|| {
            let mut received = 0;
            for (receiver, next) in &mut receivers {
                for _ in 0..LOOK {
                    if !receiver.try_receive(black_box(&mut into.0)) {
                        break;
                    }
                    let number = black_box(&into.0).word();
                    assert!(number == *next && !into.0.ends_differ(), "{}: {number}, not {next}", C::NAME);
                    *next += 1;
                    received += 1;
                }
            }
            received
        })
    }))
}

fn exchanging<C: Channel, const WORDS: usize>() -> Result<Player, Failure> {
    Ok((C::NAME, |role, stage| {
        const CHUNK: u64 = 16;
        let (mut sender, mut receiver) = (C::sender::<WORDS>(&role.directory)?, C::receiver::<WORDS>(&role.directory)?);
        stage.perform(|| exchange(&mut sender, &mut receiver, CHUNK).done)
    }))
}
