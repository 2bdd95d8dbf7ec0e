//! The time that a process takes to wake for a value that another one stores: `cargo run --release --example wait`.
//!
//! The program starts itself once more. The second process stores 500 values, one every two milliseconds. The first one
//! sleeps until each is there, and shows how long that took. This is done twice, with a lock for each store and with an
//! exclusive writer.

#![forbid(unsafe_code)]

use shmstore::{CacheAligned, Shared, ShmObject, Store, Timestamp, Versioned};
use std::error::Error;
use std::process::{Child, Command, id};
use std::thread::sleep;
use std::time::Duration;

const VALUES: u64 = 500;

/// Each value is the time at which it was stored.
#[derive(ShmObject)]
#[repr(C)]
#[shm(id = 'W')]
struct Ticks {
    stored: CacheAligned<Versioned<Timestamp>>,
    written: CacheAligned<Versioned<Timestamp>>,
}

impl Ticks {
    fn part(&self, way: &str) -> &Versioned<Timestamp> {
        if way == "store" { &self.stored } else { &self.written }
    }
}

/// The process that stores.
fn produce(way: &str) -> Result<(), Box<dyn Error>> {
    let store = Store::open("./wait-ticks")?;
    let ticks = store.attach::<Ticks>()?;
    let part = ticks.part(way);
    let mut writer = if way == "store" { None } else { Some(part.writer()) };
    for _ in 0..VALUES {
        sleep(Duration::from_millis(2)); // so that the other process is asleep when the value comes
        match &mut writer {
            Some(writer) => writer.store(Timestamp::now()),
            None => part.store(Timestamp::now()),
        };
    }
    Ok(())
}

/// Returns how long each value took. A value that the next one overtakes is not among them.
fn receive(part: &Versioned<Timestamp>) -> Result<Vec<Duration>, Box<dyn Error>> {
    let (mut seen, mut took) = (0, Vec::new());
    while seen < VALUES {
        let (version, stored_at) = part.wait_newer(seen, Duration::from_secs(10))?;
        took.push(stored_at.elapsed()?);
        seen = version;
    }
    took.sort();
    Ok(took)
}

fn start_producer(way: &str) -> Result<Child, std::io::Error> {
    Command::new(std::env::current_exe()?).arg(way).spawn()
}

fn show_both_ways(ticks: &Ticks) -> Result<(), Box<dyn Error>> {
    for way in ["store", "writer"] {
        let mut producer = start_producer(way)?;
        let took = receive(ticks.part(way));
        producer.kill()?;
        producer.wait()?;
        let took = took?;
        let [min, median, p99, max] = [0, 500, 990, 999].map(|rank| took[took.len() * rank / 1_000]);
        println!(
            "by {way}: {} of {VALUES} values seen: min {min:?}, median {median:?}, p99 {p99:?}, max {max:?}",
            took.len()
        );
    }
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    if let Some(way) = std::env::args().nth(1) {
        return produce(&way);
    }
    let store = Store::open_or_create("./wait-ticks")?;
    let ticks = store.replace::<Ticks>()?;
    println!("pid {} sleeps on segment {}", id(), Shared::info(&ticks).map_or(0, |info| info.shmid));
    let shown = show_both_ways(&ticks);
    let removed = store.remove::<Ticks>();
    shown?;
    Ok(removed?)
}
