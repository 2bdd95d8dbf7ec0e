//! A process that has stopped is alive, however long. Its locks are waited for. All else goes on.

use std::time::{Duration, Instant};

use shmstore_tests::mapper::mapper;
use shmstore_tests::objects::SESSIONS;
use shmstore_tests::peer::Peer;
use shmstore_tests::scratch::Scratch;

use super::{Scenario, assert_finds, assert_goes_on, in_each};

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

#[test]
fn no_process_takes_a_lock_of_a_map_from_one_that_is_only_stopped() {
    in_each(|_| true, stop_and_go_on);
}

fn stop_and_go_on(scenario: &Scenario, scratch: &Scratch) {
    let reached = scenario.reach(scratch);
    let mut process = reached.process;
    let mut other = mapper(scratch.path());
    let owner = process.pid();
    assert_finds(&mut other, scenario.found);
    let is_there = |key: u64| scenario.found.contains(&format!("{key}:"));
    if scenario.holds.has_keys() {
        for command in ["try_insert 9 90", "insert_timeout 9 90 60"] {
            assert_busy(&mut other, command, owner);
        }
    }
    if let Some(key) = scenario.holds.value().filter(|key| is_there(*key)) {
        let calls = ["try_insert K 1", "insert_timeout K 1 60", "try_remove K", "remove_timeout K 60"];
        for command in calls {
            assert_busy(&mut other, &command.replace('K', &key.to_string()), owner);
        }
        other.expect_ok(&format!("entry {key}"));
        for command in ["try_writer", "try_begin", "writer_timeout 60", "begin_timeout 60"] {
            assert_busy(&mut other, command, owner);
        }
    }
    // The value of another key is stored without the lock of the keys.
    if is_there(5) && scenario.holds.value() != Some(5) {
        for value in [51, 50] {
            other.expect_ok(&format!("update 5 {value}"));
        }
        other.expect_ok("try_insert 5 50");
        if scenario.holds.has_keys() {
            assert_busy(&mut other, "try_remove 5", owner);
            assert_busy(&mut other, "remove_timeout 5 60", owner);
        }
    }
    let has_room = scenario.found.split_whitespace().count() < SESSIONS;
    if !scenario.holds.has_keys() && has_room {
        // Also in an entry that the process has just freed.
        other.expect_ok("try_insert 9 90");
        other.expect_ok("try_remove 9");
    }
    assert_finds(&mut other, scenario.found);
    // One that stopped before it woke another keeps that one from nothing.
    scenario.assert_not_forgotten(reached.waiter);
    finish(scenario, &mut process, &mut other);
    assert_finds(&mut other, scenario.later);
    assert_goes_on(&mut other, scratch, scenario.later);
}

/// Has the process do the rest of what it was about, and let go of what it has.
fn finish(scenario: &Scenario, process: &mut Peer, other: &mut Peer) {
    if scenario.then.starts_with("wait") {
        other.expect_ok("insert 7 71");
        if scenario.then.starts_with("wait_newer 6") {
            other.expect_ok("update 6 60");
        }
    }
    let answer = process.answer_after_stops();
    assert!(answer.starts_with("ok"), "{answer}");
    process.tell("drop");
    process.answer_after_stops();
}

/// An entry is one of its key, and not of one that comes after it.
#[test]
fn entry_of_a_removed_key_never_becomes_that_of_another_key() {
    let scratch = Scratch::new();
    let [mut owner, mut other] = [mapper(scratch.path()), mapper(scratch.path())];
    owner.expect_ok("insert 5 50");
    owner.expect_ok("entry 5");
    other.expect_ok("remove 5");
    other.expect_ok("insert 6 60");
    for command in ["load", "store 1", "change 1", "writer", "try_writer", "begin", "begin_timeout 60"] {
        let message = owner.expect_err(command, "Removed");
        assert!(message.contains("`Sessions.users[5]`"), "{message}");
    }
    owner.expect_err("entry_newer 0 20000", "EntryRemoved");
    other.expect_ok("remove 6");
    other.expect_ok("insert 5 51");
    owner.expect_err("load", "Removed");
    assert_eq!(other.expect_ok("items"), "5:51");
    assert_goes_on(&mut other, &scratch, "5:51");
}
