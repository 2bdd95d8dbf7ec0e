//! What the victim has of queues and broadcasts, and how the measurer gets it after the victim's death.

use std::thread;
use std::time::Duration;

use shmstore::error::{PopError, PushError};
use shmstore::{Broadcast, Queue};

use super::arena::Held;
use super::job::{Job, STUCK};
use super::op::Op;
use super::stamp::{Stamp, Stamped};
use super::victim::{Kind, keep_it, say_that_we_have_it};

/// So long the measurer waits at a time where the victim may have left the queue full, or empty.
const A_WHILE: Duration = Duration::from_millis(20);

/// Holds a part until it is killed.
pub(super) fn hold(job: &mut Job<'_>, held: &Held, kind: Kind) {
    match kind {
        Kind::Producer => {
            let mut producer = held.producer.producer();
            has_it(job, Op::HoldProducer);
            loop {
                if producer.try_push(item(job)).is_err() {
                    let _ = held.producer.try_pop();
                }
            }
        }
        Kind::Consumer => {
            let mut consumer = held.consumer.consumer();
            has_it(job, Op::HoldConsumer);
            loop {
                let _ = (held.consumer.try_push(item(job)), consumer.try_pop());
            }
        }
        Kind::Job => {
            let taken = held.job.take();
            has_it(job, Op::HoldJob);
            if job.expect("take", taken).is_some() {
                keep_it();
            }
        }
        Kind::Queue => {
            has_it(job, Op::HoldQueue);
            loop {
                let _ = (held.queue.try_push(item(job)), held.queue.try_pop());
            }
        }
        Kind::Sender => {
            let mut sender = held.sender.sender();
            has_it(job, Op::HoldSender);
            loop {
                sender.send(item(job));
                // Leaves the others of this machine some time.
                thread::yield_now();
            }
        }
        _ => {
            has_it(job, Op::HoldBroadcast);
            loop {
                held.broadcast.send(item(job));
            }
        }
    }
}

pub(super) fn has_it(job: &Job<'_>, op: Op) {
    job.enter(op);
    say_that_we_have_it(job);
}

fn item<const WORDS: usize>(job: &mut Job<'_>) -> Stamped<WORDS> {
    Stamped::of(job.next_stamp())
}

/// Gets the part of a victim once, and uses it. Says why not.
pub(super) fn acquire(held: &Held, kind: Kind, stamp: Stamp) -> Result<(), String> {
    match kind {
        Kind::Producer => produce(&held.producer, stamp),
        Kind::Consumer => consume(&held.consumer, stamp),
        Kind::Job => {
            let job = held.job.take_timeout(STUCK).map_err(text)?;
            job.check(1)?;
            // The next one to take it is a victim.
            drop(job);
            Ok(())
        }
        Kind::Queue => exchange(&held.queue, stamp),
        Kind::Sender => send(&held.sender, stamp),
        _ => send(&held.broadcast, stamp),
    }
}

pub(super) fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}

fn produce<const W: usize, const N: usize>(queue: &Queue<Stamped<W>, N>, stamp: Stamp) -> Result<(), String> {
    let mut producer = queue.producer_timeout(STUCK).map_err(text)?;
    if producer.try_push(Stamped::of(stamp)).is_err() {
        queue.pop_timeout(STUCK).map_err(text)?.check(1)?;
        producer.push_timeout(Stamped::of(stamp), STUCK).map_err(text)?;
    }
    Ok(())
}

fn consume<const W: usize, const N: usize>(queue: &Queue<Stamped<W>, N>, stamp: Stamp) -> Result<(), String> {
    let mut consumer = queue.consumer_timeout(STUCK).map_err(text)?;
    // It may be full.
    let _ = queue.try_push(Stamped::of(stamp));
    consumer.pop_timeout(STUCK).map_err(text)?.check(1).map(drop)
}

/// Pushes and pops once, among others that do the same.
fn exchange<const W: usize, const N: usize>(queue: &Queue<Stamped<W>, N>, stamp: Stamp) -> Result<(), String> {
    for _ in 0..50 {
        match queue.push_timeout(Stamped::of(stamp), A_WHILE) {
            Ok(()) => {}
            Err(PushError::Full { .. }) => drop(queue.clear()),
            // The victim may live, and not run.
            Err(PushError::Busy(_)) => continue,
            Err(error) => return Err(text(error)),
        }
        match queue.pop_timeout(A_WHILE) {
            Ok(item) => return item.check(1).map(drop),
            Err(PopError::Empty { .. } | PopError::Busy(_)) => {}
            Err(error) => return Err(text(error)),
        }
    }
    Err("no item came through".to_owned())
}

fn send<const W: usize, const N: usize>(part: &Broadcast<Stamped<W>, N>, stamp: Stamp) -> Result<(), String> {
    let number = part.sender_timeout(STUCK).map_err(text)?.send(Stamped::of(stamp));
    let mut subscriber = part.subscribe_from(number);
    match subscriber.try_recv() {
        Ok(item) if item.check(1)? == stamp => Ok(()),
        Ok(item) => Err(format!("item {number} is {:?}, not {stamp:?}", item.check(1)?)),
        // The victim may be faster.
        Err(shmstore::error::RecvError::Lagged { .. }) => Ok(()),
        Err(error) => Err(text(error)),
    }
}
