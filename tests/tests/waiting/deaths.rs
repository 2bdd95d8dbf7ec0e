//! A process is killed after it has made news and before it has woken the waiters, or with something that others must
//! return or complete. Tasks, and threads that the hub looks after, go on within some slices.

use std::path::Path;
use std::sync::Mutex;

use shmstore::{Awaitable, Shared, ShmId, ShmObject, wait_any};
use shmstore_tests::holder::holder_with_failpoint;
use shmstore_tests::mapper::{mapper, mapper_with_failpoint};
use shmstore_tests::objects::{Parts, Sessions, Streams, message, number_of};
use shmstore_tests::peer::Peer;
use shmstore_tests::scratch::Scratch;
use shmstore_tests::streamer::{streamer, streamer_with_failpoint};
use shmstore_tests::tasks::block_on;

use crate::threads::{TIME, all_go_on};

/// Starts a process that is killed at a step.
type Victim = fn(&Path, &str, &str) -> Peer;

/// Has a process killed by the last of some commands.
fn kill(scratch: &Scratch, victim: Victim, step: &str, commands: &[&str]) {
    let mut victim = victim(scratch.path(), step, "kill");
    let (last, before) = commands.split_last().expect("a command");
    before.iter().for_each(|command| drop(victim.expect_ok(command)));
    victim.tell(last);
    victim.wait_until_killed();
}

fn object<T: ShmObject + ShmId>(scratch: &Scratch) -> Shared<T> {
    scratch.store().attach_or_create().unwrap()
}

/// Waits for a change among others that do not come.
fn any(awaited: impl Awaitable, other: &dyn Awaitable) {
    assert_eq!(wait_any(&[other, &awaited], TIME).unwrap().collect::<Vec<_>>(), [1]);
}

#[test]
fn versions_of_the_dead_are_found() {
    let ways: [(&str, &[&str]); 5] = [
        ("StoreEven", &["store 7"]),
        ("VersionUnwoken", &["store 7"]),
        ("VersionUnwoken", &["update 7"]),
        ("StoreEven", &["writer", "leased_store 7"]),
        ("StoreUntold", &["writer", "leased_store 7"]),
    ];
    for (step, commands) in ways {
        let scratch = Scratch::new();
        let parts: Shared<Parts> = object(&scratch);
        let view = scratch.store().attach_view::<Parts>().unwrap();
        let expected = (1, [7; 32]);
        let call = || assert_eq!(parts.value.wait_newer(0, TIME).unwrap(), expected);
        let waits: [&(dyn Fn() + Sync); 6] = [
            &call,
            &call,
            &|| assert_eq!(view.value.wait_newer(0, TIME).unwrap(), expected),
            &|| any(parts.value.newer(0), &parts.ping.newer(0)),
            &|| assert_eq!(block_on(parts.value.newer(0)).unwrap(), expected),
            &|| assert_eq!(block_on(view.value.newer(0)).unwrap(), expected),
        ];
        all_go_on(step, &waits, || kill(&scratch, holder_with_failpoint, step, commands));
    }
}

#[test]
fn notifications_of_the_dead_are_found() {
    for command in ["notify_all", "notify_one"] {
        let scratch = Scratch::new();
        let parts: Shared<Parts> = object(&scratch);
        let call = || assert_eq!(parts.called.wait_past(0, TIME).unwrap(), 1);
        let waits: [&(dyn Fn() + Sync); 4] =
            [&call, &call, &|| any(parts.called.past(0), &parts.answered.past(0)), &|| {
                assert_eq!(block_on(parts.called.past(0)).unwrap(), 1)
            }];
        all_go_on(command, &waits, || kill(&scratch, holder_with_failpoint, "EventUnwoken", &[command]));
    }
}

#[test]
fn items_of_the_dead_are_found() {
    for step in ["QueuePushed", "VersionUnwoken"] {
        let scratch = Scratch::new();
        let parts: Shared<Streams> = object(&scratch);
        let waits: [&(dyn Fn() + Sync); 3] = [
            &|| any(parts.queue.not_empty(), &parts.feed.subscribe().not_empty()),
            &|| any(parts.queue.not_empty(), &parts.feed.subscribe().not_empty()),
            &|| block_on(parts.queue.not_empty()).unwrap(),
        ];
        all_go_on(step, &waits, || kill(&scratch, streamer_with_failpoint, step, &["push 7"]));
        assert_eq!(number_of(&block_on(parts.queue.pop_async()).unwrap()), 7);
    }
    for step in ["ItemSent", "VersionUnwoken"] {
        let scratch = Scratch::new();
        let parts: Shared<Streams> = object(&scratch);
        let call = || assert_eq!(parts.feed.subscribe_from(0).recv_timeout(TIME).unwrap(), message(7));
        let waits: [&(dyn Fn() + Sync); 4] =
            [&call, &call, &|| any(parts.feed.subscribe_from(0).not_empty(), &parts.queue.not_empty()), &|| {
                assert_eq!(block_on(parts.feed.subscribe_from(0).recv_async()).unwrap(), message(7))
            }];
        all_go_on(step, &waits, || kill(&scratch, streamer_with_failpoint, step, &["send 7"]));
    }
}

#[test]
fn jobs_of_the_dead_are_taken_by_tasks_of_others() {
    let scratch = Scratch::new();
    let parts: Shared<Streams> = object(&scratch);
    let mut victim = streamer(scratch.path());
    victim.expect_ok("push_many 5 6");
    victim.expect_ok("take");
    victim.expect_ok("take");
    let found = Mutex::new(Vec::new());
    let take = || {
        let job = block_on(parts.queue.take_async()).unwrap();
        found.lock().unwrap().push((number_of(&job), job.deliveries()));
        job.done().unwrap();
    };
    all_go_on("take_async", &[&take, &take], || _ = victim.kill());
    found.lock().unwrap().sort_unstable();
    assert_eq!(*found.lock().unwrap(), [(5, 2), (6, 2)]);
}

#[test]
fn jobs_of_the_dead_are_taken_by_threads_that_the_hub_looks_after() {
    let scratch = Scratch::new();
    let parts: Shared<Streams> = object(&scratch);
    let mut victim = streamer(scratch.path());
    victim.expect_ok("push_many 5 6");
    victim.expect_ok("take");
    victim.expect_ok("take");
    let call = || parts.queue.take_timeout(TIME).unwrap().done().unwrap();
    all_go_on("take", &[&call, &call], || _ = victim.kill());
}

#[test]
fn room_that_the_dead_have_made_is_found() {
    for (step, commands) in [("QueuePopped", "pop"), ("VersionUnwoken", "pop"), ("JobDone", "done")] {
        let scratch = Scratch::new();
        let parts: Shared<Streams> = object(&scratch);
        parts.queue.try_push(message(5)).unwrap();
        parts.queue.try_push(message(6)).unwrap();
        let commands: &[&str] = if commands == "done" { &["take", "done"] } else { &["pop"] };
        let waits: [&(dyn Fn() + Sync); 2] =
            [&|| any(parts.queue.not_full(), &parts.feed.subscribe().not_empty()), &|| {
                block_on(parts.queue.not_full()).unwrap()
            }];
        all_go_on(step, &waits, || kill(&scratch, streamer_with_failpoint, step, commands));
        block_on(parts.queue.push_async(message(7))).unwrap();
    }
}

#[test]
fn keys_that_the_dead_have_inserted_are_found() {
    for step in ["KeyInserted", "KeysCounted", "VersionUnwoken"] {
        let scratch = Scratch::new();
        let parts: Shared<Sessions> = object(&scratch);
        let users = &parts.users;
        let call = || assert_eq!(users.wait_newer(&7, 0, TIME).unwrap(), (1, message(70)));
        let waits: [&(dyn Fn() + Sync); 6] = [
            &call,
            &call,
            &|| assert_eq!(users.wait_changed(0, TIME).unwrap(), 1),
            &|| any(users.newer(&7, 0), &users.newer(&8, 0)),
            &|| assert_eq!(block_on(users.newer(&7, 0)).unwrap(), (1, message(70))),
            &|| assert_eq!(block_on(users.changed(0)).unwrap(), 1),
        ];
        all_go_on(step, &waits, || kill(&scratch, mapper_with_failpoint, step, &["insert 7 70"]));
    }
}

#[test]
fn insertions_that_the_dead_have_not_finished_keep_no_wait_from_the_next_one() {
    for step in ["MapIntended", "EntryTaken", "EntryLinked", "EntryChained"] {
        let scratch = Scratch::new();
        let parts: Shared<Sessions> = object(&scratch);
        let users = &parts.users;
        let call = || assert_eq!(users.wait_newer(&7, 0, TIME).unwrap().1, message(71));
        let waits: [&(dyn Fn() + Sync); 4] = [&call, &call, &|| any(users.newer(&7, 0), &users.newer(&8, 0)), &|| {
            assert_eq!(block_on(users.newer(&7, 0)).unwrap().1, message(71))
        }];
        all_go_on(step, &waits, || {
            kill(&scratch, mapper_with_failpoint, step, &["insert 7 70"]);
            mapper(scratch.path()).expect_ok("insert 7 71");
        });
    }
}

#[test]
fn keys_that_the_dead_have_removed_are_missed() {
    for step in ["KeyRemoved", "EntryUnlinked", "EntryFreed", "EntryListed", "KeysCounted", "VersionUnwoken"] {
        let scratch = Scratch::new();
        let parts: Shared<Sessions> = object(&scratch);
        let users = &parts.users;
        users.insert(6, message(60)).unwrap();
        let entry = users.entry(&6).unwrap();
        let call = || drop(entry.wait_newer(1, TIME).unwrap_err());
        let waits: [&(dyn Fn() + Sync); 5] = [
            &call,
            &call,
            &|| any(entry.newer(1), &users.newer(&8, 0)),
            &|| drop(block_on(entry.newer(1)).unwrap_err()),
            &|| assert_eq!(block_on(users.changed(1)).unwrap(), 2),
        ];
        all_go_on(step, &waits, || kill(&scratch, mapper_with_failpoint, step, &["remove 6"]));
    }
}
