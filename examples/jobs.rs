//! Work that survives its workers: `cargo run --example jobs`.
//!
//! The program starts four processes that take jobs from a queue. It kills them (SIGKILL) again and again, wherever
//! they are. No job is lost, because another process gets the job of a killed one. A worker may be killed after it has
//! stored its result. So a job may be done twice, and must do no harm then. One job is a mistake that ends every worker
//! that takes it. After five deliveries it is put aside.

#![forbid(unsafe_code)]

use shmstore::error::PopError;
use shmstore::{Queue, Shared, ShmObject, Store};
use std::error::Error;
use std::hash::{BuildHasher, RandomState};
use std::os::unix::process::parent_id;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::thread::sleep;
use std::time::Duration;

const JOBS: u64 = 1_000;
const PRIZE: u64 = 1_000_000;

#[derive(ShmObject)]
#[repr(C)]
#[shm(id = 'J')]
struct Lottery {
    jobs: Queue<u64, { JOBS as usize }>, // a job is a number of winners
    put_aside: Queue<u64, 8>,
    shares: [AtomicU64; JOBS as usize], // the results: what each winner gets
}

impl Lottery {
    fn work(&self) -> Result<(), Box<dyn Error>> {
        let job = match self.jobs.take_timeout(Duration::from_millis(100)) {
            Err(PopError::Empty { .. }) => return Ok(()),
            taken => taken?,
        };
        if job.deliveries() > 5 {
            self.put_aside.try_push(*job)?; // it may have ended five workers
        } else {
            sleep(Duration::from_millis(1)); // real work takes longer
            let share = PRIZE / *job; // job 0 panics
            self.shares[*job as usize].store(share, Relaxed); // the same, however often it is done
        }
        Ok(job.done()?)
    }

    fn is_done(&self) -> bool {
        self.shares[1..].iter().all(|share| share.load(Relaxed) > 0) && !self.put_aside.is_empty()
    }
}

/// Works until this process is killed. If its parent is gone, removes the object and ends.
fn work() -> Result<(), Box<dyn Error>> {
    let store = Store::open("./jobs-lottery")?;
    let lottery = store.attach::<Lottery>()?;
    let creator = Shared::info(&lottery).and_then(|info| info.creator_pid);
    while creator == Some(parent_id()) {
        lottery.work()?;
    }
    Ok(store.remove::<Lottery>()?)
}

fn start_worker() -> Result<Child, std::io::Error> {
    Command::new(std::env::current_exe()?).arg("work").stderr(Stdio::null()).spawn()
}

/// Kills workers until all is done, and returns how many.
fn supervise(lottery: &Lottery, workers: &mut [Child]) -> Result<u32, Box<dyn Error>> {
    let mut killed = 0;
    while !lottery.is_done() {
        sleep(Duration::from_millis(5));
        let worker = &mut workers[RandomState::new().hash_one(0) as usize % 4];
        let has_ended = worker.try_wait()?.is_some(); // job 0 has ended it
        if has_ended || !lottery.jobs.is_empty() {
            killed += u32::from(!has_ended);
            worker.kill()?;
            worker.wait()?;
            *worker = start_worker()?;
        }
    }
    Ok(killed)
}

fn main() -> Result<(), Box<dyn Error>> {
    if std::env::args().len() > 1 {
        return work();
    }
    let store = Store::open_or_create("./jobs-lottery")?;
    let lottery = store.replace::<Lottery>()?;
    println!("{JOBS} jobs, in segment {}", Shared::info(&lottery).map_or(0, |info| info.shmid));
    lottery.jobs.push_many(&(0..JOBS).rev().collect::<Vec<_>>())?;

    let mut workers = (0..4).map(|_| start_worker()).collect::<Result<Vec<_>, _>>()?;
    let killed = supervise(&lottery, &mut workers);
    for worker in &mut workers {
        worker.kill()?;
        worker.wait()?;
    }
    let sum: u64 = lottery.shares.iter().map(|share| share.load(Relaxed)).sum();
    let put_aside = lottery.put_aside.try_pop();
    store.remove::<Lottery>()?;
    let expected: u64 = (1..JOBS).map(|winners| PRIZE / winners).sum();
    if sum != expected {
        return Err(format!("the shares add up to {sum}, not to {expected}").into());
    }
    println!("{} processes killed, job {} put aside, the shares add up to {sum}", killed?, put_aside?);
    Ok(())
}
