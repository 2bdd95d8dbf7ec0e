//! A process that has stopped is alive, however long. Its pins and loans are its own, and all else goes on.

use std::time::{Duration, Instant};

use shmstore_tests::framer::{find, framer, number, put_some};
use shmstore_tests::peer::Peer;
use shmstore_tests::scratch::Scratch;

use super::{Reached, Scenario, all_slots, in_each};

/// Longer than any machine needs to notice that a time is over.
const GENEROUS: Duration = Duration::from_secs(10);

fn assert_busy(peer: &mut Peer, command: &str, owner: u32) {
    let started = Instant::now();
    let message = peer.expect_err(command, "Busy");
    assert!(message.contains(&format!("pid {owner} holds it")), "`{command}`: {message}");
    assert!(started.elapsed() < GENEROUS, "`{command}`: {:?}", started.elapsed());
}

#[test]
fn no_process_takes_a_slot_from_one_that_is_only_stopped() {
    in_each(|_| true, stop_and_go_on);
}

fn stop_and_go_on(scenario: &Scenario, scratch: &Scratch) {
    let Reached { mut process, mut waiter } = scenario.reach(scratch);
    let mut other = framer(scratch.path());
    assert_eq!(find(&mut other), scenario.found);
    // Only the process with the lock, or the next one, can complete the publication.
    let is_half_published = scenario.found != scenario.left;
    if !is_half_published {
        scenario.assert_not_forgotten(waiter.take());
    }
    let mut newest = number(scenario.found);
    if let Some(loans) = scenario.loans {
        for _ in 0..3 {
            assert_eq!(other.expect_ok("loans"), loans.to_string());
        }
        if loans > 0 {
            newest = put_some(&mut other, newest);
        }
    } else {
        for command in ["loan", "loan 60", "put 9"] {
            assert_busy(&mut other, command, process.pid());
        }
    }
    if scenario.then.starts_with("wait_newer 1") {
        newest = put_some(&mut other, newest);
    }
    let answer = process.answer_after_stops();
    assert!(answer.starts_with(scenario.answer), "{answer}");
    if waiter.is_some() {
        scenario.assert_not_forgotten(waiter);
    }
    if scenario.answer.starts_with("ok ") {
        // All this time, its frame was its own.
        process.tell("check");
        assert_eq!(process.answer_after_stops(), scenario.answer);
    }
    let has_published = ["put", "publish"].iter().any(|command| scenario.then.starts_with(command));
    if has_published {
        // The newest frame was already this one, or is now.
        newest = newest.max(answer.trim_start_matches("ok ").parse().expect("a number"));
    }
    process.kill();
    let found = find(&mut other);
    assert_eq!(number(&found), newest);
    assert_eq!(other.expect_ok("loans"), all_slots(&found).to_string());
    put_some(&mut other, newest);
}
