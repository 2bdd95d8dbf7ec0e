//! The process that waits.

use std::io::{Write, stdout};
use std::process;
use std::time::{Duration, Instant};

use shmstore::{Shared, Versioned, WaitError};

use super::clock::now;
use super::histogram::Histogram;
use super::producer::{Producer, Tick, Ticks, Way};
use crate::failure::Failure;
use crate::stage::Stage;
use crate::stop::Stop;
use crate::worker::Worker;

/// How often to look whether to stop, while nothing comes.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// How long the producer may be silent.
const PATIENCE: Duration = Duration::from_secs(10);

/// What the consumer can be told.
#[derive(Debug, Clone, clap::Args)]
pub struct WaitArgs {
    /// Values to wait for, for each way to store them, 1 to 1000000
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    updates: u32,
    /// Values a second, 1 to 10000
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    hz: u32,
}

/// Waits for each value of a producer, both ways, and shows how long they took.
///
/// # Errors
///
/// What the store refuses; that the producer is silent.
pub fn measure(args: &WaitArgs) -> Result<(), Failure> {
    let stop = Stop::on_signal()?;
    let stage = Stage::set("wait", |_: &Ticks| ())?;
    let info = Shared::info(stage.object()).ok_or("the kernel does not tell of the object")?;
    say(&format!("pid {} sleeps in `wait_newer` on segment {}", process::id(), info.shmid))?;
    for (way, name) in [(Way::Store, "`Versioned::store`, a lock each"), (Way::Lease, "`Writer::store`, leased")] {
        let mut producer = Producer::start(stage.path(), way, args.updates, args.hz)?;
        let took = receive(stage.object().part(way), args.updates.into(), &mut producer, &stop)?;
        let (pid, seen) = (producer.pid(), took.len() as u64);
        say(&format!("\n{name}: pid {pid} stored {} values, {} a second; {seen} of them seen", args.updates, args.hz))?;
        let histogram = Histogram::of(took);
        say(&format!("from the store until they were here: {}\n{}", histogram.summary(), histogram.bars().trim_end()))?;
        producer.kill()?;
    }
    drop(stage);
    say("\nThe segment is removed.")
}

/// Returns how long each value took. One that is overtaken by the next is not among them.
fn receive(part: &Versioned<Tick>, last: u64, producer: &mut Worker, stop: &Stop) -> Result<Vec<Duration>, Failure> {
    let (mut version, mut took, mut heard) = (0, Vec::new(), Instant::now());
    while version < last {
        match part.wait_newer(version, LOOK_AGAIN) {
            Ok((newer, tick)) => {
                took.push(Duration::from_nanos(now()?.saturating_sub(tick.stored_at)));
                (version, heard) = (newer, Instant::now());
            }
            Err(WaitError::Timeout { .. }) if heard.elapsed() < PATIENCE => check_alive(producer)?,
            Err(error) => return Err(error.into()),
        }
        if stop.asked_within(Duration::ZERO) {
            return Err("stopped before the end; all that was made is removed".into());
        }
    }
    Ok(took)
}

/// One that has done its work may have ended: its last values are there.
fn check_alive(producer: &mut Worker) -> Result<(), Failure> {
    match producer.ended()? {
        Some(status) if !status.success() => {
            Err(format!("the producer, pid {}, has ended: {status}", producer.pid()).into())
        }
        _ => Ok(()),
    }
}

fn say(text: &str) -> Result<(), Failure> {
    Ok(writeln!(stdout(), "{text}")?)
}
