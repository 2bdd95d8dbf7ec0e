//! Who has stopped is alive, however long: nobody takes anything from him, and he goes on where he was.

use std::time::{Duration, Instant};

use shmstore_tests::holder::holder;
use shmstore_tests::peer::Peer;

use super::{AtStep, assert_not_forgotten, in_each};

const PATIENCE: Duration = Duration::from_millis(60);

/// Longer than any machine needs to notice that a time is over.
const GENEROUS: Duration = Duration::from_secs(10);

fn assert_busy(peer: &mut Peer, command: &str, owner: u32) {
    let message = peer.expect_err(command, "Busy");
    assert!(message.contains(&format!("pid {owner} holds it")), "`{command}`: {message}");
}

/// Asserts that the owner is waited for, for so long and not much longer, and named.
fn assert_busy_in_time(peer: &mut Peer, command: &str, owner: u32) {
    let started = Instant::now();
    assert_busy(peer, command, owner);
    let waited = started.elapsed();
    assert!((PATIENCE..GENEROUS).contains(&waited), "`{command}`: {waited:?}");
}

#[test]
fn nobody_takes_a_lock_from_an_owner_that_is_only_stopped() {
    in_each(
        |scenario| scenario.at_step == AtStep::Lock,
        |scenario, scratch| {
            let mut owner = scenario.reach(scratch).holder;
            let mut other = holder(scratch.path());
            assert_busy(&mut other, "try_lock", owner.pid());
            assert_busy_in_time(&mut other, "lock_timeout 60", owner.pid());
            assert_busy_in_time(&mut other, "lock_or_repair_timeout 60", owner.pid());
            owner.signal("CONT");
            // `repaired`, if it has taken the lock from another.
            assert!(owner.answer().starts_with("ok "));
            assert_busy(&mut other, "try_lock", owner.pid());
            owner.expect_ok("drop");
            assert_eq!(other.expect_ok("lock_or_repair"), "");
        },
    );
}

#[test]
fn nobody_takes_a_write_side_from_a_writer_that_is_only_stopped() {
    in_each(
        |scenario| matches!(scenario.at_step, AtStep::WriteSide | AtStep::Published),
        |scenario, scratch| {
            let reached = scenario.reach(scratch);
            let mut writer = reached.holder;
            let mut other = holder(scratch.path());
            for command in ["try_store 9", "try_begin", "try_writer"] {
                assert_busy(&mut other, command, writer.pid());
            }
            for command in ["store_timeout 9 60", "begin_timeout 60", "writer_timeout 60"] {
                assert_busy_in_time(&mut other, command, writer.pid());
            }
            let seen = if scenario.at_step == AtStep::WriteSide { "1 5" } else { "2 7" };
            assert_eq!(other.expect_ok("load"), seen);
            writer.signal("CONT");
            assert_not_forgotten(scenario, reached.sleeper);
            finish(&mut writer, scenario.then);
            assert_eq!(other.expect_ok("load"), "2 7");
            assert_eq!(other.expect_ok("store 9"), "3");
        },
    );
}

/// Has the writer do the rest of what it was about, until version 2, of value 7, is there.
fn finish(writer: &mut Peer, command: &str) {
    let answer = writer.answer();
    match command {
        "begin" => {
            // It stops at every step of its kind; the store that follows is past it.
            assert_eq!((answer.as_str(), writer.expect_ok("commit 7").as_str()), ("ok ", "2"));
        }
        "writer" => {
            assert_eq!((answer.as_str(), writer.expect_ok("leased_store 7").as_str()), ("ok ", "2"));
            writer.expect_ok("drop");
        }
        "leased_store 7" => {
            assert_eq!(answer, "ok 2");
            writer.expect_ok("drop");
        }
        _ => assert_eq!(answer, "ok 2"),
    }
}

#[test]
fn one_who_is_woken_and_stopped_keeps_nobody_from_a_free_lock() {
    in_each(
        |scenario| scenario.step == "LockWoken",
        |scenario, scratch| {
            let mut woken = scenario.reach(scratch).holder;
            let mut other = holder(scratch.path());
            other.expect_ok("lock");
            other.expect_ok("drop");
            woken.signal("CONT");
            assert_eq!(woken.answer(), "ok ");
            assert_busy(&mut other, "try_lock", woken.pid());
        },
    );
}
