//! The supervisor: forks, kills, reaps, counts. It touches no store.

use std::collections::HashSet;
use std::fs::File;
use std::io::Write;
use std::os::fd::AsFd;
use std::sync::atomic::Ordering::SeqCst;

use nix::poll::{PollFd, PollFlags, ppoll};
use nix::sys::signal::Signal;
use nix::sys::time::{TimeSpec, TimeValLike};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::Pid;
use shmstore::{Shared, Store};

use super::arena::Arena;
use super::board::{Board, LONG_LIVED, PLACES};
use super::herd::Herd;
use super::job::{Common, Job, STUCK};
use super::leaks::Growth;
use super::os::{self, News, drain, now, pipe, spawn};
use super::places::Running;
use super::recovery::Measurement;
use super::report::Report;
use super::stamp::{Stamp, Stamped, mix};
use super::victim::NAME;
use super::{Options, check, map_checks, measure, million, waiters};
use crate::random::Random;
use crate::scratch::Scratch;

pub(super) const SECOND: u64 = 1_000_000_000;
/// The participants' table: so small that the dead must be reclaimed all the time.
const TABLE: u32 = 48;

pub(super) struct Supervisor<'a> {
    pub(super) common: &'a Common<'a>,
    pub(super) workers: usize,
    pub(super) end: u64,
    pub(super) random: Random,
    pub(super) news: File,
    pub(super) running: Vec<Running>,
    pub(super) long_lived: Vec<Pid>,
    pub(super) kills: Option<File>,
    pub(super) orders: Option<File>,
    pub(super) measurement: Option<Measurement>,
    pub(super) generation: u64,
    pub(super) pids: HashSet<i32>,
    pub(super) growth: Growth,
    pub(super) next_look: u64,
    pub(super) report: Report,
}

pub(super) fn run(options: &Options) -> Report {
    os::catch_interrupts();
    let _ = nix::sys::prctl::set_child_subreaper(true);
    let scratch = Scratch::new();
    let board = Shared::<Board>::new_private().expect("memory for the board");
    let (from, news) = News::new();
    println!("seed {}, at {}", options.seed, scratch.path().display());
    let common = Common {
        board: &board,
        news: &news,
        path: scratch.path(),
        seed: options.seed,
        busy: options.busy,
        large_map: options.large_map,
    };
    let began = now();
    let mut supervisor = Supervisor {
        common: &common,
        workers: options.workers.clamp(1, PLACES - 2),
        end: began + options.seconds * SECOND,
        random: Random::new(mix(options.seed)),
        news: from,
        running: Vec::new(),
        long_lived: Vec::new(),
        kills: None,
        orders: None,
        measurement: None,
        generation: 0,
        pids: HashSet::new(),
        growth: Growth::default(),
        next_look: began + SECOND,
        report: Report { seed: options.seed, ..Report::default() },
    };
    let herd = Herd;
    supervisor.prepare();
    supervisor.kill_and_look();
    supervisor.finish();
    drop(herd);
    supervisor.count_what_is_left();
    supervisor.report.seconds = (now() - began) as f64 / 1e9;
    supervisor.report
}

impl Supervisor<'_> {
    /// Has a child make what stays, as we touch no store; then starts the long-lived.
    fn prepare(&mut self) {
        let common = self.common;
        let maker = spawn(common.news, || {
            let store = Store::options().max_processes(TABLE).open(common.path).expect("a store");
            let arena = store.create::<Arena>().expect("an arena");
            arena.measured.job.push(Stamped::of(Stamp::new(0, 1))).expect("a new queue");
            map_checks::choose_keys(&Job::new(common, 0, 0), &arena);
            drop(arena);
            if common.large_map {
                million::make(&store);
            }
            store.open_or_create_named(NAME).expect("a name");
        });
        self.pids.insert(maker.as_raw());
        assert_eq!(waitpid(maker, None), Ok(WaitStatus::Exited(maker, 0)), "{}", drain(&self.news));
        let most_alive = 2 * (self.workers + 1) + LONG_LIVED.len() + 4;
        let (to_check, kills) = pipe(nix::fcntl::OFlag::O_CLOEXEC);
        let (to_measure, orders) = pipe(nix::fcntl::OFlag::O_CLOEXEC);
        for place in 0..LONG_LIVED.len() {
            let (ours, theirs) = ([&kills, &orders], [&to_check, &to_measure]);
            let pid = spawn(common.news, || {
                os::ignore_interrupts();
                // Only the supervisor may keep the ends to write: or they would never end.
                ours.into_iter().for_each(os::close);
                let [kills, orders] = theirs.map(|file| file.try_clone().expect("a descriptor"));
                match place {
                    check::PLACE => check::check(common, kills, most_alive),
                    measure::PLACE => measure::measure(common, orders),
                    _ => waiters::wait(common, place),
                }
            });
            self.long_lived.push(pid);
            self.pids.insert(pid.as_raw());
        }
        (self.kills, self.orders) = (Some(kills), Some(orders));
    }

    fn kill_and_look(&mut self) {
        while now() < self.end && !os::is_interrupted() && self.long_lived.len() == LONG_LIVED.len() {
            self.fill_places();
            self.sleep();
            self.read_news();
            self.measure_victim();
            self.kill_due();
            self.bury();
            self.look_seldom();
            self.look_at_measurement();
        }
        self.report.was_interrupted = os::is_interrupted();
    }

    fn fill_places(&mut self) {
        for place in 0..=self.workers {
            let is_free = self.running.iter().all(|running| running.place != place);
            if is_free && (place > 0 || self.measurement.is_none()) {
                self.generation += 1;
                let running = Running::start(self.common, place, self.generation, &mut self.random);
                self.pids.insert(running.pid.as_raw());
                self.running.push(running);
            }
        }
    }

    /// Until something is due, or a process ends or has news.
    fn sleep(&self) {
        let due = self.running.iter().map(|running| running.due).min().unwrap_or(u64::MAX);
        let left = due.saturating_sub(now()).min(SECOND / 20);
        let mut fds = vec![PollFd::new(self.news.as_fd(), PollFlags::POLLIN)];
        fds.extend(self.running.iter().map(|running| PollFd::new(running.process.as_fd(), PollFlags::POLLIN)));
        // A signal ends it, too.
        let _ = ppoll(&mut fds, Some(TimeSpec::nanoseconds(left as i64)), None);
    }

    pub(super) fn read_news(&mut self) {
        for line in drain(&self.news).lines() {
            if let Some(violation) = line.strip_prefix('!') {
                self.report.violation(violation);
            }
        }
    }

    fn kill_due(&mut self) {
        let time = now();
        for running in self.running.iter_mut().filter(|running| running.due <= time) {
            if let Some(late) = running.is_late(self.common) {
                self.report.worst_operation = self.report.worst_operation.max(late);
                if late < STUCK.as_nanos() as u64 {
                    running.due = time + SECOND / 100;
                    continue;
                }
            }
            if let Some(stuck) = running.kill(self.common) {
                self.report.violation(&stuck);
                let kills = self.kills.as_mut().expect("not finished");
                let _ = kills.write_all(&[check::WHO_HOLDS]);
            }
        }
    }

    /// Counts and reaps those that the kernel has released.
    fn bury(&mut self) {
        let mut at = 0;
        while at < self.running.len() {
            if !os::has_ended(&self.running[at].process) {
                at += 1;
                continue;
            }
            let released = now();
            let ended = self.running.swap_remove(at);
            if ended.is_measured {
                self.common.board.measured.released.store(released, SeqCst);
                self.measurement.as_mut().expect("it is measured").released = released;
            } else if ended.has_its_part(self.common.board) {
                // It died at a failpoint before we have seen that it has its part.
                self.running.push(ended);
                self.measure_victim();
                continue;
            }
            self.count(&ended);
        }
    }

    fn count(&mut self, ended: &Running) {
        let (op, status) = ended.reap(self.common.board);
        match status {
            WaitStatus::Signaled(_, Signal::SIGKILL, _) => self.report.killed(op, !ended.was_killed),
            status => {
                let (place, generation) = (ended.place, ended.generation);
                self.report
                    .violation(&format!("place {place} generation {generation} ended in {}: {status:?}", op.name()));
            }
        }
        let kills = self.kills.as_mut().expect("not finished");
        let _ = kills.write_all(&[check::KILLED]);
    }
}
