//! The waiters: wait for versions and notifications, and are told of each that was acknowledged within the limit.

use std::sync::atomic::Ordering::SeqCst;
use std::thread;
use std::time::Duration;

use shmstore::WaitError;

use super::arena::Arena;
use super::board::{Acknowledged, PLACES};
use super::feeding;
use super::job::{Common, Job};
use super::maps::FOLLOWED_VALUE;
use super::op::Op;
use super::os::{not_scheduled, now};
use super::register::{Kind, Known};
use super::report::LIMIT;

/// How long one wait is. Without news it ends by itself.
pub(super) const ONE_WAIT: Duration = Duration::from_millis(300);

/// The waiter of a place among the long-lived.
pub(super) fn wait(common: &Common<'_>, place: usize) {
    let mut job = Job { place: &common.board.long_lived[place], ..Job::new(common, place % PLACES, u64::MAX) };
    let Some((store, arena)) = job.attach() else { return };
    let (parts, notifications) = (&common.board.parts, &common.board.notifications);
    let changes = &common.board.map_changes;
    match place {
        2 => follow(&mut job, &parts[1], |seen| arena.line.wait_newer(seen, ONE_WAIT).map(|(version, _)| version)),
        3 => {
            drop(arena);
            let Some(arena) = job.expect("attach read-only", store.attach_read_only::<Arena>()) else { return };
            follow(&mut job, &parts[2], |seen| arena.page.wait_newer(seen, ONE_WAIT).map(|(version, _)| version));
        }
        5 => feeding::follow(&mut job, 2, arena.streams.broadcast_of_64.subscribe()),
        6 => {
            drop(arena);
            let Some(arena) = job.expect("attach read-only", store.attach_read_only::<Arena>()) else { return };
            feeding::follow(&mut job, 2, arena.streams.broadcast_of_64.subscribe_oldest());
        }
        7 => {
            let known = Known::of(&common.board.maps[FOLLOWED_VALUE], FOLLOWED_VALUE);
            let (map, key) = (&arena.maps.of_64, known.key(known.indexes(Kind::Staying).start));
            follow(&mut job, &common.board.map_value, |seen| {
                map.wait_newer(&key, seen, ONE_WAIT).map(|(version, _)| version)
            });
        }
        8 => follow(&mut job, changes, |seen| arena.maps.of_7.wait_changed(seen, ONE_WAIT)),
        9 => {
            drop(arena);
            let Some(arena) = job.expect("attach read-only", store.attach_read_only::<Arena>()) else { return };
            follow(&mut job, changes, |seen| arena.maps.of_7.wait_changed(seen, ONE_WAIT));
        }
        _ => follow(&mut job, notifications, |seen| arena.news.wait_past(seen, ONE_WAIT)),
    }
}

fn follow(job: &mut Job<'_>, acknowledged: &Acknowledged, wait: impl Fn(u64) -> Result<u64, WaitError>) {
    let mut seen = 0;
    while job.board().stop.load(SeqCst) == 0 {
        job.enter(Op::Wait);
        let (began, delayed) = (now(), not_scheduled());
        match wait(seen) {
            Ok(newer) if newer <= seen => job.violation(&format!("{newer} is not newer than {seen}")),
            Ok(newer) => {
                note(job, acknowledged.time_of(seen + 1), began, delayed);
                seen = newer;
            }
            Err(WaitError::Timeout { .. }) => note_silence(job, acknowledged, seen, began),
            Err(error) => job.violation(&format!("wait: {error}")),
        }
        job.enter(Op::Idle);
        thread::sleep(Duration::from_micros(job.random.within(0..2000) as u64));
    }
}

/// News that was acknowledged at some time has come.
pub(super) fn note(job: &Job<'_>, acknowledged: Option<u64>, began: u64, delayed: u64) {
    let Some(acknowledged) = acknowledged else { return };
    let (board, late) = (job.board(), now().saturating_sub(acknowledged.max(began)));
    board.waits.fetch_add(1, SeqCst);
    if board.worst_wait.fetch_max(late, SeqCst) >= late {
        return;
    }
    let delayed = not_scheduled() - delayed;
    board.worst_wait_not_scheduled.store(delayed, SeqCst);
    if job.common.counted(late, delayed) > LIMIT {
        let [late, delayed] = [late, delayed].map(|nanoseconds| nanoseconds / 1000);
        job.violation(&format!("waited {late} us for what was acknowledged, {delayed} us of it not scheduled"));
    }
}

/// Nothing has come: then nothing may have been acknowledged long ago.
pub(super) fn note_silence(job: &Job<'_>, acknowledged: &Acknowledged, seen: u64, began: u64) {
    let now = now();
    let newest = acknowledged.version();
    if newest > seen {
        let since = acknowledged.time_of(seen + 1).map_or(now, |since| since.max(began));
        if now.saturating_sub(since) > LIMIT {
            job.violation(&format!("version {newest} was acknowledged, the wait past {seen} ended without it"));
        }
    }
}
