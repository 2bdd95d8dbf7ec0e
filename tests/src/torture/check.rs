//! The checker: looks at every invariant after every kill.

use std::fs::File;
use std::io::Read;
use std::sync::atomic::Ordering::SeqCst;

use shmstore::inspect::Participant;
use shmstore::{Shared, Store};

use super::arena::Arena;
use super::board::PARTS;
use super::job::{Common, Job, STUCK};
use super::leaks;
use super::map_checks::{self, Segment};
use super::op::Op;
use super::{feeding, million, queueing};

pub(super) const PLACE: usize = 0;
/// What costs more is looked at once in so many checks.
const SELDOM: u64 = 16;

/// What the supervisor writes after a kill, and when it wants to know who holds what.
pub(super) const KILLED: u8 = b'k';
pub(super) const WHO_HOLDS: u8 = b'h';

/// What has been seen already, behind which nothing may go back.
#[derive(Default)]
struct Seen {
    versions: [u64; PARTS],
    notifications: u64,
    accounts: u64,
}

/// Checks once for each byte, or for several that came together, until there are no more.
pub(super) fn check(common: &Common<'_>, mut kills: File, most_alive: usize) {
    let mut job = Job { place: &common.board.long_lived[PLACE], ..Job::new(common, 0, 0) };
    let Some((store, arena)) = job.attach() else { return };
    let Some(segment) = Segment::of(&job, &arena) else { return };
    let million = if common.large_map { million::attach(&job, &store) } else { None };
    let mut seen = Seen::default();
    let mut buffer = [0; 256];
    for round in 1.. {
        job.enter(Op::Idle);
        let Ok(read @ 1..) = kills.read(&mut buffer) else {
            job.enter(Op::Check);
            queueing::drain(&job, &arena);
            map_checks::close(&job, &arena, &segment);
            return million.iter().for_each(|million| million::close(&job, million));
        };
        job.enter(Op::Check);
        if buffer[..read].contains(&WHO_HOLDS) {
            job.violation(&format!("something hangs; holders: {}", holders(&arena)));
        }
        parts(&job, &arena, &mut seen);
        accounts(&job, &arena, &mut seen);
        ledger(&job, &arena);
        streams(&job, &arena);
        map_checks::check(&job, &arena, &segment);
        million.iter().for_each(|million| million::check(&mut job, million));
        job.expect("attach", store.attach::<Arena>());
        if round % SELDOM == 1 {
            directory_and_table(&job, &store, &arena, most_alive);
        }
        common.board.checks.store(round, SeqCst);
        common.news.wake();
    }
}

/// Nothing torn; what was acknowledged is there, or something newer; nothing goes back.
fn parts(job: &Job<'_>, arena: &Arena, seen: &mut Seen) {
    for (at, part) in arena.parts().into_iter().enumerate() {
        let acknowledged = &job.board().parts[at];
        // Before the load: what comes after it is not asked for.
        let (counters, newest) = (acknowledged.counters(), acknowledged.version());
        let (version, value) = part.load();
        let Some(stamp) = job.expect("load", value) else { continue };
        if version < newest {
            job.violation(&format!("part {at}: version {newest} was acknowledged, version {version} is there"));
        }
        if version < seen.versions[at] {
            job.violation(&format!("part {at}: version {version} after version {}", seen.versions[at]));
        }
        if version > 0 && stamp.counter() < counters[stamp.writer()] {
            let (writer, counter) = (stamp.writer(), counters[stamp.writer()]);
            job.violation(&format!(
                "part {at}: value {counter} of writer {writer} is lost, {} is there",
                stamp.counter()
            ));
        }
        if acknowledged.body_of(version).is_some_and(|body| body != stamp.body()) {
            job.violation(&format!("part {at}: version {version} is another than was acknowledged: {stamp:?}"));
        }
        seen.versions[at] = version;
    }
    let newest = job.board().notifications.version();
    let count = arena.news.count();
    if count < newest.max(seen.notifications) {
        job.violation(&format!("{count} notifications, {newest} were acknowledged, {} seen", seen.notifications));
    }
    seen.notifications = count;
}

fn accounts(job: &Job<'_>, arena: &Arena, seen: &mut Seen) {
    let newest = job.board().updates.load(SeqCst);
    let (version, accounts) = arena.accounts.load_versioned();
    job.expect("transactions", accounts.check(version));
    if version < newest.max(seen.accounts) {
        let before = seen.accounts;
        job.violation(&format!(
            "{newest} updates of the accounts were acknowledged, {before} seen, {version} are there"
        ));
    }
    seen.accounts = version;
}

fn ledger(job: &Job<'_>, arena: &Shared<Arena>) {
    let acknowledged = job.board().transfers.load(SeqCst);
    match arena.ledger.lock_timeout(job.board(), STUCK) {
        Ok(_guard) => {
            job.expect("under the lock", arena.ledger.check(acknowledged));
        }
        Err(error) => job.violation(&format!("the lock is stuck: {error}; holders: {}", holders(arena))),
    }
}

fn streams(job: &Job<'_>, arena: &Arena) {
    arena.streams.queues().into_iter().for_each(|queue| queueing::check(job, queue));
    for (feed, sendings) in arena.streams.broadcasts().into_iter().zip(&job.board().broadcasts) {
        feeding::check(job, feed, sendings);
    }
}

fn directory_and_table(job: &Job<'_>, store: &Store, arena: &Shared<Arena>, most_alive: usize) {
    for text in leaks::in_directory(job.common.path) {
        job.violation(&text);
    }
    let alive = Shared::participants(arena).iter().filter(|participant| participant.alive).count();
    if alive > most_alive {
        job.violation(&format!("{alive} participants pass for alive, at most {most_alive} processes are"));
    }
    job.expect("list", store.list());
}

/// Who has which part, by the lock words.
pub(super) fn holders(arena: &Shared<Arena>) -> String {
    let participants = Shared::participants(arena).into_iter().filter(|participant| !participant.holding.is_empty());
    let said =
        participants.map(|Participant { pid, alive, holding, .. }| format!("pid {pid} (alive: {alive}): {holding:?}"));
    said.collect::<Vec<_>>().join(", ")
}
