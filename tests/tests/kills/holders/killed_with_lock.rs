//! Killed with a lock, or on the way to or from it: the next one gets it, and is told if its owner has died.

use shmstore_tests::holder::{holder, wait_until_asleep};
use shmstore_tests::scratch::Scratch;

use super::{AtStep, Scenario, assert_not_forgotten, in_each};

/// Kills the process at its step. The next one comes by a command, before that or after it.
fn kill_and_enter(scenario: &Scenario, scratch: &Scratch, entry: &str, waits_already: bool) {
    let died = scenario.at_step == AtStep::Lock;
    let mut reached = scenario.reach(scratch);
    let mut next = holder(scratch.path());
    // Where one sleeps already, the two could have it in any order.
    let waits_already = waits_already && reached.sleeper.is_none();
    if waits_already {
        next.tell(entry);
        if died {
            wait_until_asleep(next.pid());
        }
    }
    reached.holder.kill();
    assert_not_forgotten(scenario, reached.sleeper);
    if !waits_already {
        next.tell(entry);
    }
    let answer = next.answer();
    if !died {
        assert_eq!(answer, "ok ", "`{entry}`");
        next.expect_ok("drop");
        assert_eq!(next.expect_ok("lock_or_repair"), "");
        return;
    }
    assert!(answer.starts_with("err OwnerDied "), "`{entry}`: {answer}");
    for another in ["try_lock", "lock_timeout 20000", "lock"] {
        let message = next.expect_err(another, "OwnerDied");
        assert!(message.contains("lock_or_repair"), "{message}");
    }
    assert_eq!(next.expect_ok("lock_or_repair"), "repaired");
    next.expect_ok("drop");
    let mut another = holder(scratch.path());
    assert_eq!(another.expect_ok("lock_or_repair"), "", "repaired twice");
    another.expect_ok("drop");
    next.expect_ok("lock");
}

fn is_of_lock(scenario: &Scenario) -> bool {
    [scenario.first, scenario.then].iter().any(|command| command.contains("lock"))
}

#[test]
fn lock_of_the_dead_is_had_by_one_who_waited_already() {
    in_each(is_of_lock, |scenario, scratch| kill_and_enter(scenario, scratch, "lock", true));
}

#[test]
fn lock_of_the_dead_is_had_by_one_who_comes_later() {
    in_each(is_of_lock, |scenario, scratch| kill_and_enter(scenario, scratch, "lock", false));
    in_each(is_of_lock, |scenario, scratch| kill_and_enter(scenario, scratch, "lock_timeout 20000", false));
}

#[test]
fn lock_of_the_dead_is_had_by_one_who_only_tries() {
    in_each(is_of_lock, |scenario, scratch| kill_and_enter(scenario, scratch, "try_lock", false));
}

#[test]
fn repair_that_is_cut_short_by_a_death_is_still_to_be_done() {
    let scratch = Scratch::new();
    let mut first = holder(scratch.path());
    first.expect_ok("lock");
    first.kill();
    let mut repairing = holder(scratch.path());
    repairing.expect_ok("lock_to_repair");
    repairing.kill();
    let mut next = holder(scratch.path());
    next.expect_err("try_lock", "OwnerDied");
    assert_eq!(next.expect_ok("lock_or_repair_timeout 20000"), "repaired");
}
