//! One thread that watches 200 values: `cargo run --example select`.
//!
//! The program starts four processes, which store into 200 values of one object. The first process sleeps until any of
//! the values is newer than what it has seen, and prints those that are. It ends when all stores are seen, or after
//! Ctrl-C. `cargo run --example select -- 1000000` makes each process store that often.

#![forbid(unsafe_code)]

use shmstore::{Awaitable, Shared, ShmObject, Store, Versioned, wait_any_while};
use std::error::Error;
use std::hash::{BuildHasher, RandomState};
use std::iter::zip;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread::sleep;
use std::time::Duration;

const SENSORS: usize = 200;
const WRITERS: u64 = 4;

static RUNNING: AtomicBool = AtomicBool::new(true);

#[derive(ShmObject)]
#[repr(C)]
#[shm(id = 'S')]
struct Plant {
    temperatures: [Versioned<f64>; SENSORS],
}

impl Plant {
    /// Stores to random sensors.
    fn measure(&self, stores: u64) {
        for _ in 0..stores {
            sleep(Duration::from_millis(5));
            let random = RandomState::new().hash_one(0);
            self.temperatures[random as usize % SENSORS].store(15.0 + (random % 997) as f64 / 100.0);
        }
    }

    /// Prints what changes, until it has seen all stores. Returns how many there were, and how often it woke up.
    fn watch(&self, stores: u64) -> Result<(u64, u32), Box<dyn Error>> {
        let (mut seen, mut wakes) = ([0; SENSORS], 0);
        // The version of a value says how often it was stored.
        while seen.iter().sum::<u64>() < stores {
            let newer: Vec<_> = zip(&self.temperatures, seen).map(|(value, seen)| value.newer(seen)).collect();
            let awaited: Vec<&dyn Awaitable> = newer.iter().map(|newer| newer as _).collect();
            let Some(ready) = wait_any_while(&awaited, || RUNNING.load(Relaxed))? else { break };
            wakes += 1;
            for sensor in ready {
                let (version, temperature) = self.temperatures[sensor].load_versioned();
                println!("sensor {sensor}: {temperature:.2} °C");
                seen[sensor] = version;
            }
        }
        Ok((seen.iter().sum(), wakes))
    }
}

fn start_writer(stores: u64) -> Result<Child, std::io::Error> {
    let program = std::env::current_exe()?;
    Command::new(program).arg("write").arg(stores.to_string()).stderr(Stdio::null()).spawn()
}

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().collect();
    let stores = args.last().filter(|_| args.len() > 1).map_or(Ok(25), |stores| stores.parse())?;
    let store = Store::open_or_create("./select-plant")?;
    if args.len() > 2 {
        store.attach::<Plant>()?.measure(stores);
        return Ok(());
    }
    ctrlc::set_handler(|| RUNNING.store(false, Relaxed))?;
    let plant = store.replace::<Plant>()?;
    println!("{SENSORS} values, in segment {}", Shared::info(&plant).map_or(0, |info| info.shmid));

    let mut writers = (0..WRITERS).map(|_| start_writer(stores)).collect::<Result<Vec<_>, _>>()?;
    let watched = plant.watch(stores * WRITERS);
    for writer in &mut writers {
        writer.kill()?;
        writer.wait()?;
    }
    store.remove::<Plant>()?;
    std::fs::remove_dir("./select-plant")?; // after its object
    let (stores, wakes) = watched?;
    println!("{stores} stores seen, by one thread that woke up {wakes} times");
    Ok(())
}
