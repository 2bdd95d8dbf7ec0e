//! A child of `fork` inherits what its parent holds, and takes nothing from it; a new image, a process without descriptors,
//! or one without its first thread holds what it should.

use shmstore_tests::holder::{holder, spawn, wait_until_asleep, wait_until_state};
use shmstore_tests::peer::{Child, Peer};
use shmstore_tests::privilege::{in_pid_namespace, with_namespaces};
use shmstore_tests::scratch::Scratch;

/// A process that holds something, a child that has inherited it, and somebody else.
fn family(scratch: &Scratch, hold: &str) -> (Peer, Child, Peer) {
    let mut parent = holder(scratch.path());
    parent.expect_ok("store 5");
    parent.expect_ok(hold);
    let child = Child::fork(&mut parent);
    (parent, child, holder(scratch.path()))
}

#[test]
fn child_that_drops_an_inherited_guard_frees_nothing_and_is_nobody_yet() {
    for (hold, enter, next) in [("lock", "try_lock", ""), ("begin", "try_store 9", "2"), ("writer", "try_store 9", "2")]
    {
        let scratch = Scratch::new();
        let (mut parent, _child, mut other) = family(&scratch, hold);
        parent.expect_ok("child drop");
        let message = other.expect_err(enter, "Busy");
        assert!(message.contains(&format!("pid {} holds it", parent.pid())), "{message}");
        // It has not even got a place among those who use the object.
        assert_eq!(other.expect_ok("participants"), "2");
        parent.expect_ok("drop");
        assert_eq!(other.expect_ok(enter), next, "`{hold}`");
    }
}

#[test]
fn child_that_uses_what_it_inherited_is_refused_with_the_cure() {
    for (hold, then, cure) in [
        ("begin", "commit 7", "must not commit it. It belongs to the parent"),
        ("writer", "leased_store 7", "must not store with it. It belongs to the parent"),
    ] {
        let scratch = Scratch::new();
        let (mut parent, _child, mut other) = family(&scratch, hold);
        let message = parent.expect_err(&format!("child {then}"), "Panicked");
        assert!(message.contains(cure), "{message}");
        other.expect_err("try_store 9", "Busy");
        assert_eq!(parent.expect_ok(then), "2");
        assert_eq!(other.expect_ok("load"), "2 7");
    }
}

#[test]
fn child_that_returns_from_an_update_it_was_forked_in_stores_nothing() {
    let scratch = Scratch::new();
    let mut parent = holder(scratch.path());
    parent.expect_ok("store 5");
    assert_eq!(parent.expect_ok("update_serving 7"), "in update");
    let _child = Child::fork(&mut parent);
    let message = parent.expect_err("child return", "Panicked");
    assert!(message.contains("must not return from its closure"), "{message}");
    let mut other = holder(scratch.path());
    other.expect_err("try_store 9", "Busy");
    assert_eq!(other.expect_ok("load"), "1 5");
    parent.tell("return");
    assert_eq!(parent.answer(), "ok 2");
    assert_eq!(other.expect_ok("load"), "2 7");
}

#[test]
fn child_waits_for_its_parent_like_anybody_else() {
    for (hold, enter) in [("lock", "lock"), ("begin", "store 9"), ("writer", "update 9")] {
        let scratch = Scratch::new();
        let (mut parent, child, _) = family(&scratch, hold);
        let limited = if hold == "lock" { "lock_timeout 60" } else { "store_timeout 9 60" };
        let message = parent.expect_err(&format!("child {limited}"), "Busy");
        assert!(message.contains(&format!("pid {} holds it", parent.pid())), "{message}");
        parent.expect_ok("drop");
        parent.expect_ok(&format!("child {enter}"));
        if hold == "lock" {
            let message = parent.expect_err("try_lock", "Busy");
            assert!(message.contains(&format!("pid {} holds it", child.0)), "{message}");
            parent.expect_ok("child drop");
            // The newest is gone; what it inherited is still its parent's, who has dropped it.
            parent.expect_ok("child drop");
            parent.expect_ok("try_lock");
        }
    }
}

#[test]
fn what_a_killed_parent_held_is_recovered_while_its_child_lives_with_a_copy() {
    for (hold, enter, expected) in
        [("lock", "lock_or_repair", "repaired"), ("begin", "store 9", "2"), ("writer", "update 9", "2")]
    {
        let scratch = Scratch::new();
        let (mut parent, child, mut other) = family(&scratch, hold);
        other.tell(enter);
        wait_until_asleep(other.pid());
        parent.kill();
        assert_eq!(other.answer(), format!("ok {expected}"));
        assert!(std::fs::exists(format!("/proc/{}", child.0)).unwrap(), "the child has ended");
    }
}

#[test]
fn what_a_killed_child_held_is_recovered_and_its_parents_is_not() {
    let scratch = Scratch::new();
    let (mut parent, child, mut other) = family(&scratch, "begin");
    parent.expect_ok("child lock");
    other.expect_err("try_lock", "Busy");
    child.kill();
    assert_eq!(other.expect_ok("lock_or_repair"), "repaired");
    other.expect_err("try_store 9", "Busy");
    assert_eq!(parent.expect_ok("commit 7"), "2");
}

#[test]
fn what_the_former_image_held_is_recovered_after_exec() {
    for (hold, enter, expected) in
        [("lock", "lock_or_repair", "repaired"), ("begin", "store 9", "2"), ("writer", "update 9", "2")]
    {
        for by_the_new_image in [false, true] {
            let scratch = Scratch::new();
            let mut image = holder(scratch.path());
            image.expect_ok("store 5");
            image.expect_ok(hold);
            assert_eq!(image.ask("exec"), "ok ready");
            let mut other = holder(scratch.path());
            if hold == "lock" {
                other.expect_err("try_lock", "OwnerDied");
            }
            let (first, second) = if by_the_new_image { (&mut image, &mut other) } else { (&mut other, &mut image) };
            assert_eq!(first.expect_ok(enter), expected, "`{hold}`, by the new image: {by_the_new_image}");
            if hold != "lock" {
                assert_eq!(second.expect_ok("store 10"), "3");
            }
        }
    }
}

#[test]
fn process_without_descriptors_or_its_first_thread_is_alive_to_its_namespace() {
    for loses in ["close_descriptors", "end_leader"] {
        let scratch = Scratch::new();
        let mut owner = holder(scratch.path());
        owner.expect_ok(loses);
        if loses == "end_leader" {
            wait_until_state(owner.pid(), 'Z');
        }
        owner.expect_ok("lock");
        owner.expect_ok("begin");
        let mut other = holder(scratch.path());
        for command in ["lock_timeout 60", "store_timeout 9 60"] {
            let message = other.expect_err(command, "Busy");
            assert!(message.contains(&format!("pid {} holds it", owner.pid())), "`{loses}`: {message}");
        }
        assert_eq!(owner.expect_ok("commit 7"), "1");
        owner.kill();
        assert_eq!(other.expect_ok("lock_or_repair"), "repaired", "`{loses}`");
    }
}

/// Starts one in a PID namespace of its own, where it is process 1.
fn start_in_pid_namespace(scratch: &Scratch) -> Option<Peer> {
    let mut command = in_pid_namespace("holder")?;
    Some(spawn(command.arg(scratch.path())))
}

/// Asserts that what one holds is not taken by the other while it lives, and is when it was killed.
fn assert_recovered_across(owner: &mut Peer, other: &mut Peer) {
    owner.expect_ok("lock");
    owner.expect_ok("begin");
    for command in ["try_lock", "lock_timeout 60", "try_store 9", "store_timeout 9 60"] {
        other.expect_err(command, "Busy");
    }
    other.tell("lock_or_repair");
    // `unshare --kill-child` takes its child with it.
    owner.kill();
    assert_eq!(other.answer(), "ok repaired");
    assert_eq!(other.expect_ok("store 9"), "1");
}

#[test]
fn owner_killed_in_another_pid_namespace_is_recovered_and_a_living_one_never_robbed() {
    with_namespaces(|| {
        let scratch = Scratch::new();
        let mut outside = holder(scratch.path());
        let Some(mut inside) = start_in_pid_namespace(&scratch) else { return };
        assert_recovered_across(&mut inside, &mut outside);
    });
}

#[test]
fn owner_killed_outside_is_recovered_from_within_a_pid_namespace_and_a_living_one_never_robbed() {
    with_namespaces(|| {
        let scratch = Scratch::new();
        let mut outside = holder(scratch.path());
        let Some(mut inside) = start_in_pid_namespace(&scratch) else { return };
        assert_recovered_across(&mut outside, &mut inside);
    });
}
