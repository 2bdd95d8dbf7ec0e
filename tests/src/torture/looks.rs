//! What the supervisor looks at once in a while, and when all is over: whether the long-lived live and do not grow, and
//! whether anything is left.

use std::io::Write;
use std::sync::atomic::Ordering::SeqCst;
use std::thread;
use std::time::Duration;

use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid, waitpid};
use nix::unistd::Pid;

use super::board::LONG_LIVED;
use super::book::Closed;
use super::check::KILLED;
use super::leaks;
use super::op::Op;
use super::os::now;
use super::queueing;
use super::register::Sums;
use super::report::ENOUGH;
use super::supervisor::{SECOND, Supervisor};
use crate::scratch::remove_segment;

impl Supervisor<'_> {
    /// Once in a while: whether the long-lived live, and have not grown; orphans are reaped.
    pub(super) fn look_seldom(&mut self) {
        let flags = WaitPidFlag::WEXITED | WaitPidFlag::WNOHANG | WaitPidFlag::WNOWAIT;
        if let Ok(Some(pid)) = waitid(Id::All, flags).map(|status| status.pid()) {
            if self.long_lived.contains(&pid) {
                self.report.violation(&format!("the {} has ended", self.name_of(pid)));
                self.long_lived.retain(|known| *known != pid);
            } else if self.running.iter().all(|running| running.pid != pid) {
                let _ = waitpid(pid, None);
            }
        }
        if now() < self.next_look {
            return;
        }
        self.next_look = now() + SECOND / 2;
        let places = LONG_LIVED.into_iter().zip(&self.common.board.long_lived);
        for (pid, (name, place)) in self.long_lived.clone().into_iter().zip(places) {
            let grown = self.growth.look(pid, name);
            let (op, nanoseconds) = place.doing();
            let hangs = nanoseconds > 3 * SECOND && op != Op::Idle;
            let hang = hangs.then(|| format!("the {name} hangs in {}", op.name()));
            grown.into_iter().chain(hang).for_each(|text| self.report.violation(&text));
        }
        self.look_for_orphans();
    }

    pub(super) fn name_of(&self, pid: Pid) -> &'static str {
        self.long_lived.iter().position(|known| *known == pid).map_or("process", |at| LONG_LIVED[at])
    }

    /// What is seen twice is no segment that somebody is just making or removing.
    pub(super) fn look_for_orphans(&mut self) {
        let first = leaks::orphans(self.common.path, &self.pids);
        if first.is_empty() {
            return;
        }
        thread::sleep(Duration::from_millis(20));
        let second = leaks::orphans(self.common.path, &self.pids);
        for orphan in second.iter().filter(|orphan| first.iter().any(|found| found.shmid == orphan.shmid)) {
            self.report.violation(&format!("a segment that nobody will find: {orphan:?}"));
        }
    }

    /// Kills the workers, has everything checked a last time, and lets the long-lived end by themselves.
    pub(super) fn finish(&mut self) {
        for running in &mut self.running {
            let _ = running.kill(self.common);
        }
        let running = std::mem::take(&mut self.running);
        for ended in &running {
            let (op, _) = ended.reap(self.common.board);
            self.report.killed(op, false);
        }
        self.common.board.measured.released.store(1, SeqCst);
        let _ = self.kills.take().map(|mut kills| kills.write_all(&[KILLED]));
        drop(self.orders.take());
        self.common.board.stop.store(1, SeqCst);
        let deadline = now() + if self.common.large_map { 30 } else { 8 } * SECOND;
        for &pid in &self.long_lived {
            let ended = loop {
                match waitpid(pid, Some(WaitPidFlag::WNOHANG)) {
                    Ok(WaitStatus::StillAlive) if now() < deadline => {
                        thread::sleep(Duration::from_millis(1));
                    }
                    ended => break ended,
                }
            };
            if ended != Ok(WaitStatus::Exited(pid, 0)) {
                self.report.violation(&format!("the {} did not end well: {ended:?}", self.name_of(pid)));
            }
        }
        self.read_news();
    }

    /// Everybody is dead: whatever is there now was left by them.
    pub(super) fn count_what_is_left(&mut self) {
        for orphan in leaks::orphans(self.common.path, &self.pids) {
            self.report.violation(&format!("a segment is left that nobody will find: {orphan:?}"));
            remove_segment(orphan.shmid);
        }
        for text in leaks::in_directory(self.common.path) {
            self.report.violation(&text);
        }
        let board = self.common.board;
        self.close_streams();
        self.close_maps();
        self.report.judge_recoveries(self.common);
        let report = &mut self.report;
        (report.checks, report.waits) = (board.checks.load(SeqCst), board.waits.load(SeqCst));
        (report.repairs, report.undone) = (board.repairs.load(SeqCst), board.undone.load(SeqCst));
        (report.updates, report.transfers) = (board.updates.load(SeqCst), board.transfers.load(SeqCst));
        report.worst_wait_not_scheduled = board.worst_wait_not_scheduled.load(SeqCst);
        (report.worst_wait, report.growth) = (board.worst_wait.load(SeqCst), self.growth.most);
    }

    /// Sums up what came of the maps. Their keys are checked by the checker.
    fn close_maps(&mut self) {
        for (at, register) in self.common.board.maps.iter().enumerate() {
            let sums = Sums::of(register);
            if !sums.was_used() && self.report.kills > ENOUGH {
                self.report.violation(&format!("map {at} was hardly used: {sums:?}"));
            }
            self.report.maps[at] = sums;
        }
        if self.common.large_map {
            let sums = Sums::of(&self.common.board.large_map);
            if !sums.was_used() && self.report.kills > ENOUGH {
                self.report.violation(&format!("the large map was hardly used: {sums:?}"));
            }
            self.report.large_map = Some(sums);
        }
    }

    /// Says what was lost of the queues, and sums up what came through the streams.
    fn close_streams(&mut self) {
        let board = self.common.board;
        for (at, book) in board.queues.iter().enumerate() {
            let closed = Closed::of(book);
            if closed.lost > closed.may_be_lost {
                let Closed { lost, may_be_lost, .. } = closed;
                self.report
                    .violation(&format!("queue {at} has lost {lost} items, at most {may_be_lost} by its poppers"));
            }
            if !queueing::is_popped(self.common.seed, at) && closed.may_be_lost > 0 {
                self.report.violation(&format!("queue {at} was popped by a worker"));
            }
            if !closed.was_used() && self.report.kills > ENOUGH {
                self.report.violation(&format!("queue {at} was hardly used: {closed:?}"));
            }
            self.report.queues[at] = closed;
        }
        for (at, sendings) in board.broadcasts.iter().enumerate() {
            let counts = [&sendings.received, &sendings.missed].map(|count| count.load(SeqCst));
            self.report.broadcasts[at] = [sendings.acknowledged.version(), counts[0], counts[1]];
        }
    }
}
