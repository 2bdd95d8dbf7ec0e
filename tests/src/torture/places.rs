//! The places of the workers: who is there, when it is to be killed, and what it was doing when it died.

use std::os::fd::OwnedFd;

use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::Pid;

use super::board::Board;
use super::job::{Common, STUCK};
use super::op::Op;
use super::os::{kill_now, not_scheduled_of, now, open_process, spawn};
use super::report::LIMIT;
use super::victim::{self, FIRST_OF_MAPS, FIRST_OF_STREAMS, KINDS};
use super::worker;
use crate::random::Random;

#[derive(Debug)]
pub(super) struct Running {
    pub(super) place: usize,
    pub(super) pid: Pid,
    pub(super) process: OwnedFd,
    pub(super) generation: u64,
    /// When to kill it; for a victim that does not have its part yet, when that is a hang.
    pub(super) due: u64,
    /// The kind of a victim, in `KINDS`.
    pub(super) kind: Option<usize>,
    pub(super) is_measured: bool,
    pub(super) was_killed: bool,
}

/// How long it may take until a victim has its part: even if a segment without a first word stands in the way.
const PREPARATION: u64 = 4_000_000_000;
const MILLISECOND: usize = 1_000_000;

/// How long a worker lives, in nanoseconds: mostly not even a few operations.
fn life(random: &mut Random) -> u64 {
    if random.one_in(500) {
        return random.within(0..300 * MILLISECOND) as u64;
    }
    let longest = match random.within(0..10) {
        0..2 => MILLISECOND / 2,
        2..6 => 3 * MILLISECOND,
        6..9 => 10 * MILLISECOND,
        _ => 30 * MILLISECOND,
    };
    random.within(0..longest) as u64
}

impl Running {
    /// Starts the next process of a place.
    pub(super) fn start(common: &Common<'_>, place: usize, generation: u64, random: &mut Random) -> Self {
        let kind = (place == 0).then(|| {
            let kinds = match random.within(0..8) {
                0 => 0..FIRST_OF_STREAMS,
                1..4 => FIRST_OF_STREAMS..FIRST_OF_MAPS,
                _ => FIRST_OF_MAPS..KINDS.len(),
            };
            random.within(kinds)
        });
        common.board.places[place].enter(Op::Start);
        let pid = match kind {
            Some(kind) => spawn(common.news, || victim::hold(common, KINDS[kind].0, generation)),
            None => spawn(common.news, || worker::work(common, place, generation)),
        };
        let due = now() + if kind.is_some() { PREPARATION } else { life(random) };
        let process = open_process(pid);
        Self { place, pid, process, generation, due, kind, is_measured: false, was_killed: false }
    }

    /// Whether it is a victim that has what the measurer shall wait for.
    pub(super) fn has_its_part(&self, board: &Board) -> bool {
        self.kind.is_some()
            && board.places[self.place].holding.load(std::sync::atomic::Ordering::SeqCst) == self.generation
    }

    /// For how long it has been at an operation that is to be short, if that is longer than anybody waits for the dead, in
    /// nanoseconds. On a part that others use it waits for the living, too, who may themselves not be scheduled, or be
    /// loading a new image: so it is spared, until it has what it waits for, or hangs.
    pub(super) fn is_late(&self, common: &Common<'_>) -> Option<u64> {
        let (op, nanoseconds) = common.board.places[self.place].doing();
        let is_late = !op.may_be_slow() && nanoseconds > LIMIT;
        is_late.then(|| common.counted(nanoseconds, not_scheduled_of(self.pid))).filter(|counted| *counted > LIMIT)
    }

    /// Kills it. Says so if it hangs.
    pub(super) fn kill(&mut self, common: &Common<'_>) -> Option<String> {
        let (op, nanoseconds) = common.board.places[self.place].doing();
        let has_no_part = self.kind.is_some() && !self.is_measured;
        let hangs = self.is_late(common).is_some_and(|late| late > STUCK.as_nanos() as u64);
        kill_now(self.pid);
        (self.due, self.was_killed) = (u64::MAX, true);
        let (place, generation) = (self.place, self.generation);
        let who = || {
            format!("place {place} generation {generation} was stuck in {} for {} us", op.name(), nanoseconds / 1000)
        };
        (has_no_part || hangs).then(who)
    }

    /// Reaps it, and tells what it was doing: only then it does nothing any more.
    pub(super) fn reap(&self, board: &Board) -> (Op, WaitStatus) {
        let status = waitpid(self.pid, None).expect("a child of ours");
        board.queues.iter().for_each(|book| book.bury(self.place));
        (board.places[self.place].doing().0, status)
    }
}
