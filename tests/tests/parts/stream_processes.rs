//! Waiting for an item or a free slot ends: when it comes, when the time is over, when the object is removed. Processes
//! that only read see queues and receive from broadcasts.

use std::time::{Duration, Instant};

use shmstore::{ShmId, Store};
use shmstore_tests::holder::{wait_until_asleep, wait_until_state};
use shmstore_tests::objects::Streams;
use shmstore_tests::peer::Peer;
use shmstore_tests::scratch::{Scratch, remove_segment};
use shmstore_tests::segments;
use shmstore_tests::streamer::{drain, streamer, streamer_with_failpoint};

/// A way to wait: what others do before, what the process does first, how it waits, what ends that, and what it is
/// answered.
struct Way {
    before: &'static [&'static str],
    first: &'static [&'static str],
    wait: &'static str,
    end: &'static [&'static str],
    answer: &'static str,
}

const fn way(
    before: &'static [&'static str],
    first: &'static [&'static str],
    wait: &'static str,
    end: &'static [&'static str],
    answer: &'static str,
) -> Way {
    Way { before, first, wait, end, answer }
}

const FULL: &[&str] = &["push 5", "push 6"];

const WAYS: &[Way] = &[
    way(&[], &[], "pop_timeout 25000", &["push 7"], "ok 7"),
    way(&[], &[], "pop_timeout 25000", &["push_many 7 8"], "ok 7"),
    way(&[], &[], "pop_timeout 25000", &["producer", "produce 7"], "ok 7"),
    way(&[], &[], "pop", &["push 7"], "ok 7"),
    way(&[], &[], "take_timeout 25000", &["push 7"], "ok 7 1"),
    way(&["push 5", "take"], &[], "take_timeout 25000", &["drop"], "ok 5 2"),
    way(&[], &["consumer"], "consume 0 25000", &["push 7"], "ok 7"),
    way(&[], &["consumer"], "consume_job 0 25000", &["push 7"], "ok 7 1"),
    way(FULL, &[], "push_timeout 7 25000", &["pop"], "ok "),
    way(FULL, &[], "push 7", &["pop"], "ok "),
    way(FULL, &[], "push_timeout 7 25000", &["take", "done"], "ok "),
    way(FULL, &[], "push_timeout 7 25000", &["clear"], "ok "),
    way(FULL, &[], "push_timeout 7 25000", &["consumer", "consume 0 60"], "ok "),
    way(FULL, &["producer"], "produce 7 25000", &["pop"], "ok "),
    way(FULL, &["producer"], "produce 7 25000", &["take", "done"], "ok "),
    way(&[], &["subscribe"], "recv 25000", &["send 7"], "ok 0 7"),
    way(&[], &["subscribe"], "recv 25000", &["sender", "feed 7"], "ok 0 7"),
    way(&[], &["see_subscribe"], "recv 25000", &["send 7"], "ok 0 7"),
    way(&["send 5"], &["subscribe_from 2"], "recv 25000", &["send 6", "send 7"], "ok 2 7"),
    way(&["send 5"], &["see_subscribe_from 2"], "recv 25000", &["send 6", "send 7"], "ok 2 7"),
];

/// Waiters end within some milliseconds of a removal, and on a busy machine maybe later, but long before their time.
const SOON: Duration = Duration::from_secs(5);

impl Way {
    /// Starts a process that waits, and another one.
    fn begin(&self, scratch: &Scratch) -> (Peer, Peer) {
        let mut other = streamer(scratch.path());
        self.before.iter().for_each(|command| drop(other.expect_ok(command)));
        let mut waiter = streamer(scratch.path());
        self.first.iter().for_each(|command| drop(waiter.expect_ok(command)));
        waiter.tell(self.wait);
        wait_until_asleep(waiter.pid());
        (waiter, other)
    }
}

#[test]
fn process_that_waits_wakes_when_it_comes() {
    for way in WAYS {
        let scratch = Scratch::new();
        let (mut waiter, mut other) = way.begin(&scratch);
        way.end.iter().for_each(|command| drop(other.expect_ok(command)));
        assert_eq!(waiter.answer(), way.answer, "`{}`, by {:?}", way.wait, way.end);
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
        let part = if way.wait.starts_with("recv") { "`Streams.feed`" } else { "`Streams.queue`" };
        assert!(answer.contains("attach again") && answer.contains(part), "{answer}");
        assert!(removed.elapsed() < SOON, "`{}`: {:?}", way.wait, removed.elapsed());
    }
}

#[test]
fn removal_ends_each_wait() {
    end_by(|_, store| store.remove::<Streams>().unwrap());
}

#[test]
fn replacement_ends_each_wait() {
    end_by(|_, store| drop(store.replace::<Streams>().unwrap()));
}

#[test]
fn removal_past_the_store_ends_each_wait() {
    end_by(|scratch, _| remove_segment(segments::at_key(scratch.key(Streams::ID)).pop().unwrap().shmid));
}

#[test]
fn item_that_came_before_the_removal_is_not_lost() {
    for way in WAYS.iter().filter(|way| way.first.is_empty() || way.wait.starts_with("recv")) {
        let scratch = Scratch::new();
        let mut other = streamer(scratch.path());
        way.before.iter().for_each(|command| drop(other.expect_ok(command)));
        let mut waiter = streamer_with_failpoint(scratch.path(), "WaitSlept", "stop");
        way.first.iter().for_each(|command| drop(waiter.expect_ok(command)));
        waiter.tell(way.wait);
        wait_until_state(waiter.pid(), 'T');
        way.end.iter().for_each(|command| drop(other.expect_ok(command)));
        other.expect_ok("remove");
        waiter.signal("CONT");
        assert_eq!(waiter.answer(), way.answer, "`{}`, by {:?}", way.wait, way.end);
    }
}

#[test]
fn removed_queue_still_gives_its_items_to_those_that_have_it_attached() {
    let scratch = Scratch::new();
    let mut producer = streamer(scratch.path());
    let mut consumer = streamer(scratch.path());
    producer.expect_ok("push_many 5 6");
    producer.expect_ok("send 7");
    producer.expect_ok("remove");
    assert_eq!(drain(&mut consumer), ["5 1", "6 1"]);
    consumer.expect_ok("subscribe_from 0");
    assert_eq!(consumer.expect_ok("recv 25000"), "0 7");
    consumer.expect_err("recv 25000", "Removed");
    consumer.expect_err("pop_timeout 25000", "Removed");
}

#[test]
fn waiting_ends_with_its_time() {
    let scratch = Scratch::new();
    let mut waiter = streamer(scratch.path());
    waiter.expect_ok("subscribe");
    let mut assert_ends = |way: &str, variant: &str| {
        let started = Instant::now();
        waiter.expect_err(way, variant);
        let waited = started.elapsed();
        assert!((Duration::from_millis(60)..SOON).contains(&waited), "`{way}`: {waited:?}");
    };
    for way in ["pop_timeout 60", "take_timeout 60", "recv 60"] {
        assert_ends(way, "Empty");
    }
    let mut other = streamer(scratch.path());
    other.expect_ok("push_many 5 6");
    assert_ends("push_timeout 7 60", "Full");
}

#[test]
fn process_that_only_reads_sees_a_queue_and_receives_from_a_broadcast() {
    let scratch = Scratch::new();
    let mut writer = streamer(scratch.path());
    let mut reader = streamer(scratch.path());
    assert_eq!((reader.expect_ok("seen len"), reader.expect_ok("seen empty")), ("0".into(), "true".into()));
    assert_eq!(reader.expect_ok("seen newest"), "none");
    writer.expect_ok("push_many 5 6");
    assert_eq!(reader.expect_ok("seen items"), "5 6");
    writer.expect_ok("take");
    let seen = ["len", "items", "outstanding", "empty"].map(|what| reader.expect_ok(&format!("seen {what}")));
    assert_eq!(seen, ["1", "6", "1", "false"]);
    writer.expect_ok("drop");
    assert_eq!(reader.expect_ok("seen items"), "5 6");
    assert_eq!(drain(&mut writer), ["5 2", "6 1"]);
    assert_eq!((reader.expect_ok("seen len"), reader.expect_ok("seen empty")), ("0".into(), "true".into()));

    reader.expect_ok("see_subscribe");
    for number in 0..7 {
        assert_eq!(writer.expect_ok(&format!("send {}", 10 + number)), number.to_string());
    }
    // Four are kept, of which the oldest may be overwritten next.
    let missed: u64 = reader.expect_err("recv", "Lagged").parse().unwrap();
    assert!((3..6).contains(&missed), "{missed}");
    for number in missed..7 {
        assert_eq!(reader.expect_ok("recv"), format!("{number} {}", 10 + number));
    }
    assert!(reader.expect_err("recv 30", "Empty").contains("item 7 of"));
    assert_eq!((reader.expect_ok("seen sent"), reader.expect_ok("seen newest")), ("7".into(), "6 16".into()));
}

/// How long a wait without news uses the processor: a reader polls, and does not spin.
#[test]
fn subscriber_that_only_reads_polls_each_millisecond() {
    let scratch = Scratch::new();
    let mut writer = streamer(scratch.path());
    let mut reader = streamer(scratch.path());
    reader.expect_ok("see_subscribe");
    for number in 0..20 {
        reader.tell("recv 25000");
        wait_until_asleep(reader.pid());
        let sent = Instant::now();
        writer.expect_ok("send 7");
        assert_eq!(reader.answer(), format!("ok {number} 7"));
        assert!(sent.elapsed() < SOON, "{:?}", sent.elapsed());
    }
}

#[test]
fn jobs_of_the_dead_are_found_by_one_that_signals_interrupt_each_millisecond() {
    for waits_already in [false, true] {
        let scratch = Scratch::new();
        let mut owner = streamer(scratch.path());
        owner.expect_ok("push 5");
        owner.expect_ok("take");
        let mut waiter = streamer(scratch.path());
        waiter.expect_ok("be_interrupted");
        if waits_already {
            waiter.tell("take_timeout 20000");
            wait_until_asleep(waiter.pid());
        }
        owner.kill();
        let killed = Instant::now();
        if !waits_already {
            waiter.tell("take_timeout 20000");
        }
        assert_eq!(waiter.answer(), "ok 5 2");
        assert!(killed.elapsed() < SOON, "{:?}", killed.elapsed());
    }
}
