//! Killed at a step: the key is in or out, with a whole value; the next process goes on; no waiter is forgotten.

use shmstore_tests::holder::wait_until_asleep;
use shmstore_tests::mapper::mapper;
use shmstore_tests::scratch::Scratch;

use super::{Lock, SCENARIOS, Scenario, assert_finds, assert_goes_on, in_each};

/// What another process does that needs the lock of the dead, and how it undoes this.
fn entries(holds: Lock) -> Vec<(String, &'static str, &'static str)> {
    let mut entries = Vec::new();
    if holds.has_keys() {
        entries.push(("insert_timeout 9 90 20000".to_owned(), "ok none", "remove 9"));
    }
    if let Some(key) = holds.value() {
        // It is there or not, whatever the scenario.
        entries.push((format!("remove_timeout {key} 20000"), "ok ", ""));
    }
    entries
}

/// Kills the process at its step. Another one asks for what it has, before that or after it.
fn kill_and_go_on(scenario: &Scenario, scratch: &Scratch, waits_already: bool) {
    for (command, expected, undo) in entries(scenario.holds) {
        let scratch = Scratch::new();
        let mut reached = scenario.reach(&scratch);
        let mut next = mapper(scratch.path());
        // A process that finds the key gone does not wait.
        let is_there = scenario.holds.value().is_none_or(|key| scenario.found.contains(&format!("{key}:")));
        if waits_already {
            next.tell(&command);
            if scenario.holds.has_keys() && !undo.is_empty() || is_there {
                wait_until_asleep(next.pid());
            }
        }
        reached.process.kill();
        scenario.assert_not_forgotten(reached.waiter);
        if !waits_already {
            next.tell(&command);
        }
        let answer = next.answer();
        assert!(answer.starts_with(expected), "`{command}`: {answer}");
        let found = match undo {
            "" => without(scenario.found, scenario.holds.value().expect("its value was removed")),
            undo => {
                next.expect_ok(undo);
                scenario.found.to_owned()
            }
        };
        assert_finds(&mut next, &found);
        assert_goes_on(&mut next, &scratch, &found);
    }
    if scenario.holds == Lock::None {
        let mut reached = scenario.reach(scratch);
        reached.process.kill();
        scenario.assert_not_forgotten(reached.waiter);
        let mut next = mapper(scratch.path());
        assert_finds(&mut next, scenario.found);
        assert_goes_on(&mut next, scratch, scenario.found);
    }
}

fn without(found: &str, key: u64) -> String {
    let others = found.split_whitespace().filter(|item| !item.starts_with(&format!("{key}:")));
    others.collect::<Vec<_>>().join(" ")
}

#[test]
fn map_of_the_dead_is_whole_for_one_that_waited_already() {
    in_each(|_| true, |scenario, scratch| kill_and_go_on(scenario, scratch, true));
}

#[test]
fn map_of_the_dead_is_whole_for_one_that_comes_later() {
    in_each(|scenario| scenario.holds != Lock::None, |scenario, scratch| kill_and_go_on(scenario, scratch, false));
}

/// The dead have left a lock and an intent. One that only looks needs neither, and finds the exact number of keys.
#[test]
fn map_of_the_dead_is_read_whole_before_any_process_has_recovered_it() {
    in_each(
        |_| true,
        |scenario, scratch| {
            let mut reached = scenario.reach(scratch);
            reached.process.kill();
            let mut next = mapper(scratch.path());
            assert_finds(&mut next, scenario.found);
            // Nothing of that has changed anything.
            assert_finds(&mut next, scenario.found);
            assert_goes_on(&mut next, scratch, scenario.found);
        },
    );
}

#[test]
fn map_of_the_dead_is_had_by_one_that_only_tries() {
    in_each(
        |scenario| scenario.holds.has_keys(),
        |scenario, scratch| {
            let mut reached = scenario.reach(scratch);
            reached.process.kill();
            let mut next = mapper(scratch.path());
            assert_eq!(next.expect_ok("try_insert 9 90"), "none");
            assert_eq!(next.expect_ok("try_remove 9"), "90");
            assert_finds(&mut next, scenario.found);
            assert_goes_on(&mut next, scratch, scenario.found);
        },
    );
}

/// The name of each step of a map is in the scenarios, so that a new step is not forgotten.
#[test]
fn each_step_of_a_map_has_a_scenario() {
    let steps = shmstore::PART_STEPS
        .iter()
        .filter(|step| step.starts_with("Map") || step.starts_with("Entry") || step.starts_with("Key"));
    let missing: Vec<_> = steps.filter(|step| SCENARIOS.iter().all(|scenario| scenario.step != **step)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}
