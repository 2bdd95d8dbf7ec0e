//! Killed at a step: the newest frame is whole, each slot comes back, numbers have no gap, and no waiter is forgotten.

use shmstore_tests::framer::{find, framer, number, put_some};
use shmstore_tests::holder::wait_until_asleep;
use shmstore_tests::scratch::Scratch;

use super::{Scenario, all_slots, in_each};

/// Kills the process at its step. Another one loans by a command, before that or after it.
fn kill_and_go_on(scenario: &Scenario, scratch: &Scratch, entry: &str, waits_already: bool) {
    let mut reached = scenario.reach(scratch);
    let mut next = framer(scratch.path());
    if waits_already {
        next.tell(entry);
        wait_until_asleep(next.pid());
    }
    reached.process.kill();
    scenario.assert_not_forgotten(reached.waiter);
    if !waits_already {
        let found = find(&mut next);
        assert!([scenario.found, scenario.left].contains(&found.as_str()), "{found}");
        next.tell(entry);
    }
    assert_eq!(next.answer(), "ok ", "`{entry}`");
    // The loan has completed what the dead process had begun to publish.
    assert_eq!(find(&mut next), scenario.left);
    next.expect_ok("drop");
    assert_eq!(next.expect_ok("loans"), all_slots(scenario.left).to_string());
    put_some(&mut next, number(scenario.left));
    assert_eq!(next.expect_ok("loans"), (super::IMAGES - 1).to_string());
}

#[test]
fn frames_of_the_dead_are_had_by_one_that_waited_already() {
    in_each(
        |scenario| scenario.loans.is_none(),
        |scenario, scratch| kill_and_go_on(scenario, scratch, "loan 25000", true),
    );
}

#[test]
fn frames_of_the_dead_are_had_by_one_that_comes_later() {
    in_each(|_| true, |scenario, scratch| kill_and_go_on(scenario, scratch, "loan 25000", false));
}

#[test]
fn frames_of_the_dead_are_had_by_one_that_only_tries() {
    in_each(|_| true, |scenario, scratch| kill_and_go_on(scenario, scratch, "loan", false));
}
