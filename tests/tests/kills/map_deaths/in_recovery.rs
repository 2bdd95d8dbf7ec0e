//! A process that completes what a dead one has left may itself be killed at each step of this.

use shmstore_tests::mapper::{mapper, mapper_with_failpoint};
use shmstore_tests::scratch::Scratch;

use super::{assert_finds, assert_goes_on, in_each};

/// The steps that recovery may come by.
const STEPS: [&str; 4] = ["EntryUnlinked", "EntryFreed", "EntryListed", "KeysCounted"];

#[test]
fn recovery_that_is_killed_at_any_step_is_done_again() {
    in_each(
        |scenario| scenario.holds.has_keys(),
        |scenario, _| {
            for first in STEPS {
                for second in STEPS {
                    let scratch = Scratch::new();
                    let mut reached = scenario.reach(&scratch);
                    reached.process.kill();
                    for step in [first, second] {
                        let mut next = mapper_with_failpoint(scratch.path(), step, "kill");
                        // Key 8 is not in the map, so nothing but recovery has these steps, but for the last one.
                        next.tell("insert 8 80");
                        next.tell("exit");
                        let _ = next.wait();
                    }
                    let mut last = mapper(scratch.path());
                    // At the last step the key is in the map.
                    last.expect_ok("remove 8");
                    assert_finds(&mut last, scenario.found);
                    assert_goes_on(&mut last, &scratch, scenario.found);
                }
            }
        },
    );
}
