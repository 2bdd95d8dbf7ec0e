//! The supervisor of the torture of frames: forks, kills, stops and counts. It touches no store.

use std::fmt;
use std::fs::File;
use std::process::ExitCode;
use std::sync::atomic::Ordering::SeqCst;
use std::thread;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::Pid;
use shmstore::{Shared, Store};

use super::films::{Board, Films, Job, PLACES, ROLES, check_unused};
use super::herd::Herd;
use super::os::{self, News, drain, kill_now, now, spawn};
use super::slots;
use super::stamp::mix;
use super::supervisor::SECOND;
use crate::random::Random;
use crate::scratch::Scratch;

/// The time after which all processes are killed, and a look finds each slot again.
const EPOCH: u64 = 2 * SECOND;

#[derive(Debug, Default)]
struct Report {
    kills: u64,
    stops: u64,
    /// The stops of readers with a pin.
    pinned_stops: u64,
    /// The pins and loans of the dead.
    pins: u64,
    loans: [u64; 2],
    checks: u64,
    violations: Vec<String>,
}

struct Running {
    pid: Pid,
    /// When it goes on, if it is stopped.
    stopped: Option<u64>,
}

struct Filming<'a> {
    board: &'a Board,
    news: &'a News,
    from: File,
    store: &'a Store,
    running: Vec<Running>,
    random: Random,
    generation: u64,
    report: Report,
}

/// Tortures frames for some seconds, prints what came of it, and returns success if everything held.
pub(super) fn run(seconds: u64, seed: u64) -> ExitCode {
    os::catch_interrupts();
    let scratch = Scratch::new();
    let board = Shared::<Board>::new_private().expect("memory for the board");
    let (from, news) = News::new();
    println!("seed {seed}, at {}", scratch.path().display());
    let store = Store::options().max_processes(48).open(scratch.path()).expect("a store");
    let herd = Herd;
    let random = Random::new(mix(seed));
    let mut filming = Filming {
        board: &board,
        news: &news,
        from,
        store: &store,
        running: Vec::new(),
        random,
        generation: 0,
        report: Report::default(),
    };
    filming.run_once(|_, films| drop(films));
    let is_long = seconds >= 30;
    let (rounds, stopped) = if is_long { (40, 10 * SECOND) } else { (5, SECOND) };
    let recoveries = slots::measure(&board, &news, &store, rounds, stopped);
    let end = now() + seconds * SECOND;
    while now() < end && !os::is_interrupted() {
        filming.torture(end.min(now() + EPOCH));
        filming.look();
    }
    drop(herd);
    let is_clean = filming.report.violations.is_empty() && recoveries.is_clean();
    print!("{}{recoveries}", filming.shown());
    for violation in &filming.report.violations {
        println!("  VIOLATION {violation}");
    }
    println!("{}", if is_clean { "no frame torn, no slot lost" } else { "NOT CLEAN" });
    if is_clean { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

impl Filming<'_> {
    /// Has a process do something with the films, and waits until it has ended.
    fn run_once(&mut self, job: impl FnOnce(&News, Shared<Films>)) {
        let pid = spawn(self.news, || job(self.news, self.store.attach_or_create().expect("films")));
        let ended = waitpid(pid, None);
        if ended != Ok(WaitStatus::Exited(pid, 0)) {
            self.report.violations.push(format!("a look ended: {ended:?}"));
        }
    }

    fn start(&mut self, place: usize) -> Running {
        self.generation += 1;
        let random = Random::new(self.random.number());
        let job = Job { board: self.board, news: self.news, place, random, generation: self.generation };
        Running { pid: spawn(self.news, || job.work(self.store)), stopped: None }
    }

    fn torture(&mut self, end: u64) {
        self.running = (0..PLACES).map(|place| self.start(place)).collect();
        while now() < end {
            thread::sleep(Duration::from_micros(self.random.within(0..12_000) as u64));
            let first = self.random.within(0..PLACES);
            let number = self.random.within(1..6);
            let some: Vec<usize> = (0..number).map(|at| (first + 3 * at) % PLACES).collect();
            if self.random.one_in(5) {
                some.iter().for_each(|place| self.stop(*place));
            } else {
                self.kill(&some);
                some.into_iter().for_each(|place| self.running[place] = self.start(place));
            }
            for running in &mut self.running {
                if running.stopped.is_some_and(|until| until <= now()) {
                    let _ = kill(running.pid, Signal::SIGCONT);
                    running.stopped = None;
                }
            }
        }
        self.kill(&Vec::from_iter(0..PLACES));
        self.running.clear();
    }

    fn stop(&mut self, place: usize) {
        if self.running[place].stopped.is_some() {
            return;
        }
        let _ = kill(self.running[place].pid, Signal::SIGSTOP);
        self.running[place].stopped = Some(now() + self.random.within(1..200) as u64 * SECOND / 1000);
        self.report.stops += 1;
        self.report.pinned_stops += self.board.pins[place].load(SeqCst);
    }

    /// Kills the processes of these places, and waits until they have ended.
    fn kill(&mut self, places: &[usize]) {
        places.iter().for_each(|place| kill_now(self.running[*place].pid));
        for &place in places {
            let ended = waitpid(self.running[place].pid, None);
            if !matches!(ended, Ok(WaitStatus::Signaled(_, Signal::SIGKILL, _))) {
                self.report.violations.push(format!("place {place} ended: {ended:?}"));
            }
            self.report.kills += 1;
            self.report.pins += self.board.pins[place].swap(0, SeqCst);
            self.report.loans[place / ROLES] += self.board.loans[place].swap(0, SeqCst);
        }
    }

    /// Looks at the frames, which no living process uses.
    fn look(&mut self) {
        let (board, loans) = (self.board, self.report.loans);
        self.run_once(|news, films| {
            let numbers =
                [check_unused(news, &films.small, &board.parts[0]), check_unused(news, &films.large, &board.parts[1])];
            for ((number, part), loans) in numbers.into_iter().zip(&board.parts).zip(loans) {
                let acknowledged = part.publications.load(SeqCst);
                // A process may have died before it has said that its frame is published.
                if !(acknowledged..=acknowledged + loans).contains(&number) {
                    news.violation(&format!("{acknowledged} frames were published, the newest has number {number}"));
                }
            }
        });
        self.report.checks += 1;
        let news = drain(&self.from);
        self.report.violations.extend(news.lines().filter_map(|line| line.strip_prefix('!')).map(str::to_owned));
    }

    fn shown(&self) -> impl fmt::Display + use<> {
        let Report { kills, stops, pinned_stops, pins, loans, checks, .. } = &self.report;
        let loans = loans[0] + loans[1];
        let mut text = format!(
            "frames: {kills} kills, {stops} stops, {pinned_stops} of them of readers with a pin\n  the dead had {pins} \
             pins and {loans} loans, and each slot was found again at {checks} looks\n"
        );
        for (name, part) in ["64 KiB", "4 MiB"].iter().zip(&self.board.parts) {
            let [publications, pins, looks, overruns, missed] =
                [&part.publications, &part.pins, &part.looks, &part.overruns, &part.missed].map(|it| it.load(SeqCst));
            text += &format!(
                "  {name}: {publications} publications, {pins} pinned frames read twice, {looks} read without a pin, \
                 {overruns} overruns, {missed} missed by followers\n"
            );
        }
        text
    }
}
