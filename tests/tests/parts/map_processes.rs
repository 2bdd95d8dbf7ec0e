//! Waiting for a key, for its value and for changes ends: when it comes, when the time is over, when the object is removed.
//! Processes that only read find keys, and wait for them.

use std::time::{Duration, Instant};

use shmstore::{ShmId, Store};
use shmstore_tests::holder::{wait_until_asleep, wait_until_state};
use shmstore_tests::mapper::{mapper, mapper_with_failpoint};
use shmstore_tests::objects::Sessions;
use shmstore_tests::peer::Peer;
use shmstore_tests::scratch::{Scratch, remove_segment};
use shmstore_tests::segments;

/// A way to wait: how, what ends it, and what the process is answered. There are keys 5 and 6, with an entry of key 6.
struct Way {
    wait: &'static str,
    end: &'static [&'static str],
    answer: &'static str,
}

const fn way(wait: &'static str, end: &'static [&'static str], answer: &'static str) -> Way {
    Way { wait, end, answer }
}

const WAYS: &[Way] = &[
    way("wait_newer 7 0 25000", &["insert 7 70"], "ok 1 70"),
    way("wait_newer 7 0 25000", &["insert_from 7 70"], "ok 1 70"),
    way("wait_newer 7 0 25000", &["get_or_insert 7 70"], "ok 1 70"),
    way("wait_newer 6 1 25000", &["insert 6 61"], "ok 2 61"),
    way("wait_newer 6 1 25000", &["update 6 61"], "ok 2 61"),
    way("wait_newer 6 1 25000", &["entry 6", "store 61"], "ok 2 61"),
    way("wait_newer 6 1 25000", &["entry 6", "writer", "put 61"], "ok 2 61"),
    way("wait_newer 6 1 25000", &["entry 6", "begin", "commit 61"], "ok 2 61"),
    way("wait_newer 6 1 25000", &["remove 6", "insert 6 61"], "ok 2 61"),
    way("wait_newer 6 1 25000", &["clear", "insert 7 70", "insert 6 61"], "ok 2 61"),
    way("entry_newer 1 25000", &["insert 6 61"], "ok 2 61"),
    way("entry_newer 1 25000", &["entry 6", "writer", "put 61"], "ok 2 61"),
    way("entry_newer 1 25000", &["remove 6"], "err EntryRemoved "),
    way("entry_newer 1 25000", &["clear"], "err EntryRemoved "),
    way("entry_newer 1 25000", &["retain_others 6"], "err EntryRemoved "),
    way("wait_changed 2 25000", &["insert 7 70"], "ok 3"),
    way("wait_changed 2 25000", &["remove 5"], "ok 3"),
    way("see newer 7 0 25000", &["insert 7 70"], "ok 1 70"),
    way("see newer 6 1 25000", &["update 6 61"], "ok 2 61"),
    way("see newer 6 1 25000", &["remove 6", "insert 6 61"], "ok 2 61"),
    way("see changed 2 25000", &["remove 5"], "ok 3"),
];

/// Waiters end within some milliseconds of a removal, and on a busy machine maybe later, but long before their time.
const SOON: Duration = Duration::from_secs(5);

fn prepare(waiter: &mut Peer) {
    ["insert 5 50", "insert 6 60", "entry 6"].iter().for_each(|command| drop(waiter.expect_ok(command)));
}

impl Way {
    /// Starts a process that waits, and another one.
    fn begin(&self, scratch: &Scratch) -> (Peer, Peer) {
        let (mut waiter, other) = (mapper(scratch.path()), mapper(scratch.path()));
        prepare(&mut waiter);
        waiter.tell(self.wait);
        wait_until_asleep(waiter.pid());
        (waiter, other)
    }

    fn assert_answered(&self, answer: &str) {
        let is_expected = answer == self.answer || self.answer.starts_with("err") && answer.starts_with(self.answer);
        assert!(is_expected, "`{}`, by {:?}: {answer}", self.wait, self.end);
    }
}

#[test]
fn process_that_waits_for_a_key_or_value_wakes_when_it_comes() {
    for way in WAYS {
        let scratch = Scratch::new();
        let (mut waiter, mut other) = way.begin(&scratch);
        way.end.iter().for_each(|command| drop(other.expect_ok(command)));
        way.assert_answered(&waiter.answer());
    }
}

fn end_by(removal: impl Fn(&Scratch, &Store)) {
    for way in WAYS {
        let scratch = Scratch::new();
        let (mut waiter, _other) = way.begin(&scratch);
        let removed = Instant::now();
        removal(&scratch, &scratch.store());
        let answer = waiter.answer();
        assert!(answer.starts_with("err Removed "), "`{}`: {answer}", way.wait);
        assert!(answer.contains("attach again") && answer.contains("`Sessions.users"), "{answer}");
        assert!(removed.elapsed() < SOON, "`{}`: {:?}", way.wait, removed.elapsed());
    }
}

#[test]
fn removal_of_the_object_ends_each_wait_for_a_key() {
    end_by(|_, store| store.remove::<Sessions>().unwrap());
}

#[test]
fn replacement_of_the_object_ends_each_wait_for_a_key() {
    end_by(|_, store| drop(store.replace::<Sessions>().unwrap()));
}

#[test]
fn removal_of_the_object_past_the_store_ends_each_wait_for_a_key() {
    end_by(|scratch, _| remove_segment(segments::at_key(scratch.key(Sessions::ID)).pop().unwrap().shmid));
}

#[test]
fn key_that_came_before_the_removal_of_the_object_is_not_lost() {
    for way in WAYS {
        let scratch = Scratch::new();
        let mut other = mapper(scratch.path());
        let mut waiter = mapper_with_failpoint(scratch.path(), "WaitSlept", "stop");
        prepare(&mut waiter);
        waiter.tell(way.wait);
        wait_until_state(waiter.pid(), 'T');
        way.end.iter().for_each(|command| drop(other.expect_ok(command)));
        other.expect_ok("delete");
        waiter.signal("CONT");
        way.assert_answered(&waiter.answer());
    }
}

#[test]
fn waiting_for_a_key_ends_with_its_time() {
    let scratch = Scratch::new();
    let mut waiter = mapper(scratch.path());
    prepare(&mut waiter);
    let waits = ["wait_newer 7 0 60", "wait_newer 6 1 60", "entry_newer 1 60", "wait_changed 2 60"];
    for wait in waits.into_iter().chain(["see newer 7 0 60", "see newer 6 1 60", "see changed 2 60"]) {
        let started = Instant::now();
        let message = waiter.expect_err(wait, "Timeout");
        assert!(message.contains("`Sessions.users"), "{message}");
        assert!((Duration::from_millis(60)..SOON).contains(&started.elapsed()), "`{wait}`: {:?}", started.elapsed());
    }
}

#[test]
fn process_that_only_reads_finds_the_keys_of_others() {
    let scratch = Scratch::new();
    let [mut writer, mut reader] = [mapper(scratch.path()), mapper(scratch.path())];
    let seen = |reader: &mut Peer| ["len", "items", "changes"].map(|what| reader.expect_ok(&format!("see {what}")));
    assert_eq!(seen(&mut reader), ["0", "", "0"]);
    writer.expect_ok("insert 5 50");
    writer.expect_ok("insert 6 60");
    assert_eq!(seen(&mut reader), ["2", "5:50 6:60", "2"]);
    writer.expect_ok("update 6 61");
    writer.expect_ok("remove 5");
    assert_eq!(seen(&mut reader), ["1", "6:61", "3"]);
    assert_eq!((reader.expect_ok("see get 6"), reader.expect_ok("see version 6")), ("61".into(), "2".into()));
    assert_eq!((reader.expect_ok("see get 5"), reader.expect_ok("see contains 5")), ("none".into(), "false".into()));
}
