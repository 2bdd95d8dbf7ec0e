//! Waiting for a version or an event ends: when it comes, when the time is over, when the object is removed; also for those
//! who may only read.

use std::time::{Duration, Instant};

use shmstore::{ShmId, Store};
use shmstore_tests::holder::{holder, holder_with_failpoint, wait_until_asleep, wait_until_state};
use shmstore_tests::objects::Parts;
use shmstore_tests::peer::Peer;
use shmstore_tests::scratch::{Scratch, remove_segment};
use shmstore_tests::segments;

/// The ways to wait, each for what has not come yet, for 25 seconds.
const WAYS: [&str; 4] = ["wait_newer 1 25000", "see_newer 1 25000", "wait_past 1 25000", "see_past 1 25000"];

/// Waiters end within some milliseconds of a removal; on a busy machine maybe later, but long before their time.
const SOON: Duration = Duration::from_secs(5);

fn waiters(scratch: &Scratch) -> Vec<Peer> {
    let mut maker = holder(scratch.path());
    maker.expect_ok("store 5");
    maker.expect_ok("notify_all");
    WAYS.iter()
        .map(|way| {
            let mut waiter = holder(scratch.path());
            waiter.tell(way);
            wait_until_asleep(waiter.pid());
            waiter
        })
        .collect()
}

fn end_by(removal: impl FnOnce(&Scratch, &Store)) {
    let scratch = Scratch::new();
    let waiters = waiters(&scratch);
    let removed = Instant::now();
    removal(&scratch, &scratch.store());
    for (mut waiter, way) in waiters.into_iter().zip(WAYS) {
        let answer = waiter.answer();
        assert!(answer.starts_with("err Removed "), "`{way}`: {answer}");
        assert!(answer.contains("attach again"), "`{way}`: {answer}");
        assert!(removed.elapsed() < SOON, "`{way}`: {:?}", removed.elapsed());
    }
}

#[test]
fn waiter_is_told_that_the_object_was_removed_replaced_or_removed_past_the_store() {
    end_by(|_, store| store.remove::<Parts>().unwrap());
    end_by(|_, store| drop(store.replace::<Parts>().unwrap()));
    end_by(|scratch, _| remove_segment(segments::at_key(scratch.key(Parts::ID)).pop().unwrap().shmid));
}

#[test]
fn what_came_before_the_removal_is_not_lost() {
    for (way, expected) in WAYS.into_iter().zip(["ok 2 7", "ok 2 7", "ok 2", "ok 2"]) {
        end_between_sleep_and_look(way, expected);
    }
}

/// What is waited for comes when the waiter's slice has ended without it, and the removal right after.
fn end_between_sleep_and_look(way: &str, expected: &str) {
    let scratch = Scratch::new();
    let mut last = holder(scratch.path());
    last.expect_ok("store 5");
    last.expect_ok("notify_all");
    let mut waiter = holder_with_failpoint(scratch.path(), "WaitSlept", "stop");
    waiter.tell(way);
    wait_until_state(waiter.pid(), 'T');
    last.expect_ok("store 7");
    last.expect_ok("notify_all");
    last.expect_ok("remove");
    waiter.signal("CONT");
    assert_eq!(waiter.answer(), expected, "`{way}`");
    // And who has the object attached finds the rest of it later, too.
    assert_eq!(waiter.expect_ok("load"), "2 7");
    waiter.tell("wait_newer 2 20000");
    wait_until_state(waiter.pid(), 'T');
    waiter.signal("CONT");
    let answer = waiter.answer();
    assert!(answer.starts_with("err Removed "), "{answer}");
}

#[test]
fn who_waits_wakes_when_it_comes() {
    let scratch = Scratch::new();
    let waiters = waiters(&scratch);
    let mut other = holder(scratch.path());
    other.expect_ok("store 7");
    other.expect_ok("notify_all");
    for (mut waiter, expected) in waiters.into_iter().zip(["ok 2 7", "ok 2 7", "ok 2", "ok 2"]) {
        assert_eq!(waiter.answer(), expected);
    }
}

#[test]
fn one_notification_of_one_is_for_all_in_the_end() {
    let scratch = Scratch::new();
    let waiters = waiters(&scratch);
    holder(scratch.path()).expect_ok("notify_one");
    for mut waiter in waiters.into_iter().skip(2) {
        assert_eq!(waiter.answer(), "ok 2");
    }
}

#[test]
fn waiting_ends_with_its_time() {
    let scratch = Scratch::new();
    let mut waiter = holder(scratch.path());
    for way in ["wait_newer 0 60", "see_newer 0 60", "wait_past 0 60", "see_past 0 60"] {
        let started = Instant::now();
        let message = waiter.expect_err(way, "Timeout");
        let waited = started.elapsed();
        assert!(message.contains("60ms"), "{message}");
        assert!((Duration::from_millis(60)..SOON).contains(&waited), "`{way}`: {waited:?}");
    }
}
