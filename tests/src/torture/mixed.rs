//! Workers in several languages on one object, which are killed at random instants.
//!
//! The first two are this program itself: with the type of the object, and with its schema alone. Others are commands,
//! to which the path of the store, their place and a seed are added.

use std::io::Read;
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::atomic::Ordering::Relaxed;
use std::thread;
use std::time::{Duration, Instant};

use shmstore::{Shared, Store};

use crate::mixed::{Mixed, PLACES, Stamped, work_typed, work_untyped};
use crate::random::Random;
use crate::scratch::Scratch;
use crate::wait::DEADLINE;

/// The number of workers that this program plays.
const OWN: usize = 2;

/// A worker that runs. It is killed and reaped when it is dropped.
struct Worker(Child);

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

struct Torture {
    path: String,
    commands: Vec<Vec<String>>,
    random: Random,
    kills: u64,
    violations: Vec<String>,
}

/// Tortures the object for some seconds, prints what came of it, and returns success if everything held.
pub(super) fn run(seconds: u64, seed: u64, others: &[String]) -> ExitCode {
    let scratch = Scratch::new();
    let path = scratch.path().display().to_string();
    let own = ["typed", "untyped"].map(|kind| {
        let program = std::env::current_exe().expect("a path of our own").display().to_string();
        vec![program, "worker".to_owned(), kind.to_owned()]
    });
    let others = others.iter().map(|words| words.split_ascii_whitespace().map(str::to_owned).collect());
    let commands: Vec<Vec<String>> = own.into_iter().chain(others).collect();
    assert!(commands.len() <= PLACES, "at most {PLACES} kinds of workers");
    println!("seed {seed}, at {path}");
    let store = Store::options().max_processes(64).open(&path).expect("a store");
    let mixed = store.create::<Mixed>().expect("room for an object");
    let mut torture = Torture { path, commands, random: Random::new(seed), kills: 0, violations: Vec::new() };
    torture.run(Duration::from_secs(seconds), &mixed);
    torture.violations.extend(look_at_rest(&mixed));
    let Torture { commands, kills, violations, .. } = &torture;
    println!("{kills} kills");
    for (command, done) in commands.iter().zip(&mixed.done) {
        println!("  {:>9} operations by {}", done.load(Relaxed), command.join(" "));
    }
    violations.iter().for_each(|violation| println!("  VIOLATION {violation}"));
    let is_clean = violations.is_empty();
    println!("{}", if is_clean { "every invariant held" } else { "NOT CLEAN" });
    if is_clean { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

impl Torture {
    fn start(&mut self, place: usize) -> Worker {
        let [program, words @ ..] = &self.commands[place][..] else { panic!("a command") };
        let mut command = Command::new(program);
        command.args(words).args([&self.path, &place.to_string(), &(self.random.number() >> 16).to_string()]);
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        Worker(command.spawn().unwrap_or_else(|error| panic!("cannot start {command:?}: {error}")))
    }

    /// Kills a worker, and reads what it has found.
    fn kill(&mut self, place: usize, mut worker: Worker) {
        let ended = worker.0.try_wait().expect("a child");
        if let Some(status) = ended {
            self.violations.push(format!("the worker at place {place} ended by itself: {status}"));
        }
        let _ = worker.0.kill();
        let mut said = String::new();
        worker.0.stdout.take().expect("piped").read_to_string(&mut said).expect("text");
        let found = said.lines().filter_map(|line| line.strip_prefix('!'));
        self.violations.extend(found.map(|text| format!("place {place}: {text}")));
        self.kills += 1;
    }

    fn run(&mut self, time: Duration, mixed: &Shared<Mixed>) {
        let started = Instant::now();
        let mut workers: Vec<Worker> = (0..self.commands.len()).map(|place| self.start(place)).collect();
        while started.elapsed() < time && self.violations.is_empty() {
            thread::sleep(Duration::from_micros(self.random.within(0..80_000) as u64));
            // Those of other languages take some time to start.
            let own = !self.random.one_in(3) || workers.len() == OWN;
            let place = if own { self.random.within(0..OWN) } else { self.random.within(OWN..workers.len()) };
            let next = self.start(place);
            let worker = std::mem::replace(&mut workers[place], next);
            self.kill(place, worker);
            if mixed.accounts.load().iter().sum::<i64>() != 0 {
                self.violations.push("the sum of the accounts is not 0".into());
            }
        }
        workers.into_iter().enumerate().for_each(|(place, worker)| self.kill(place, worker));
        for (place, done) in mixed.done[..self.commands.len()].iter().enumerate() {
            if done.load(Relaxed) == 0 {
                self.violations.push(format!("the workers at place {place} did nothing"));
            }
        }
    }
}

/// Looks at the parts after the death of all workers, and fills what is free. Returns what is wrong.
pub(super) fn look_at_rest(mixed: &Shared<Mixed>) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut check = |holds: bool, what: &str| {
        if !holds {
            wrong.push(what.to_owned());
        }
    };
    check(mixed.accounts.load().iter().sum::<i64>() == 0, "the sum of the accounts is not 0");
    let guard = mixed.lock.lock_or_repair(|| mixed.high.store(mixed.low.load(Relaxed), Relaxed));
    check(mixed.low.load(Relaxed) == mixed.high.load(Relaxed), "the guarded numbers differ");
    drop(guard);
    let mut jobs = 0;
    while let Ok(item) = mixed.jobs.try_pop() {
        jobs += 1;
        check(item.is_whole(), "an item of the queue is torn");
    }
    check(jobs <= 16 && mixed.jobs.outstanding() == 0, "items of the queue are not brought back");
    let newest = mixed.feed.newest();
    check(
        newest.is_ok_and(|newest| newest.is_none_or(|(_, item)| item.is_whole())),
        "an item of the broadcast is torn",
    );
    for entry in &mixed.marks {
        check(entry.is_ok_and(|(_, mark)| mark.is_whole()), "a value of the map is torn");
    }
    let keys = mixed.marks.len() as u32;
    (0..16 - keys).for_each(|key| drop(mixed.marks.insert(100 + key, Stamped::of(1))));
    check(mixed.marks.len() == 16, "room of the map is lost");
    let frame = mixed.images.pin_newest().expect("a pin");
    let is_whole = frame.is_none_or(|frame| frame.to_vec().iter().all(|element| *element == frame.meta().number));
    check(is_whole, "the newest frame is torn");
    let loans: Vec<_> = (0..7).filter_map(|_| mixed.images.loan_timeout(DEADLINE).ok()).collect();
    check(loans.len() == 7, "slots of the frames are lost");
    wrong
}

/// Plays a worker of this program: `<kind> <path> <place> <seed>`.
pub(super) fn work(arguments: &[String]) -> ! {
    let [kind, path, place, seed] = arguments else { panic!("a kind, a path, a place, a seed") };
    let store = Store::open(path).expect("a store");
    let (place, seed) = (place.parse().expect("a place"), seed.parse().expect("a number"));
    if kind == "typed" { work_typed(&store, place, seed) } else { work_untyped(&store, place, seed) }
}
