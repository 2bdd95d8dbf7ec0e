//! A process that has stopped is alive, however long. Its side is waited for, and its jobs are its own. All else goes on.

use std::time::{Duration, Instant};

use shmstore_tests::objects::{Streams, message};
use shmstore_tests::peer::Peer;
use shmstore_tests::scratch::Scratch;
use shmstore_tests::streamer::{drain, streamer};

use super::{Scenario, Side, in_each};

const PATIENCE: Duration = Duration::from_millis(60);
/// Longer than any machine needs to notice that a time is over.
const GENEROUS: Duration = Duration::from_secs(10);

fn assert_busy(peer: &mut Peer, command: &str, owner: u32) {
    let started = Instant::now();
    let message = peer.expect_err(command, "Busy");
    assert!(message.contains(&format!("pid {owner} holds it")), "`{command}`: {message}");
    let least = if command.contains("timeout") { PATIENCE } else { Duration::ZERO };
    assert!((least..GENEROUS).contains(&started.elapsed()), "`{command}`: {:?}", started.elapsed());
}

/// The calls that need a side: at once, and with a limit of 60 milliseconds.
fn calls(side: Side) -> &'static [&'static str] {
    match side {
        Side::None => &[],
        Side::Producers => &["try_push 9", "try_producer", "push_timeout 9 60", "producer_timeout 60"],
        Side::Consumers => &["try_pop", "try_take", "try_consumer", "pop_timeout 60", "take_timeout 60"],
        Side::Senders => &["try_sender", "sender_timeout 60"],
    }
}

#[test]
fn no_process_takes_a_side_or_a_job_from_one_that_is_only_stopped() {
    in_each(|_| true, stop_and_go_on);
}

fn stop_and_go_on(scenario: &Scenario, scratch: &Scratch) {
    let reached = scenario.reach(scratch);
    let mut process = reached.process;
    let mut other = streamer(scratch.path());
    for command in calls(scenario.holds) {
        assert_busy(&mut other, command, process.pid());
    }
    // One that stopped before it woke another keeps that one from nothing.
    scenario.assert_not_forgotten(reached.waiter);
    let had_by_others = if scenario.holds == Side::Consumers { Vec::new() } else { scenario.find(&mut other) };
    assert_eq!(had_by_others, if scenario.holds == Side::Consumers { &[] } else { scenario.found });
    // What needs another side goes on.
    let may_push = scenario.holds == Side::Consumers && scenario.then != "clear";
    if may_push {
        assert!(other.ask("push_timeout 9 60").starts_with(if has_room(scenario) { "ok" } else { "err Full" }));
    }
    finish(scenario, &mut process, &mut other);
    let is_all = scenario.is_of_broadcast();
    let before = if is_all { scenario.found } else { &[] };
    let mut left = [before, scenario.later].concat();
    if may_push && has_room(scenario) {
        left.push("9 1");
    }
    assert_eq!(scenario.find(&mut other), left);
}

/// Returns `true` if there is a slot behind the item at which a consumer has stopped.
fn has_room(scenario: &Scenario) -> bool {
    scenario.before.len() == 1 || scenario.step == "QueuePopped"
}

/// Has the process do the rest of what it was about, and let go of what it has.
fn finish(scenario: &Scenario, process: &mut Peer, other: &mut Peer) {
    if ["pop_timeout", "take_timeout"].iter().any(|wait| scenario.then.starts_with(wait)) {
        other.expect_ok("push 8");
    }
    let answer = process.answer_after_stops();
    assert!(answer.starts_with("ok"), "{answer}");
    if scenario.then.contains("take") || scenario.then.contains("job") {
        process.tell("done");
        assert_eq!(process.answer_after_stops(), "ok ");
    }
    if !scenario.first.is_empty() || scenario.step == "WriterBegun" {
        process.tell("drop");
        process.answer_after_stops();
    }
}

#[test]
fn job_of_a_stopped_process_is_never_delivered_to_another() {
    let scratch = Scratch::new();
    let mut owner = streamer(scratch.path());
    owner.expect_ok("push 5");
    owner.expect_ok("take");
    owner.signal("STOP");
    owner.wait_until_stopped();
    let mut other = streamer(scratch.path());
    for command in ["try_take", "try_pop", "take_timeout 200", "pop_timeout 200"] {
        other.expect_err(command, "Empty");
    }
    assert_eq!(other.expect_ok("outstanding"), "1");
    owner.signal("CONT");
    owner.expect_ok("done");
    assert_eq!(drain(&mut other), [""; 0]);
    assert_eq!(other.expect_ok("outstanding"), "0");
}

#[test]
fn forgotten_job_belongs_to_its_process_through_detaching_and_attaching() {
    let scratch = Scratch::new();
    let store = scratch.store();
    let streams = store.create::<Streams>().unwrap();
    streams.queue.push(message(5)).unwrap();
    std::mem::forget(streams.queue.take().unwrap());
    drop(streams);
    let mut other = streamer(scratch.path());
    for command in ["try_take", "take_timeout 60"] {
        other.expect_err(command, "Empty");
    }
    let again = store.attach::<Streams>().unwrap();
    assert!(again.queue.try_take().is_err());
    assert_eq!(again.queue.outstanding(), 1);
}
