//! Killed with a write side, or in a store, or before waking who waits for it: the value is whole, the old one or the new
//! one; the versions go on; nobody waits in vain.

use shmstore_tests::holder::{holder, wait_until_asleep};
use shmstore_tests::scratch::Scratch;

use super::{AtStep, Scenario, assert_not_forgotten, in_each};

/// Kills the process at its step. The next one stores 9 by a command, and the number it is given.
fn kill_and_store(scenario: &Scenario, scratch: &Scratch, entry: &str, waits_already: bool) {
    let (version, value) = if scenario.at_step == AtStep::WriteSide { (1, 5) } else { (2, 7) };
    let mut reached = scenario.reach(scratch);
    let mut reader = holder(scratch.path());
    assert_eq!(reader.expect_ok("load"), format!("{version} {value}"));
    let mut next = holder(scratch.path());
    if waits_already {
        next.tell(entry);
        if scenario.at_step != AtStep::PublishedAndFree {
            wait_until_asleep(next.pid());
        }
    }
    reader.tell("wait_newer 1 25000");
    reached.holder.kill();
    assert_not_forgotten(scenario, reached.sleeper);
    if !waits_already {
        if version == 1 {
            wait_until_asleep(reader.pid());
        } else {
            assert_eq!(reader.answer(), format!("ok {version} {value}"));
        }
        next.tell(entry);
    }
    let answer = next.answer();
    match entry {
        "begin" | "try_begin" => assert_eq!((answer, next.expect_ok("commit 9")), ("ok ".into(), next_of(version))),
        "writer" | "try_writer" => {
            assert_eq!((answer, next.expect_ok("leased_store 9")), ("ok ".into(), next_of(version)));
            next.expect_ok("drop");
        }
        _ => assert_eq!(answer, format!("ok {}", next_of(version))),
    }
    if version == 1 || waits_already {
        let answer = reader.answer();
        assert!(answer == format!("ok {} 9", next_of(version)) || answer == "ok 2 7", "{answer}");
    }
    assert_eq!(reader.expect_ok("load"), format!("{} 9", next_of(version)));
    assert_eq!(reader.expect_ok("store 10"), next_of(version + 1));
    assert_eq!(next.expect_ok("load"), format!("{} 10", next_of(version + 1)));
}

fn next_of(version: u64) -> String {
    (version + 1).to_string()
}

fn is_of_write_side(scenario: &Scenario) -> bool {
    matches!(scenario.at_step, AtStep::WriteSide | AtStep::Published | AtStep::PublishedAndFree)
}

#[test]
fn write_side_of_the_dead_is_had_by_one_who_waited_already() {
    in_each(is_of_write_side, |scenario, scratch| kill_and_store(scenario, scratch, "store 9", true));
    in_each(is_of_write_side, |scenario, scratch| kill_and_store(scenario, scratch, "begin", true));
}

#[test]
fn write_side_of_the_dead_is_had_by_one_who_comes_later() {
    in_each(is_of_write_side, |scenario, scratch| kill_and_store(scenario, scratch, "update 9", false));
    in_each(is_of_write_side, |scenario, scratch| kill_and_store(scenario, scratch, "writer", false));
}

#[test]
fn write_side_of_the_dead_is_had_by_one_who_only_tries() {
    for entry in ["try_store 9", "try_begin", "try_writer"] {
        in_each(is_of_write_side, |scenario, scratch| kill_and_store(scenario, scratch, entry, false));
    }
}

#[test]
fn nobody_waits_in_vain_for_one_who_died_before_waking_him() {
    let frees = |scenario: &Scenario| scenario.at_step == AtStep::Free;
    in_each(frees, |scenario, scratch| {
        let mut reached = scenario.reach(scratch);
        reached.holder.kill();
        assert_not_forgotten(scenario, reached.sleeper);
    });
}
