//! Processes that wait for what a process was about to do, or to say, when it was killed.

use shmstore_tests::holder::{wait_until_asleep, wait_until_state};
use shmstore_tests::mapper::{mapper, mapper_with_failpoint};
use shmstore_tests::peer::Peer;
use shmstore_tests::scratch::Scratch;

/// Two keys, one that waits, and one that is killed at a step.
fn kill_while_one_waits(scratch: &Scratch, step: &str, command: &str, wait: &str) -> Peer {
    let mut waiter = mapper(scratch.path());
    waiter.expect_ok("insert 5 50");
    waiter.expect_ok("insert 6 60");
    waiter.expect_ok("entry 6");
    waiter.tell(wait);
    wait_until_asleep(waiter.pid());
    let mut victim = mapper_with_failpoint(scratch.path(), step, "stop");
    victim.tell(command);
    wait_until_state(victim.pid(), 'T');
    victim.kill();
    waiter
}

/// The steps at which a removed key has gone, from the first on.
const GONE: [&str; 6] = ["KeyRemoved", "EntryUnlinked", "EntryFreed", "EntryListed", "KeysCounted", "VersionUnwoken"];

#[test]
fn one_that_has_the_entry_of_a_removed_key_is_told_if_the_remover_dies() {
    for step in GONE {
        let scratch = Scratch::new();
        let mut waiter = kill_while_one_waits(&scratch, step, "remove 6", "entry_newer 1 25000");
        let answer = waiter.answer();
        assert!(answer.starts_with("err EntryRemoved "), "{step}: {answer}");
        assert_eq!(waiter.expect_ok("is_removed"), "true");
    }
}

#[test]
fn one_that_waits_for_a_version_of_a_removed_key_gets_the_one_that_comes_after_the_removers_death() {
    for step in GONE {
        let scratch = Scratch::new();
        let mut waiter = kill_while_one_waits(&scratch, step, "remove 6", "wait_newer 6 1 25000");
        let mut next = mapper(scratch.path());
        next.expect_ok("insert_timeout 6 61 20000");
        assert_eq!(waiter.answer(), "ok 2 61", "{step}");
    }
}

/// Nobody else inserts, removes or even looks. The waiters alone are left.
#[test]
fn one_that_waits_for_keys_to_come_or_go_is_told_of_those_of_the_dead() {
    for (step, command, len) in [("KeyInserted", "insert 7 70", "3"), ("KeysCounted", "insert 7 70", "3")]
        .into_iter()
        .chain(GONE.into_iter().map(|step| (step, "remove 6", "1")))
    {
        let scratch = Scratch::new();
        let mut waiter = kill_while_one_waits(&scratch, step, command, "wait_changed 2 25000");
        let answer = waiter.answer();
        assert_eq!(answer, "ok 3", "{step} of `{command}`");
        assert_eq!(waiter.expect_ok("len"), len);
    }
}

#[test]
fn one_that_waits_for_a_key_is_told_if_the_inserter_dies() {
    for step in ["KeyInserted", "KeysCounted", "VersionUnwoken"] {
        let scratch = Scratch::new();
        let mut waiter = kill_while_one_waits(&scratch, step, "insert 7 70", "wait_newer 7 0 25000");
        assert_eq!(waiter.answer(), "ok 1 70", "{step}");
    }
}

#[test]
fn one_that_only_reads_is_told_of_the_keys_of_the_dead_as_soon_as_another_changes_the_map() {
    // One that only reads cannot announce itself, so nobody is about to wake it.
    for step in GONE.into_iter().filter(|step| *step != "VersionUnwoken") {
        let scratch = Scratch::new();
        let mut waiter = kill_while_one_waits(&scratch, step, "remove 6", "see changed 2 25000");
        let mut next = mapper(scratch.path());
        next.expect_ok("insert_timeout 7 70 20000");
        let answer = waiter.answer();
        assert!(answer == "ok 3" || answer == "ok 4", "{step}: {answer}");
        assert_eq!(waiter.expect_ok("see items"), "5:50 7:70");
    }
}
