//! A child of `fork` has a hub of its own, and takes no wait from its parent. Signals do not reach the thread.

use std::time::Instant;

use shmstore_tests::holder::{holder_with, is_in_state, wait_until_asleep};
use shmstore_tests::peer::{Child, Peer};
use shmstore_tests::sandbox::SANDBOX;
use shmstore_tests::scratch::Scratch;
use shmstore_tests::wait;

use crate::threads::{SOON, hub_of, status, threads_of};

/// A process that waits in a task, and makes children. `forks_without_wiping` runs these tests where the kernel does
/// not wipe the process's page in them.
fn waiter(scratch: &Scratch) -> Peer {
    let is_wiped = !module_path!().contains("forks_without_wiping");
    let sandbox = if is_wiped { "" } else { "EINVAL madvise(MADV_WIPEONFORK)" };
    let mut waiter = holder_with(scratch.path(), &[(SANDBOX, sandbox)]);
    assert_eq!(threads_of(waiter.pid()).len(), 1);
    assert_eq!(waiter.expect_ok("task_polls 0"), "pending");
    assert_eq!(threads_of(waiter.pid()).len(), 2);
    waiter
}

fn stores(scratch: &Scratch, number: u64) {
    holder_with(scratch.path(), &[]).expect_ok(&format!("store {number}"));
}

#[test]
fn future_of_a_parent_goes_on_in_the_parent_and_in_its_child() {
    for fork in ["fork", "clone"] {
        let scratch = Scratch::new();
        let mut parent = waiter(&scratch);
        let child = Child::of(&mut parent, fork);
        assert_eq!(threads_of(child.0).len(), 1, "{fork}: no thread before it is needed");
        assert_eq!(parent.expect_ok("child task_polls 0"), "pending");
        assert_eq!(threads_of(child.0).len(), 2);
        assert_eq!(parent.expect_ok("task_polls 0"), "pending");

        parent.tell("child task_ends");
        wait_until_asleep(child.0);
        let stored = Instant::now();
        stores(&scratch, 7);
        assert_eq!(parent.answer(), "ok 1 7");
        assert_eq!(parent.expect_ok("task_ends"), "1 7");
        assert!(stored.elapsed() < SOON);
    }
}

#[test]
fn child_that_drops_what_it_inherited_takes_no_wait_from_its_parent() {
    let scratch = Scratch::new();
    let mut parent = waiter(&scratch);
    let child = Child::fork(&mut parent);
    assert_eq!(parent.expect_ok("child task_drops"), "true");
    assert_eq!(threads_of(child.0).len(), 1);
    parent.tell("task_ends");
    wait_until_asleep(parent.pid());
    stores(&scratch, 7);
    assert_eq!(parent.answer(), "ok 1 7");
    // The child begins with nothing.
    assert_eq!(parent.expect_ok("child task_polls 0"), "1 7");
    assert_eq!(parent.expect_ok("child task_drops"), "true");
}

#[test]
fn wait_goes_on_after_a_child_that_had_inherited_it_is_killed() {
    let scratch = Scratch::new();
    let mut parent = waiter(&scratch);
    let child = Child::fork(&mut parent);
    let _grandchild = Child::of(&mut parent, "child fork");
    assert_eq!(parent.expect_ok("child child task_polls 0"), "pending");
    assert_eq!(parent.expect_ok("child child task_drops"), "true");
    child.kill();
    parent.tell("task_ends");
    wait_until_asleep(parent.pid());
    stores(&scratch, 7);
    assert_eq!(parent.answer(), "ok 1 7");
}

#[test]
fn hub_blocks_all_signals_and_ends_no_sleep_early_because_of_them() {
    let scratch = Scratch::new();
    let mut waiter = waiter(&scratch);
    let hub = hub_of(waiter.pid());
    let blocked = status(&format!("/proc/{}/task/{hub}/status", waiter.pid()), "SigBlk:");
    let blocked = u64::from_str_radix(&blocked, 16).unwrap();
    // All but SIGKILL and SIGSTOP, and the two that the C library keeps for itself.
    let kept = [9, 19, 32, 33].map(|signal| 1_u64 << (signal - 1)).iter().sum::<u64>();
    assert_eq!(!blocked & !kept, 0, "{blocked:x}");

    waiter.expect_ok("be_interrupted");
    waiter.tell("task_ends");
    stores(&scratch, 7);
    assert_eq!(waiter.answer(), "ok 1 7");
}

#[test]
fn waiter_that_was_stopped_finds_what_came_meanwhile() {
    let scratch = Scratch::new();
    let mut waiter = waiter(&scratch);
    waiter.tell("task_ends");
    wait_until_asleep(waiter.pid());
    waiter.signal("STOP");
    waiter.wait_until_stopped();
    stores(&scratch, 7);
    assert!(waiter.try_answer().is_none() && is_in_state(waiter.pid(), 'T'));
    waiter.signal("CONT");
    assert_eq!(waiter.answer(), "ok 1 7");
    // A stop between two changes does no harm either.
    assert_eq!(waiter.expect_ok("task_polls 1"), "pending");
    waiter.signal("STOP");
    waiter.wait_until_stopped();
    waiter.signal("CONT");
    waiter.tell("task_ends");
    wait::until_true("a waiter to sleep", || shmstore_tests::holder::is_asleep(waiter.pid()));
    stores(&scratch, 8);
    assert_eq!(waiter.answer(), "ok 2 8");
}
