//! A process that is stopped while it extends an object has the anchor's lock: processes that need it wait.

use shmstore_tests::scratch::Scratch;

use super::{creator, rover, rover_with, rover_with_failpoint, use_all_versions};

const IMPATIENT: (&str, &str) = ("PEER_WAIT_MS", "100");
const PATIENT: (&str, &str) = ("PEER_WAIT_MS", "20000");

#[test]
fn processes_go_on_with_the_layout_that_the_object_has_while_another_is_stopped_in_a_growth() {
    for (step, fields) in [("GrowWritten", 2), ("GrowPublished", 3), ("GrowDone", 3)] {
        let scratch = Scratch::new();
        let mut first = creator(scratch.path());
        let mut growing = rover_with_failpoint(scratch.path(), step, "stop");
        growing.tell("attach v2");
        growing.wait_until_stopped();

        for (version, own) in [("v1", 2), ("v2", 3), ("v3", 5)] {
            let mut other = rover_with(scratch.path(), &[IMPATIENT]);
            if own <= fields {
                assert_eq!(other.expect_ok(&format!("attach {version}")), "attached", "{version} at {step}");
                assert_eq!(other.expect_ok(&format!("see {version}")), "attached", "{version} at {step}");
            } else {
                let message = other.expect_err(&format!("attach {version}"), "Busy");
                assert!(message.contains("stayed locked for 100ms"), "{message}");
                other.expect_err(&format!("see {version}"), "Shorter");
            }
        }
        assert_eq!(first.expect_ok("add frames 1"), "8");
        let mut waiting = rover_with(scratch.path(), &[PATIENT]);
        waiting.tell("attach v3");
        waiting.wait_until_polling();
        growing.signal("CONT");
        assert_eq!((growing.answer().as_str(), waiting.answer().as_str()), ("ok grown 2", "ok grown 3"), "{step}");
        assert_eq!(growing.expect_ok("add speed 3"), "3");
        assert_eq!(waiting.expect_ok("tell"), "frames=8 position=5 speed=3 total=0 trips=0");
        first.expect_ok("add frames 18446744073709551615");
        use_all_versions(&scratch, 5);
    }
}

/// Two of the same version, of which the second finds the fields once it has the lock.
#[test]
fn process_that_waits_for_the_lock_does_not_extend_the_object_twice() {
    for step in ["SlotClaimed", "GrowWritten"] {
        let scratch = Scratch::new();
        let _first = creator(scratch.path());
        let mut growing = rover_with_failpoint(scratch.path(), step, "stop");
        growing.tell("attach v2");
        growing.wait_until_stopped();
        let mut waiting = rover_with(scratch.path(), &[PATIENT]);
        waiting.tell("attach v2");
        waiting.wait_until_polling();
        let mut other = rover_with(scratch.path(), &[PATIENT]);
        other.tell("attach left");
        other.wait_until_polling();
        growing.signal("CONT");
        assert_eq!(growing.answer_after_stops(), "ok grown 2", "{step}");
        assert_eq!(waiting.answer(), "ok attached", "{step}");
        let refused = other.answer();
        assert!(
            refused.starts_with("err LayoutMismatch ") && refused.contains("`speed` stands in the way"),
            "{refused}"
        );
    }
}

/// Removal and creation need the same lock.
#[test]
fn object_is_not_removed_from_under_a_growth() {
    let scratch = Scratch::new();
    let _first = creator(scratch.path());
    let mut growing = rover_with_failpoint(scratch.path(), "GrowWritten", "stop");
    growing.tell("attach v2");
    growing.wait_until_stopped();
    let mut other = rover_with(scratch.path(), &[IMPATIENT]);
    other.expect_err("remove", "Busy");
    other.expect_err("create v1 9", "Busy");
    growing.signal("CONT");
    assert_eq!(growing.answer(), "ok grown 2");
    rover(scratch.path()).expect_ok("remove");
    assert_eq!(growing.expect_ok("removed"), "true");
    assert_eq!(growing.expect_ok("tell"), "frames=7 position=5 speed=0");
}

#[test]
fn process_waits_for_the_lock_as_long_as_its_call_says_and_not_only_as_its_store() {
    let scratch = Scratch::new();
    let _first = creator(scratch.path());
    let mut growing = rover_with_failpoint(scratch.path(), "GrowWritten", "stop");
    growing.tell("attach v2");
    growing.wait_until_stopped();
    let mut waiting = rover_with(scratch.path(), &[IMPATIENT]);
    waiting.tell("attach v3 20000");
    waiting.wait_until_polling();
    // So long that its store's time is over, too.
    rover_with(scratch.path(), &[IMPATIENT]).expect_err("attach v3", "Busy");
    growing.signal("CONT");
    assert_eq!((growing.answer().as_str(), waiting.answer().as_str()), ("ok grown 2", "ok grown 3"));
}
